import cv2
import numpy as np
import pytest
from mmengine.registry import VISBACKENDS
from mmengine.visualization import BaseVisBackend

from mmsrdl.engine.hooks import AttentionVisualizationHook
from mmsrdl.engine.hooks import attention_visualization_hook as module

from .tiny import make_data, run, tiny_config


@VISBACKENDS.register_module()
class RecordImages(BaseVisBackend):
    """A backend like that of TensorBoard, which keeps images in memory."""

    images = {}

    def _init_env(self):
        pass

    @property
    def experiment(self):
        return self

    def add_image(self, name, image, step=0, **kwargs):
        self.images[name, step] = image


@pytest.fixture
def images(monkeypatch):
    monkeypatch.setattr(RecordImages, 'images', {})
    return RecordImages.images


def config(tmp_path, hook, steps=(), **options):
    make_data(tmp_path)
    cfg = tiny_config(tmp_path, tmp_path / 'run')
    dataset = dict(
        cfg.train_dataloader.dataset,
        test_mode=True,
        pipeline=[
            dict(type='LoadImageFromFile'),
            *steps,
            dict(type='PackInputs'),
        ],
    )
    loader = dict(
        batch_size=4,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dataset,
    )
    cfg.merge_from_dict(
        dict(
            val_dataloader=loader,
            val_cfg=dict(),
            val_evaluator=dict(type='MultiLabelRecognitionMetric'),
        )
    )
    cfg.visualizer.vis_backends.append(dict(type='RecordImages', save_dir=''))
    cfg.custom_hooks = [dict(type='AttentionVisualizationHook', **hook)]
    cfg.merge_from_dict(options)
    return cfg


def test_pictures_of_each_validation(tmp_path, images):
    run(config(tmp_path, dict(num_images=3, topk=2)))
    names = [f'attention_{i}_{i}' for i in (0, 6, 11)]
    assert list(images) == [(n, step) for step in (1, 2) for n in names]
    first, second = (images[names[0], step] for step in (1, 2))
    assert first.dtype == np.uint8 and first.ndim == 3
    assert first.std() > 0
    assert not np.array_equal(first, second)
    (folder,) = (tmp_path / 'run').glob('*/vis_data/vis_image')
    files = sorted(path.name for path in folder.iterdir())
    assert files == sorted(f'{n}_{step}.png' for n, step in images)
    saved = cv2.imread(str(folder / f'{names[0]}_1.png'))
    assert np.array_equal(saved[..., ::-1], first)


def test_what_training_erases_in_the_epoch(tmp_path, images, monkeypatch):
    draw, erasing = module.draw_top_labels, []

    def record(*args):
        erasing.append(args[3])
        return draw(*args)

    monkeypatch.setattr(module, 'draw_top_labels', record)
    cfg = config(tmp_path, dict(num_images=1, topk=1))
    cfg.custom_hooks.append(dict(type='ObjectErasingHook', begin=1))
    runner = run(cfg)
    assert erasing == [None, runner.model.head.erasing]


def test_interval(tmp_path, images):
    hook = dict(num_images=1, topk=1, interval=2)
    run(config(tmp_path, hook, **{'train_cfg.max_epochs': 4}))
    assert [step for _, step in images] == [2, 4]


def test_more_images_than_there_are(tmp_path, images):
    options = {
        'val_dataloader.dataset.indices': 2,
        'train_cfg.max_epochs': 1,
    }
    run(config(tmp_path, dict(num_images=9, topk=1), **options))
    assert [name for name, _ in images] == ['attention_0_0', 'attention_1_1']


def test_iterations_count_where_training_goes_by_them(tmp_path, images):
    cfg = config(tmp_path, dict(num_images=1, topk=1))
    cfg.train_cfg = dict(by_epoch=False, max_iters=4, val_interval=2)
    run(cfg)
    assert [step for _, step in images] == [2, 4]


def test_the_main_process_draws_alone(tmp_path, images, monkeypatch):
    monkeypatch.setattr(module, 'is_main_process', lambda: False)
    run(config(tmp_path, dict()))
    assert not images


def test_training_stays_the_same(tmp_path, images):
    def weights(name, hooks):
        (tmp_path / name).mkdir()
        cfg = config(tmp_path / name, dict(num_images=1, topk=1))
        cfg.visualizer.name = name
        cfg.custom_hooks = cfg.custom_hooks if hooks else []
        return run(cfg).model.state_dict()

    plain, drawn = weights('plain', False), weights('drawn', True)
    assert images
    assert all((plain[key] == drawn[key]).all() for key in plain)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            {
                'model.head.spatial_attention': False,
                'model.head.erasing': None,
            },
            'no spatial attention',
        ),
        (
            {
                'val_dataloader': None,
                'val_cfg': None,
                'val_evaluator': None,
            },
            'draws at validations',
        ),
    ],
)
def test_told_before_training(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        run(config(tmp_path, dict(), **options))
    assert not list((tmp_path / 'run').glob('epoch_*.pth'))


def test_random_pipelines_are_refused(tmp_path):
    steps = [dict(type='RandomFlip', prob=0.5)]
    with pytest.raises(ValueError, match='something else each time'):
        run(config(tmp_path, dict(), steps))


@pytest.mark.parametrize('name', ['interval', 'num_images', 'topk'])
def test_arguments(name):
    with pytest.raises(ValueError, match=f'{name} must be at least 1'):
        AttentionVisualizationHook(**{name: 0})
