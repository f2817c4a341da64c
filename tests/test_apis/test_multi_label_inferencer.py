import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpretrain import get_model
from PIL import Image

from mmsrdl.apis import MultiLabelInferencer

CLASSES = ('sun', 'moon', 'star')


def make_config(num_classes=3, **dataset):
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=(32, 32)),
        dict(type='PackInputs', meta_keys=('ori_shape', 'gt_label_difficult')),
    ]
    dataset = dict(type='MultiLabelDataset', pipeline=pipeline, **dataset)
    backbone = dict(type='ResNet', depth=18, stem_channels=8, base_channels=8)
    head = dict(
        type='MultiLabelLinearClsHead',
        num_classes=num_classes,
        in_channels=64,
        thr=0.4,
    )
    return Config(
        dict(
            model=dict(
                type='ImageClassifier',
                data_preprocessor=dict(
                    mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True
                ),
                backbone=backbone,
                neck=dict(type='GlobalAveragePooling'),
                head=head,
            ),
            test_dataloader=dict(dataset=dataset),
        )
    )


def make_checkpoint(path, num_classes=3, meta=None, prefix=''):
    torch.manual_seed(0)
    model = get_model(make_config(num_classes))
    for parameter in model.head.parameters():
        torch.nn.init.normal_(parameter)
    weights = {f'{prefix}{k}': v for k, v in model.state_dict().items()}
    torch.save(dict(meta=meta or {}, state_dict=weights), path)
    return str(path)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Three images and a file that is none."""
    folder = tmp_path_factory.mktemp('images')
    rng = np.random.default_rng(0)
    for name, size in (('c.jpg', 40), ('a.png', 32), ('b.PNG', 50)):
        image = rng.integers(0, 256, (size, 48, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / name), image)
    (folder / 'notes.txt').write_text('no image')
    return folder


@pytest.fixture(scope='module')
def inferencer(tmp_path_factory):
    path = tmp_path_factory.mktemp('weights') / 'tiny.pth'
    meta = dict(dataset_meta=dict(classes=CLASSES))
    checkpoint = make_checkpoint(path, meta=meta)
    return MultiLabelInferencer(make_config(), checkpoint, device='cpu')


def test_prediction_is_the_models(inferencer, folder):
    path = folder / 'a.png'
    image = cv2.resize(cv2.imread(str(path)), (32, 32))[..., ::-1].copy()
    batch = (torch.from_numpy(image).permute(2, 0, 1)[None] - 127.5) / 127.5
    with torch.no_grad():
        scores = inferencer.model(batch).sigmoid()[0]

    (result,) = inferencer(path)
    assert result['img_path'] == str(path)
    torch.testing.assert_close(torch.tensor(result['scores']), scores)
    order = sorted(range(3), key=lambda i: -result['scores'][i])
    expected = [i for i in order if result['scores'][i] >= 0.4]
    assert result['pred_labels'] == expected
    assert result['pred_classes'] == [CLASSES[i] for i in expected]
    assert result['pred_scores'] == [result['scores'][i] for i in expected]
    (sample,) = inferencer(path, return_datasamples=True)
    assert sample.pred_label.tolist() == expected
    assert sample.pred_score.tolist() == result['scores']


def test_inputs_of_every_kind_agree(inferencer, folder):
    paths = [folder / name for name in ('a.png', 'b.PNG', 'c.jpg')]
    expected = inferencer(paths)
    assert [r['img_path'] for r in expected] == [str(p) for p in paths]
    assert inferencer(folder) == expected
    assert inferencer([str(paths[0]), folder]) == [expected[0], *expected]
    arrays = [cv2.imread(str(path)) for path in paths]
    expected = [dict(result, img_path=None) for result in expected]
    assert inferencer(arrays) == expected
    opaque = [cv2.cvtColor(array, cv2.COLOR_BGR2BGRA) for array in arrays]
    assert inferencer(opaque) == expected
    gray = cv2.cvtColor(arrays[0], cv2.COLOR_BGR2GRAY)
    assert inferencer(gray) == inferencer(np.stack([gray] * 3, 2))
    assert inferencer([]) == []


def test_batches_change_nothing(inferencer, folder):
    one, two = (inferencer(folder, batch_size=size) for size in (1, 2))
    for left, right in zip(one, two, strict=True):
        assert left['img_path'] == right['img_path']
        assert left['scores'] == pytest.approx(right['scores'], abs=1e-6)


@pytest.mark.parametrize(
    'options, head, expected',
    [
        (dict(), dict(thr=0.5, topk=None), [3, 0, 2]),
        (dict(), dict(thr=None, topk=2), [3, 0]),
        (dict(), dict(thr=0.95, topk=2), []),
        (dict(thr=0.3), dict(thr=0.5, topk=2), [3, 0, 2, 1]),
        (dict(thr=0.0), dict(thr=0.5, topk=None), [3, 0, 2, 1, 4]),
        (dict(topk=3), dict(thr=0.95, topk=None), [3, 0, 2]),
        (dict(thr=0.8, topk=3), dict(thr=0.5, topk=1), [3, 0]),
    ],
)
def test_choice_of_labels(
    inferencer, folder, monkeypatch, options, head, expected
):
    scores = torch.tensor([0.8, 0.3, 0.5, 0.9, 0.1])
    for name, value in head.items():
        monkeypatch.setattr(inferencer.model.head, name, value)
    monkeypatch.setattr(inferencer, 'classes', tuple('abcde'))

    def predict(batch):
        samples = batch['data_samples']
        return [sample.set_pred_score(scores) for sample in samples]

    monkeypatch.setattr(inferencer.model, 'test_step', predict)
    (result,) = inferencer(folder / 'a.png', **options)
    assert result['pred_labels'] == expected
    assert result['pred_classes'] == ['abcde'[i] for i in expected]


def test_equal_scores_rank_by_index(inferencer):
    scores = torch.tensor([0.5, 0.7, 0.5, 0.7])
    inferencer.classes, names = tuple('abcd'), inferencer.classes
    labels = inferencer._choose(scores, thr=None, topk=3)
    inferencer.classes = names
    assert labels.tolist() == [1, 3, 0]


def test_an_unreadable_image_costs_only_itself(inferencer, folder, tmp_path):
    good = folder / 'a.png'
    broken = tmp_path / 'broken.jpg'
    broken.write_bytes((folder / 'c.jpg').read_bytes()[:10])
    bad = [broken, tmp_path / 'missing.jpg', folder / 'notes.txt']
    bad += [np.zeros((4, 4)), np.zeros((4, 4, 2), np.uint8), 7]
    inputs = [good, *bad, good]
    results = inferencer(inputs, batch_size=3, show_dir=tmp_path / 'out')
    (expected,) = inferencer(good)
    assert results[0] == results[-1] == expected
    for item, result in zip(bad, results[1:-1], strict=True):
        is_path = not isinstance(item, np.ndarray | int)
        name = str(item) if is_path else 'the array'
        assert result.keys() == {'img_path', 'error'}
        assert result['error'].startswith(f'Cannot read {name}: ')
        assert result['img_path'] == (name if is_path else None)
    samples = inferencer(bad, return_datasamples=True)
    assert [s.error for s in samples] == [r['error'] for r in results[1:-1]]
    assert len(list((tmp_path / 'out').iterdir())) == 2


@pytest.mark.parametrize('orientation', range(1, 9))
def test_photos_are_turned_upright(inferencer, tmp_path, orientation):
    upright = np.zeros((32, 64, 3), np.uint8)
    upright[:16, :32], upright[16:, 32:] = 255, 100  # whole JPEG blocks
    turn = {
        1: lambda x: x,
        2: lambda x: x[:, ::-1],
        3: lambda x: x[::-1, ::-1],
        4: lambda x: x[::-1],
        5: lambda x: x.swapaxes(0, 1),
        6: lambda x: np.rot90(x),
        7: lambda x: np.rot90(x, 2).swapaxes(0, 1),
        8: lambda x: np.rot90(x, -1),
    }[orientation]
    path = tmp_path / 'photo.jpg'
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(turn(upright)))
    stored.save(path, quality=100, exif=exif)
    (sample,) = inferencer(path, return_datasamples=True)
    (expected,) = inferencer(upright, return_datasamples=True)
    assert tuple(sample.ori_shape) == (32, 64)
    torch.testing.assert_close(
        sample.pred_score, expected.pred_score, atol=1e-3, rtol=0
    )


@pytest.mark.parametrize('key', ['backend_args', 'file_client_args'])
def test_images_are_files_wherever_those_of_the_data_set_are(
    folder, tmp_path, key
):
    config = make_config()
    pipeline = config.test_dataloader.dataset.pipeline
    pipeline[0][key] = dict(backend='lmdb', db_path=str(tmp_path / 'none'))
    inferencer = MultiLabelInferencer(
        config, False, device='cpu', classes=CLASSES
    )
    assert 'error' not in inferencer(folder / 'a.png')[0]


def test_pictures(inferencer, folder, tmp_path):
    twin = tmp_path / 'a.jpg'
    cv2.imwrite(str(twin), np.zeros((20, 20, 3), np.uint8))
    inputs = [folder / 'a.png', twin, np.zeros((9, 9, 3), np.uint8)]
    inferencer(inputs, show_dir=tmp_path / 'new' / 'out')
    pictures = sorted((tmp_path / 'new' / 'out').iterdir())
    assert [path.name for path in pictures] == ['2.png', 'a.png', 'a_1.png']
    assert all(cv2.imread(str(path)) is not None for path in pictures)
    with pytest.raises(ValueError, match='holds inputs'):
        inferencer(twin, show_dir=tmp_path)


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(thr=1.5), r'thr must be in \[0, 1\], got 1.5'),
        (dict(topk=0), 'topk must be at least 1, got 0'),
        (dict(batch_size=0), 'batch_size must be >= 1, got 0'),
    ],
)
def test_arguments_out_of_range(inferencer, folder, options, message):
    with pytest.raises(ValueError, match=message):
        inferencer(folder, **options)


def test_folder_without_images(inferencer, tmp_path):
    with pytest.raises(FileNotFoundError, match='holds no image'):
        inferencer(tmp_path)


def test_sources_of_class_names(tmp_path):
    plain = make_checkpoint(tmp_path / 'plain.pth')
    meta = dict(dataset_meta=dict(classes=CLASSES))
    named = make_checkpoint(tmp_path / 'named.pth', meta=meta)
    bare = make_config()
    of_config = make_config(classes=['x', 'y', 'z'])
    of_meta = make_config(metainfo=dict(classes=['u', 'v', 'w']))
    given = ['r', 's', 't']

    def names(config, checkpoint, **options):
        return MultiLabelInferencer(config, checkpoint, **options).classes

    assert names(of_config, plain) == ('x', 'y', 'z')
    assert names(of_meta, plain) == ('u', 'v', 'w')
    assert names(of_config, named) == CLASSES
    assert names(of_config, named, classes=given) == tuple(given)
    with pytest.raises(ValueError, match='class names are unknown'):
        names(bare, plain)


def test_number_of_class_names(tmp_path, folder):
    checkpoint = make_checkpoint(tmp_path / 'plain.pth')
    inferencer = MultiLabelInferencer(make_config(), checkpoint, classes='voc')
    with pytest.raises(ValueError, match='3 classes, but 20 class names'):
        inferencer(folder)


def test_ways_to_name_a_model(inferencer, folder, tmp_path):
    meta = dict(dataset_meta=dict(classes=CLASSES))
    checkpoint = make_checkpoint(tmp_path / 'x.pth', meta=meta)
    expected = inferencer(folder)
    path = tmp_path / 'config.py'
    make_config().dump(path)
    assert MultiLabelInferencer(path, checkpoint)(folder) == expected
    with_weights = make_config()
    with_weights.load_from = checkpoint
    assert MultiLabelInferencer(with_weights)(folder) == expected
    model = get_model(make_config(), checkpoint)
    assert MultiLabelInferencer(model)(folder) == expected
    model = get_model(make_config())
    assert MultiLabelInferencer(model, checkpoint)(folder) == expected
    with pytest.raises(ValueError, match='No checkpoint is published'):
        MultiLabelInferencer(make_config())
    with pytest.raises(FileNotFoundError, match='no config .*nowhere.py'):
        MultiLabelInferencer('nowhere.py', checkpoint)
    del model._config
    with pytest.raises(ValueError, match='no config to take'):
        MultiLabelInferencer(model)


def test_needs_a_test_pipeline(tmp_path):
    config = make_config()
    config.pop('test_dataloader')
    with pytest.raises(ValueError, match='no test pipeline'):
        MultiLabelInferencer(config, False, classes=CLASSES)
