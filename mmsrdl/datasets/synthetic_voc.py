"""Writer of the synthetic data set in the layout of PASCAL VOC."""

import json
import shutil
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

import cv2
import numpy as np
from mmengine.utils import track_progress_rich

from .synthetic_scenes import Scene, SceneRenderer

MARKER = 'synthetic.json'


def write_synthetic_voc(
    root: str | Path,
    num_train: int = 2800,
    num_val: int = 200,
    num_test: int = 1000,
    size: int = 96,
    classes: tuple[str, ...] | None = None,
    seed: int = 0,
    num_workers: int = 2,
) -> None:
    """Render scenes and write them as a VOC data set.

    ``root`` gets ``JPEGImages``, ``Annotations`` (boxes, size, difficult),
    ``ImageSets/Main/{train,val,trainval,test}.txt`` and a file that tells how
    it was made. Labels and boxes depend on ``seed``, ``size``, ``classes``
    and the number of the image alone.

    Args:
        root (str | Path): Folder to write. What an earlier run wrote there
            is replaced; a folder with other things in it is left alone.
        num_train (int): Images of the split ``train``. Defaults to 2800.
        num_val (int): Images of the split ``val``. Defaults to 200.
        num_test (int): Images of the split ``test``. Defaults to 1000.
        size (int): Side of the images in pixels. Defaults to 96.
        classes (tuple[str, ...], optional): Classes to draw. Defaults to all.
        seed (int): Seed, not negative. Defaults to 0.
        num_workers (int): Processes that render. Defaults to 2.

    Raises:
        FileExistsError: If ``root`` holds files this function did not write.
        ValueError: If a split is negative, or the train split empty; see
            :class:`SceneRenderer` for ``classes`` and ``size``.
    """
    counts = dict(train=num_train, val=num_val, test=num_test)
    if num_train < 1 or min(counts.values()) < 0:
        raise ValueError(f'Impossible numbers of images: {counts}.')
    renderer = SceneRenderer(classes, size)
    root = Path(root)
    _prepare(root)
    made_with = dict(seed=seed, size=size, classes=renderer.classes, **counts)
    (root / MARKER).write_text(json.dumps(made_with, indent=2) + '\n')

    numbers = range(1, sum(counts.values()) + 1)
    task = partial(_write_image, root=root, renderer=renderer, seed=seed)
    track_progress_rich(
        task, numbers, nproc=num_workers, chunksize=16, description='Rendering'
    )

    ids = [f'{number:06d}' for number in numbers]
    splits = dict(trainval=ids[: num_train + num_val])
    for name, count in counts.items():
        splits[name], ids = ids[:count], ids[count:]
    for name, members in splits.items():
        path = root / 'ImageSets' / 'Main' / f'{name}.txt'
        path.write_text(''.join(f'{member}\n' for member in members))


def _prepare(root: Path) -> None:
    """Make the folders; remove what an earlier run left in them."""
    folders = root / 'JPEGImages', root / 'Annotations', root / 'ImageSets'
    if (root / MARKER).exists():
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    elif root.exists() and (root.is_file() or any(root.iterdir())):
        raise FileExistsError(
            f'{root} holds files that are not a synthetic data set; name an '
            'empty or a new folder.'
        )
    for folder in (*folders[:2], folders[2] / 'Main'):
        folder.mkdir(parents=True)


def _write_image(
    number: int, root: Path, renderer: SceneRenderer, seed: int
) -> None:
    """Render one image; write it and its annotation."""
    cv2.setNumThreads(1)
    scene = renderer.render(np.random.default_rng([seed, number]))
    stem = f'{number:06d}'
    path = root / 'JPEGImages' / f'{stem}.jpg'
    bgr = np.ascontiguousarray(scene.image[..., ::-1])
    if not cv2.imwrite(str(path), bgr, [cv2.IMWRITE_JPEG_QUALITY, 92]):
        raise OSError(f'Cannot write {path}; is the disk full?')
    annotation = _annotate(scene, path.name)
    annotation.write(root / 'Annotations' / f'{stem}.xml')


def _annotate(scene: Scene, filename: str) -> ET.ElementTree:
    """Return the XML of a scene; boxes are 1-based and inclusive, as VOC's."""
    top = ET.Element('annotation')
    ET.SubElement(top, 'filename').text = filename
    height, width, depth = scene.image.shape
    size = dict(width=width, height=height, depth=depth)
    _add(ET.SubElement(top, 'size'), size)
    for name, (x1, y1, x2, y2), difficult in scene.objects:
        entry = ET.SubElement(top, 'object')
        _add(entry, dict(name=name, difficult=int(difficult)))
        box = dict(xmin=x1 + 1, ymin=y1 + 1, xmax=x2, ymax=y2)
        _add(ET.SubElement(entry, 'bndbox'), box)
    ET.indent(top)
    return ET.ElementTree(top)


def _add(parent: ET.Element, fields: dict) -> None:
    """Append one child per field."""
    for name, value in fields.items():
        ET.SubElement(parent, name).text = str(value)
