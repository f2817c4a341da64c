import pytest
import torch
from mmengine.hooks import Hook
from mmpretrain.registry import HOOKS

from mmsrdl.engine.hooks import ObjectErasingHook

from .tiny import make_data, run, tiny_config


@HOOKS.register_module()
class RecordErasingHook(Hook):
    """Notes what holds in each epoch, and in the epoch's validation."""

    def before_run(self, runner):
        self.seen = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        erasing = runner.model.head.erasing
        if batch_idx == 0:
            self.seen.append((erasing.enabled, erasing.topk, erasing.alpha))


def train(tmp_path, hook, **options):
    if not (tmp_path / 'labels.json').exists():
        make_data(tmp_path)
    config = tiny_config(tmp_path, tmp_path / 'run', **options)
    config.custom_hooks = [
        dict(type='ObjectErasingHook', **hook),
        dict(type='RecordErasingHook'),
    ]
    runner = run(config)
    (record,) = (h for h in runner.hooks if isinstance(h, RecordErasingHook))
    return runner, record.seen


def test_schedule_and_resume(tmp_path):
    hook = dict(begin=1, end=3, topk=[(2, 3)], alpha=[(0, 0.3), (3, 0.7)])
    expected = [
        (False, 1, 0.3),
        (True, 1, 0.3),
        (True, 3, 0.3),
        (False, 3, 0.7),
    ]
    _, seen = train(tmp_path, hook, **{'train_cfg.max_epochs': 4})
    assert seen == expected

    last = str(tmp_path / 'run/epoch_2.pth')
    _, seen = train(
        tmp_path,
        hook,
        resume=True,
        load_from=last,
        **{'train_cfg.max_epochs': 4},
    )
    assert seen == expected[2:]


@pytest.mark.parametrize('begin', [2, 3])
def test_tells_if_erasing_never_begins(tmp_path, begin):
    runner, _ = train(
        tmp_path, dict(begin=begin), **{'train_cfg.max_epochs': 3}
    )
    (log,) = tmp_path.glob('run/*/*.log')
    told = f'begins after {begin} epochs, and the run has 3' in log.read_text()
    assert told == (begin == 3)


def test_logs_the_erased_area(tmp_path):
    runner, _ = train(tmp_path, dict(begin=1, log_interval=1))
    area = runner.message_hub.get_scalar('train/erased_area').data[0]
    assert area[:3].tolist() == [0, 0, 0], 'off in the first epoch'
    assert all(0 < share < 1 for share in area[3:]) and len(area) == 6
    ori = runner.message_hub.get_scalar('train/loss_ori').data[0]
    era = runner.message_hub.get_scalar('train/loss_era').data[0]
    assert (ori[:3] == era[:3]).all() and (ori[3:] != era[3:]).any()
    total = runner.message_hub.get_scalar('train/loss').data[0]
    torch.testing.assert_close(total, ori + era)


def test_finds_erasing_through_wrappers(tmp_path):
    from mmsrdl.models.layers import ObjectErasing

    class Runner:
        model = torch.nn.Sequential(torch.nn.Sequential(ObjectErasing()))
        epoch = 0

    hook = ObjectErasingHook(begin=1)
    hook.before_train_epoch(Runner)
    assert Runner.model[0][0].enabled is False


def test_leaves_no_trace_in_the_checkpoint(tmp_path):
    train(tmp_path, dict())
    state = torch.load(tmp_path / 'run/epoch_2.pth', weights_only=False)
    assert not [key for key in state['state_dict'] if 'erasing' in key]


def test_needs_something_to_switch(tmp_path):
    make_data(tmp_path)
    with pytest.raises(ValueError, match='erasing=dict'):
        train(tmp_path, dict(), **{'model.head.erasing': None})


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(begin=3, end=3), 'begin < end'),
        (dict(begin=-1), '0 <= begin'),
        (dict(topk=0), 'topk'),
        (dict(alpha=[(0, 0.5), (3, 1.5)]), 'alpha'),
        (dict(alpha=[(3, 0.5), (0, 0.4)]), 'rising epochs'),
        (dict(topk=[]), 'rising epochs'),
        (dict(topk='3'), 'topk must be a number, or list'),
        (dict(alpha=(0, 0.5)), 'alpha must be a number, or list'),
        (dict(topk=2.0), 'whole topk'),
        (dict(log_interval=0), 'log_interval'),
    ],
)
def test_refuses_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        ObjectErasingHook(**options)
