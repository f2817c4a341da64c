import json

import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmpretrain.structures import DataSample

import mmsrdl  # noqa: F401
from mmsrdl.visualization import plot_training_curves


def records(first=1, last=4, length=10, **losses):
    """What MMEngine logs at every fourth iteration and every epoch."""
    losses = losses or dict(loss=3.0, loss_ori=1.0, loss_era=2.0)
    log = []
    for epoch in range(first, last + 1):
        for step in range((epoch - 1) * length + 4, epoch * length, 4):
            log.append(
                dict(lr=0.1**epoch, epoch=epoch, iter=step, step=step)
                | losses
            )  # fmt: skip
        log.append({'multi-label/mAP': 10.0 * epoch, 'step': epoch})
    return log


def write(path, log):
    path.write_text('\n'.join(map(json.dumps, log)) + '\n', 'utf-8')
    return path


def lines(figure):
    return {
        (axes.get_title(loc='left'), line.get_label()): line.get_xydata()
        for axes in figure.axes
        for line in axes.lines
    }


def data(figure, title):
    return [xy for (name, _), xy in lines(figure).items() if name == title]


def test_curves(tmp_path):
    figure = plot_training_curves(write(tmp_path / 'a.json', records()))
    original, erased = data(figure, 'Training loss')
    # Iterations 4, 8, 14, ... of epochs of 10.
    epochs = [0.4, 0.8, 1.4, 1.8, 2.4, 2.8, 3.4, 3.8]
    np.testing.assert_allclose(original[:, 0], epochs)
    assert (original[:, 1] == 1).all()
    assert (erased[:, 1] == 2).all()
    (score,) = data(figure, 'mAP (%)')
    np.testing.assert_allclose(score, [[e, 10 * e] for e in range(1, 5)])
    (rate,) = data(figure, 'Learning rate')
    np.testing.assert_allclose(rate[[0, -1], 1], [0.1, 0.1**4])
    assert {axes.get_xlabel() for axes in figure.axes} == {'epoch'}
    figure.savefig(tmp_path / 'curves.png')
    assert (tmp_path / 'curves.png').stat().st_size > 1000


def test_erased_loss_begins_with_erasing():
    log = records(1, 2, loss_ori=1.0, loss_era=1.0)
    figure = plot_training_curves(log + records(3, 4))
    original, erased = data(figure, 'Training loss')
    assert np.isfinite(original).all()
    assert np.isnan(erased[:4, 1]).all() and (erased[4:, 1] == 2).all()


def test_epochs_of_a_short_run():
    """Logged once an epoch: rounding up would tell 5 and 7 of 10."""
    log = [dict(lr=1, loss=1, epoch=e + 1, step=10 * e + 5) for e in (0, 1)]
    (loss,) = data(plot_training_curves(log), 'Training loss')
    assert loss[:, 0].tolist() == [0.5, 1.5]


def test_records_are_read_as_files_are(tmp_path):
    path = write(tmp_path / 'a.json', records())
    from_file, from_records = (
        lines(plot_training_curves(log)) for log in (str(path), records())
    )
    assert from_file.keys() == from_records.keys()
    for key, xy in from_file.items():
        np.testing.assert_array_equal(xy, from_records[key])


def test_resumed_run_counts_once(tmp_path):
    whole = lines(plot_training_curves(records()))
    # The first run got on to the third epoch, from which the second resumed.
    parts = [records(1, 3, loss=9.0), records(3, 4)]
    parts[0][:6] = records(1, 2)
    figure = plot_training_curves(
        [write(tmp_path / f'{i}.json', part) for i, part in enumerate(parts)]
    )
    for key, xy in lines(figure).items():
        np.testing.assert_array_equal(xy, whole[key])


def test_without_erasing_or_validation():
    log = [record for record in records(loss=0.5) if 'lr' in record]
    figure = plot_training_curves(log)
    (loss,) = data(figure, 'Training loss')
    assert (loss[:, 1] == 0.5).all()
    assert len(figure.axes) == 2


def test_without_epochs():
    log = [dict(lr=0.1, loss=1.0, step=step) for step in (10, 20)]
    figure = plot_training_curves(log)
    (loss,) = data(figure, 'Training loss')
    assert loss[:, 0].tolist() == [10, 20]
    assert figure.axes[0].get_xlabel() == 'iteration'


class ToyModel(BaseModel):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(3))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        if mode == 'loss':
            loss = self.weight.square().sum()
            return dict(loss_ori=loss + 1, loss_era=loss + 2)
        return [DataSample().set_pred_score(self.weight + torch.eye(3)[0])
                .set_gt_label([0]) for _ in inputs]  # fmt: skip


def test_log_of_a_runner(tmp_path):
    loader = dict(
        dataset=[dict(inputs=torch.zeros(3))] * 5,
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=dict(type='default_collate'),
        batch_size=1,
    )
    metric = dict(type='MultiLabelRecognitionMetric')
    Runner(
        ToyModel(),
        str(tmp_path),
        train_dataloader=loader,
        val_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=3),
        val_cfg=dict(),
        val_evaluator=dict(type='Evaluator', metrics=metric),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        default_hooks=dict(logger=dict(type='LoggerHook', interval=2)),
        default_scope='mmpretrain',
        experiment_name='test_log_of_a_runner',
    ).train()
    (log,) = tmp_path.glob('*/vis_data/scalars.json')
    figure = plot_training_curves(log)
    original, erased = data(figure, 'Training loss')
    epochs = [0.4, 0.8, 1.4, 1.8, 2.4, 2.8]
    np.testing.assert_allclose(original[:, 0], epochs)
    assert (original[:, 1] == 1).all()
    assert (erased[:, 1] == 2).all()
    (score,) = data(figure, 'mAP (%)')
    np.testing.assert_allclose(score, [[1, 100], [2, 100], [3, 100]])


def test_bad_logs(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'nowhere.*scalars\.json'):
        plot_training_curves(tmp_path / 'nowhere.json')
    (tmp_path / 'log.txt').write_text('2026 - INFO - loss: 1')
    with pytest.raises(ValueError, match='one JSON object per line'):
        plot_training_curves(tmp_path / 'log.txt')
    with pytest.raises(ValueError, match='no training loss'):
        plot_training_curves([{'multi-label/mAP': 90.0, 'step': 1}])
