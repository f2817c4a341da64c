"""Annotation files as large as those of the field, drawn at random."""

import json
from pathlib import Path

import numpy as np

from mmsrdl.datasets import get_classes


def write_instances(path: Path, num_images: int, num_annotations: int) -> None:
    """Write annotations in COCO's format, about 600 bytes each."""
    rng = np.random.default_rng(0)
    ids = (rng.permutation(7 * num_images)[:num_images] + 1).tolist()
    names = get_classes('coco')
    images = [
        {
            'license': 3,
            'file_name': f'COCO_train2014_{i:012d}.jpg',
            'coco_url': f'http://images.example.org/train2014/{i:012d}.jpg',
            'height': 480,
            'width': 640,
            'date_captured': '2013-11-14 11:18:45',
            'flickr_url': f'http://farm9.example.com/8186/{i}_4e622c8349_z.jpg',
            'id': i,
        }
        for i in ids
    ]
    categories = [
        {'supercategory': 'thing', 'id': i + i // 8, 'name': name}
        for i, name in enumerate(names, 1)
    ]
    with open(path, 'w', encoding='utf-8') as file:
        file.write(f'{{"info": {{}}, "images": {json.dumps(images)},\n')
        file.write(f'"categories": {json.dumps(categories)},\n')
        file.write('"annotations": [\n')
        for i in range(num_annotations):
            # The official files have 25 points on average, as these have.
            size = 2 * (int(rng.geometric(1 / 22)) + 3)
            polygon = (rng.random(size) * 600).round(2).tolist()
            annotation = {
                'segmentation': [polygon],
                'area': round(float(rng.random()) * 1e4, 4),
                'iscrowd': 0,
                'image_id': ids[int(rng.integers(num_images))],
                'bbox': polygon[:4],
                'category_id': categories[int(rng.integers(80))]['id'],
                'id': i + 1,
            }
            file.write((',\n' if i else '') + json.dumps(annotation))
        file.write(']}\n')


def write_large(
    path: Path, num_images: int, num_classes: int, num_labels: int
) -> None:
    """Write a compact JSON with labels drawn at random."""
    rng = np.random.default_rng(0)
    classes = [f'class {i}' for i in range(num_classes)]
    counts = rng.poisson(num_labels, num_images)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(f'{{"metainfo": {json.dumps({"classes": classes})},\n')
        file.write('"data_list": [\n')
        for i, count in enumerate(counts):
            labels = rng.integers(num_classes, size=count).tolist()
            path_ = f'part{i // 1000:04d}/{i:09d}.jpg'
            entry = {'img_path': path_, 'gt_label': labels}
            file.write((',\n' if i else '') + json.dumps(entry))
        file.write(']}\n')
