import json
import threading
import weakref

import cv2
import numpy as np
import pytest
import torch
from mmpretrain import get_model
from tiny_classifier import CLASSES, make_checkpoint, make_config

from mmsrdl.apis import MultiLabelInferencer


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


def test_an_unreadable_image_costs_only_itself(inferencer, folder, tmp_path):
    good = folder / 'a.png'
    bad = [tmp_path / 'missing.jpg', folder / 'notes.txt', np.zeros((4, 4))]
    shown = tmp_path / 'shown'
    results = inferencer([good, *bad, good], batch_size=3, show_dir=shown)
    (expected,) = inferencer(good)
    assert results[0] == results[-1] == expected
    for item, result in zip(bad, results[1:-1], strict=True):
        path = None if isinstance(item, np.ndarray) else str(item)
        assert result.keys() == {'img_path', 'error'}
        assert result['img_path'] == path
        assert result['error'].startswith(f'Cannot read {path or "the array"}')
    samples = inferencer(bad, return_datasamples=True)
    assert [s.error for s in samples] == [r['error'] for r in results[1:-1]]
    names = sorted(path.name for path in shown.iterdir())
    assert names == ['a.png', 'a_4.png']


def test_iterators_and_iterables(inferencer, folder):
    paths = [folder / name for name in ('a.png', 'b.PNG', 'c.jpg')]
    expected = inferencer(paths)
    assert inferencer(path for path in paths) == expected
    assert inferencer(iter([folder])) == expected
    assert inferencer(dict.fromkeys(paths)) == expected
    assert inferencer(iter([])) == []


@pytest.mark.parametrize('workers', [0, 3])
def test_streams_in_constant_memory(inferencer, workers):
    """Images of a generator are not kept, and not taken far ahead."""
    alive = weakref.WeakSet()

    class Photo(np.ndarray):  # plain arrays cannot be in a set
        __hash__ = object.__hash__

    def photos():
        for _ in range(60):
            photo = np.zeros((40, 40, 3), np.uint8).view(Photo)
            alive.add(photo)
            most.append(len(alive))
            yield photo
            del photo

    most = []
    results = inferencer.iterate(photos(), batch_size=4, workers=workers)
    assert not most
    next(results)
    assert len(most) <= 4 + (4 + workers if workers else 0) + 1
    assert sum(1 for _ in results) == 59
    assert max(most) <= 4 * 2 + (4 + workers if workers else 0) + 1


def test_stopping_early_leaves_nothing_behind(inferencer, folder):
    before = threading.active_count()
    results = inferencer.iterate([folder] * 20)
    next(results)
    results.close()
    assert threading.active_count() == before
    assert len(inferencer(folder)) == 3


def test_workers_change_nothing(inferencer, folder):
    one, more = (inferencer(folder, workers=n) for n in (0, 4))
    assert one == more


def test_images_of_several_sizes(tmp_path):
    config = make_config(classes=CLASSES)
    config.test_dataloader.dataset.pipeline.pop(1)
    checkpoint = make_checkpoint(tmp_path / 'x.pth')
    inferencer = MultiLabelInferencer(config, checkpoint, device='cpu')
    images = [np.full((n, 48, 3), n, np.uint8) for n in (32, 32, 64, 32)]
    together = inferencer(images, batch_size=4)
    for image, result in zip(images, together):
        (expected,) = inferencer(image)
        assert result['scores'] == pytest.approx(expected['scores'], abs=1e-5)


def test_thresholds_of_classes(inferencer, folder, tmp_path):
    (result,) = inferencer(folder / 'a.png')
    low, high = dict(zip(CLASSES, result['scores'])), dict.fromkeys(CLASSES, 1)
    thr = {**high, 'moon': low['moon']}
    (chosen,) = inferencer(folder / 'a.png', thr=thr)
    assert chosen['pred_classes'] == ['moon']
    path = tmp_path / 'thresholds.json'
    path.write_text(json.dumps(dict(thresholds=thr)))
    assert inferencer(folder / 'a.png', thr=path) == [chosen]
    with pytest.raises(ValueError, match="no threshold for 1 .*: 'star'|star"):
        inferencer(folder, thr=dict(sun=0.5, moon=0.5))


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


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(thr=1.5), r'thr must be in \[0, 1\], got 1.5'),
        (dict(topk=0), 'topk must be >= 1, got 0'),
        (dict(batch_size=0), 'batch_size must be >= 1, got 0'),
        (dict(workers=-1), 'workers must be >= 0, got -1'),
        (dict(tta=True, return_maps=True), 'tta exclude each other'),
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


def test_needs_a_multi_label_head():
    config = make_config()
    config.model.head = dict(
        type='LinearClsHead', num_classes=3, in_channels=64
    )
    with pytest.raises(ValueError, match='LinearClsHead predicts one label'):
        MultiLabelInferencer(config, False, classes=CLASSES)


def test_needs_a_test_pipeline(tmp_path):
    config = make_config()
    config.pop('test_dataloader')
    with pytest.raises(ValueError, match='no test pipeline'):
        MultiLabelInferencer(config, False, classes=CLASSES)
