"""The data set configs, on tiny data sets in the public layouts."""

import json
from pathlib import Path

import pytest
from mmengine.config import Config
from mmpretrain.registry import DATASETS, METRICS, MODELS, TRANSFORMS

from mmsrdl.datasets.protocols import load_protocol

CONFIGS = Path(__file__).parents[2] / 'configs' / '_base_' / 'datasets'


def make_voc(root, write_image):
    for split in ('train', 'val', 'trainval', 'test'):
        write_image(root / 'JPEGImages' / f'{split}.jpg')
        for path, text in (
            (
                root / 'Annotations' / f'{split}.xml',
                '<annotation><object><name>dog</name></object></annotation>',
            ),
            (root / 'ImageSets' / 'Main' / f'{split}.txt', f'{split}\n'),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def make_coco(root, write_image):
    (root / 'annotations').mkdir()
    for split in ('train2014', 'val2014', 'train2017', 'val2017'):
        write_image(root / split / f'{split}.jpg')
        content = {
            'images': [{'id': 5, 'file_name': f'{split}.jpg'}],
            'annotations': [{'id': 1, 'image_id': 5, 'category_id': 18}],
            'categories': [{'id': 18, 'name': 'dog'}],
        }
        path = root / 'annotations' / f'instances_{split}.json'
        path.write_text(json.dumps(content))


def make_json(root, write_image, folder='images', names=('train', 'val')):
    write_image(root / folder / 'a.jpg')
    for name in names:
        content = {
            'metainfo': {'classes': ['dog']},
            'data_list': [{'img_path': 'a.jpg', 'gt_label': [0]}],
        }
        (root / f'{name}.json').write_text(json.dumps(content))


def make_nuswide(root, write_image):
    make_json(root, write_image, 'Flickr', ('train', 'test'))


def make_vg(root, write_image):
    make_json(root, write_image, '.', ('vg500_train', 'vg500_test'))


LAYOUTS = {
    'voc07_448px': ('VOC_ROOT', make_voc, 'trainval', 'test'),
    'voc12_448px': ('VOC12_ROOT', make_voc, 'train', 'val'),
    'coco14_448px': ('COCO_ROOT', make_coco, 'train2014', 'val2014'),
    'coco17_448px': ('COCO_ROOT', make_coco, 'train2017', 'val2017'),
    'multilabel_json': ('DATA_ROOT', make_json, 'a', 'a'),
    'nuswide_448px': ('NUSWIDE_ROOT', make_nuswide, 'a', 'a'),
    'vg500_448px': ('VG_ROOT', make_vg, 'a', 'a'),
}


def test_every_config_is_tested():
    assert {path.stem for path in CONFIGS.glob('*.py')} == set(LAYOUTS)


@pytest.mark.parametrize('name', LAYOUTS)
def test_a_sample_goes_through(name, tmp_path, write_image, monkeypatch):
    variable, make, train, test = LAYOUTS[name]
    make(tmp_path, write_image)
    monkeypatch.setenv(variable, str(tmp_path))
    config = Config.fromfile(CONFIGS / f'{name}.py')
    preprocessor = MODELS.build(
        {'type': 'ClsDataPreprocessor', **config.data_preprocessor}
    )
    for loader, stem in (
        (config.train_dataloader, train),
        (config.val_dataloader, test),
        (config.test_dataloader, test),
    ):
        dataset = DATASETS.build(loader.dataset)
        assert dataset.test_mode == (loader is not config.train_dataloader)
        packed = dataset[0]
        sample = packed['data_samples']
        assert Path(sample.img_path).stem == stem
        classes = dataset.metainfo['classes']
        assert [classes[i] for i in sample.gt_label] == ['dog']
        assert ('gt_label_difficult' in sample) == (
            dataset.test_mode and variable.startswith('VOC')
        )
        data = {'inputs': [packed['inputs']], 'data_samples': [sample]}
        assert preprocessor(data)['inputs'].shape == (1, 3, 448, 448)


@pytest.mark.parametrize('name', LAYOUTS)
def test_settings(name, monkeypatch):
    monkeypatch.delenv(LAYOUTS[name][0], raising=False)
    config = Config.fromfile(CONFIGS / f'{name}.py')
    train, val = config.train_dataloader, config.val_dataloader
    named = [loader.dataset.get('protocol') for loader in (train, val)]
    public = None if name == 'multilabel_json' else name.split('_')[0]
    assert named == [public, public]
    if public:
        evaluator = METRICS.build(config.val_evaluator)
        settings = evaluator.ap, evaluator.difficult
        assert load_protocol(public).differences(*settings) == []
    assert config.test_dataloader == val
    assert config.test_evaluator == config.val_evaluator
    assert config.val_evaluator.type == 'MultiLabelRecognitionMetric'
    assert train.dataset.data_root.startswith('data/')
    assert train.dataset.data_root == val.dataset.data_root
    assert train.persistent_workers is False
    assert train.dataset.pipeline == config.train_pipeline
    assert val.dataset.pipeline == config.test_pipeline
    assert not val.sampler.shuffle
    assert not val.drop_last, 'an image left out changes the result'
    # Eight GPUs for COCO, one for the others, make the paper's batch of 16.
    assert train.batch_size == (2 if name.startswith('coco') else 16)
    crop = TRANSFORMS.build(config.train_pipeline[1])
    assert crop.size == config.test_pipeline[1].scale[0]
    assert [s / crop.resize for s in crop.crop_sizes] == [
        1, 0.875, 0.75, 0.625, 0.5,
    ]  # fmt: skip
