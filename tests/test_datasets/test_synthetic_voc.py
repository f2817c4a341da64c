import hashlib
import json

import cv2
import numpy as np
import pytest

from mmsrdl.datasets import VOCMultiLabel, load_voc_boxes
from mmsrdl.datasets.synthetic_objects import DRAWINGS, rect
from mmsrdl.datasets.synthetic_painter import ObjectPainter
from mmsrdl.datasets.synthetic_scenes import SCENES, SceneRenderer
from mmsrdl.datasets.synthetic_voc import write_synthetic_voc

CLASSES = ('car', 'moon')


def render(count, **options):
    renderer = SceneRenderer(**options)
    return [
        renderer.render(np.random.default_rng([0, i])) for i in range(count)
    ]


def read_images(root):
    return {p.name: p.read_bytes() for p in (root / 'JPEGImages').iterdir()}


@pytest.fixture(scope='module')
def scenes():
    return render(200, size=64)


@pytest.fixture(scope='module')
def voc(tmp_path_factory):
    root = tmp_path_factory.mktemp('made') / 'voc'
    write_synthetic_voc(root, 6, 2, 4, size=48, classes=CLASSES, num_workers=1)
    return root


def test_objects_and_boxes_follow_from_the_seed(scenes):
    again = render(20, size=64)
    for left, right in zip(scenes, again, strict=False):
        assert left.objects == right.objects
        assert np.array_equal(left.image, right.image)
    content = repr([scene.objects for scene in scenes])
    digest = hashlib.sha256(content.encode()).hexdigest()
    assert digest.startswith('494f1e6d23a126c8')


def test_scenes_are_as_promised(scenes):
    assert len(DRAWINGS) >= 12
    names = [{o.name for o in scene.objects} for scene in scenes]
    counts = {name: sum(name in n for n in names) for name in DRAWINGS}
    assert min(counts.values()) >= 0.05 * len(scenes)
    assert sum(counts.values()) / len(counts) < 0.25 * len(scenes)
    assert np.mean([len(n) for n in names]) > 2.5
    hidden = [o.difficult for scene in scenes for o in scene.objects]
    assert 0.02 < np.mean(hidden) < 0.3
    sides = [
        (o.box[2] - o.box[0]) * (o.box[3] - o.box[1]) / 64**2
        for scene in scenes
        for o in scene.objects
        if not o.difficult
    ]
    low, high = np.percentile(sides, [5, 95])
    assert low < 0.07 and high > 0.2


def test_boxes_lie_in_the_image(scenes):
    for scene in scenes:
        assert scene.image.shape == (64, 64, 3)
        assert scene.image.dtype == np.uint8
        for _, (x1, y1, x2, y2), _ in scene.objects:
            assert 0 <= x1 < x2 <= 64 and 0 <= y1 < y2 <= 64


def test_labels_of_a_scene_meet(scenes):
    names = [{o.name for o in scene.objects} for scene in scenes]

    def share(name, given):
        return np.mean([name in n for n in names if given in n])

    assert share('rocket', given='moon') > 3 * share('rocket', given='car')
    assert share('fish', given='boat') > 3 * share('fish', given='mushroom')
    used = {name for _, usual in SCENES.values() for name in usual}
    assert used == set(DRAWINGS)


@pytest.mark.parametrize('name', sorted(DRAWINGS))
def test_a_drawing_fits_its_patch(name):
    draw, max_tilt = DRAWINGS[name]
    for seed in range(20):
        painter = ObjectPainter(40, np.random.default_rng(seed), max_tilt)
        draw(painter)
        painted = painter.mask > 0
        inner = np.zeros_like(painted)
        inner[1:-1, 1:-1] = True
        assert not (painted & ~inner).any()
        assert 0.15 < painted.sum() / (np.pi * 40**2) < 0.9
        assert not painter.image[~painted].any()


def test_boxes_are_the_extent_of_what_shows(monkeypatch):
    def draw(painter):
        painter.fill(rect(-0.7, -0.7, 0.7, 0.7), (255, 0, 255))

    monkeypatch.setitem(DRAWINGS, 'block', (draw, 0.5))
    monkeypatch.setattr(SceneRenderer, 'supersample', 1)
    found = 0
    for scene in render(30, classes=('block',), size=96):
        red, green, blue = scene.image.astype(int).transpose(2, 0, 1)
        magenta = np.minimum(red, blue) - green
        inside = np.zeros((96, 96), bool)
        for _, (x1, y1, x2, y2), _ in scene.objects:
            inside[y1:y2, x1:x2] = True
            found += 1
            for row in magenta[y1], magenta[y2 - 1]:
                assert row[x1:x2].max() > 100
            for column in magenta[:, x1], magenta[:, x2 - 1]:
                assert column[y1:y2].max() > 100
        assert magenta[~inside].max() < 100
    assert found > 60


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(classes=('car', 'dog')), r"Cannot draw \['dog'\]; choose among"),
        (dict(classes=()), 'Cannot draw no class at all'),
        (dict(size=16), 'size must be at least 32 pixels, got 16'),
    ],
)
def test_impossible_scenes(options, message):
    with pytest.raises(ValueError, match=message):
        SceneRenderer(**options)


def test_voc_layout_reads_back(voc):
    lists = {
        path.stem: path.read_text().split()
        for path in (voc / 'ImageSets/Main').iterdir()
    }
    assert {name: len(ids) for name, ids in lists.items()} == dict(
        train=6, val=2, trainval=8, test=4
    )
    assert lists['train'] + lists['val'] == lists['trainval']
    assert not set(lists['trainval']) & set(lists['test'])
    renderer = SceneRenderer(CLASSES, 48)
    for split, ids in lists.items():
        data = VOCMultiLabel(str(voc), split, classes=CLASSES, test_mode=True)
        assert len(data) == len(ids)
        for i, image_id in enumerate(ids):
            rng = np.random.default_rng([0, int(image_id)])
            scene = renderer.render(rng)
            sure = {o.name for o in scene.objects if not o.difficult}
            hard = {o.name for o in scene.objects} - sure
            info = data.get_data_info(i)
            assert {CLASSES[k] for k in info['gt_label']} == sure
            assert {CLASSES[k] for k in info['gt_label_difficult']} == hard
            read = load_voc_boxes(
                voc / 'Annotations' / f'{image_id}.xml', CLASSES
            )
            boxes = [o.box for o in scene.objects]
            np.testing.assert_allclose(
                read.boxes * 48, np.reshape(boxes, (-1, 4)), atol=1e-4
            )
            assert read.difficult.tolist() == [
                o.difficult for o in scene.objects
            ]
            image = cv2.imread(info['img_path'])[..., ::-1]
            error = np.abs(image.astype(float) - scene.image).mean()
            assert error < 8  # JPEG


def test_writing_again_replaces(voc, tmp_path):
    root = tmp_path / 'data'
    options = dict(size=48, classes=CLASSES, num_workers=1)
    write_synthetic_voc(root, 6, 2, 4, **options)
    first = {
        path.name: path.read_bytes()
        for path in (root / 'JPEGImages').iterdir()
    }
    write_synthetic_voc(root, 2, 0, 1, **options)
    second = {
        path.name: path.read_bytes()
        for path in (root / 'JPEGImages').iterdir()
    }
    assert sorted(second) == ['000001.jpg', '000002.jpg', '000003.jpg']
    assert all(first[name] == second[name] for name in second)
    made_with = json.loads((root / 'synthetic.json').read_text())
    assert made_with['classes'] == list(CLASSES) and made_with['train'] == 2


def test_workers_change_nothing(voc, tmp_path):
    root = tmp_path / 'data'
    write_synthetic_voc(root, 6, 2, 4, size=48, classes=CLASSES, num_workers=2)
    for path in (voc / 'Annotations').iterdir():
        other = root / 'Annotations' / path.name
        assert path.read_bytes() == other.read_bytes()


def test_other_files_are_left_alone(tmp_path):
    precious = tmp_path / 'JPEGImages' / '000001.jpg'
    precious.parent.mkdir()
    precious.write_bytes(b'mine')
    with pytest.raises(FileExistsError, match='holds files that are not'):
        write_synthetic_voc(tmp_path, 2, 0, 1, num_workers=1)
    assert precious.read_bytes() == b'mine'


@pytest.mark.parametrize('counts', [(0, 1, 1), (2, -1, 1)])
def test_impossible_counts(tmp_path, counts):
    with pytest.raises(ValueError, match='Impossible numbers of images'):
        write_synthetic_voc(tmp_path, *counts)
