"""MS-COCO, with the objects of an image as its labels."""

import contextlib
import io
import re
from functools import cached_property

from mmpretrain.registry import DATASETS
from pycocotools.coco import COCO

from .checked_dataset import CheckedDataset, shorten
from .image_boxes import ImageBoxes
from .label_sets import COCO_CLASSES


@DATASETS.register_module()
class CocoMultiLabel(CheckedDataset):
    """MS-COCO 2014 or 2017, or own data in its format.

    Reads an ``instances_*.json``. Classes are in the order of category ids,
    images in the order of image ids, and labels belong to images by id. Any
    annotation of a class makes it a label of the image, crowds included.

    Args:
        data_root (str): The folder that the other paths are relative to.
        ann_file (str): The annotation file, such as
            ``'annotations/instances_train2014.json'``.
        data_prefix (str | dict): The folder of the images, such as
            ``dict(img_path='train2014')``. Defaults to ``''``.
        filter_empty (bool): Whether to leave out images without a label.
            True gives the 82,081 and 40,137 images of COCO 2014 that most
            papers use, False all 82,783 and 40,504. Defaults to True.
        **kwargs: As in MMPretrain's ``MultiLabelDataset``; ``classes`` may
            pick some of the file's classes, in any order.

    Raises:
        FileNotFoundError: If the annotation file or images are missing.
        ValueError: If the file is not valid, has annotations of an image or
            a category that it does not define, or lacks one of ``classes``.
    """

    METAINFO = {'classes': COCO_CLASSES}

    def __init__(
        self,
        data_root: str,
        ann_file: str,
        data_prefix: str | dict = '',
        filter_empty: bool = True,
        **kwargs,
    ) -> None:
        self.filter_empty = filter_empty
        super().__init__(
            ann_file, data_root=data_root, data_prefix=data_prefix, **kwargs
        )

    @property
    def split_name(self) -> str:
        """Such as ``'train2014'``."""
        return super().split_name.removeprefix('instances_')

    def load_data_list(self) -> list[dict]:
        """Read the annotation file."""
        coco = self._read_coco()
        index = self._index_categories(coco)
        entries, empty = [], []
        for image_id in sorted(coco.imgs):
            labels = {
                index[annotation['category_id']]
                for annotation in coco.imgToAnns.get(image_id, ())
                if annotation['category_id'] in index
            }
            file_name = coco.imgs[image_id]['file_name']
            if labels or not self.filter_empty:
                entries.append(
                    {'img_path': file_name, 'gt_label': sorted(labels)}
                )
            else:
                empty.append(file_name)
        if empty:
            self._tell_choice(empty, 'no label, and filter_empty=True')
        public = re.fullmatch(r'(?:train|val)20(14|17)', self.split_name)
        if public and self.CLASSES == COCO_CLASSES and not self.protocol:
            self.protocol = f'coco{public[1]}'
            self.protocol += '' if self.filter_empty else '-all'
        return entries

    def _index_categories(self, coco: COCO) -> dict[int, int]:
        """Find the class index of each category id."""
        category_ids = sorted(coco.cats)
        names = [coco.cats[i]['name'] for i in category_ids]
        return {
            category_ids[position]: label
            for position, label in self._match_classes(names).items()
        }

    def get_boxes(self, idx: int) -> ImageBoxes:
        """Give the boxes of an image; a crowd counts as difficult.

        Args:
            idx (int): Index of the image.

        Returns:
            ImageBoxes: Its objects, without those of other classes.

        Raises:
            ValueError: If the annotation file has no sizes or boxes.
        """
        self.full_init()
        return self._boxes[self.data_list[idx]['img_path']]

    @cached_property
    def _boxes(self) -> dict[str, ImageBoxes]:
        """Boxes of all images, by their file names."""
        coco = self._read_coco()
        index = self._index_categories(coco)
        boxes = {}
        for image_id, image in coco.imgs.items():
            objects = [
                annotation
                for annotation in coco.imgToAnns.get(image_id, ())
                if annotation['category_id'] in index
            ]
            try:
                starts = [annotation['bbox'] for annotation in objects]
                boxes[image['file_name']] = ImageBoxes.of(
                    [(x, y, x + w, y + h) for x, y, w, h in starts],
                    [index[a['category_id']] for a in objects],
                    [bool(a.get('iscrowd')) for a in objects],
                    (image['width'], image['height']),
                )
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(
                    f'{self.ann_file!r}: the image {image["file_name"]!r} '
                    'must have `width` and `height`, and its annotations '
                    f'`bbox` as [x, y, width, height]: {error!r}.'
                ) from error
        return boxes

    def _read_coco(self) -> COCO:
        """Let pycocotools index the file, quietly, and check references."""
        content = self._load_json(
            images=list, annotations=list, categories=list
        )
        coco = COCO()
        coco.dataset = content
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                coco.createIndex()
            file_names = {image['file_name'] for image in content['images']}
            names = [category['name'] for category in content['categories']]
        except (KeyError, TypeError) as error:
            raise ValueError(
                f'{self.ann_file!r} is not in the format of '
                f'instances_*.json: {type(error).__name__} {error}.'
            ) from error
        images = len(content['images'])
        if not len(file_names) == len(coco.imgs) == images:
            raise ValueError(
                f'{self.ann_file!r}: the ids and file names of its {images} '
                'images must be unique.'
            )
        if len(coco.cats) != len(names):
            raise ValueError(
                f'{self.ann_file!r}: category ids must be unique.'
            )
        for kind, used, defined in (
            ('categories', coco.catToImgs, coco.cats),
            ('images', coco.imgToAnns, coco.imgs),
        ):
            unknown = [key for key in used if key not in defined]
            if unknown:
                count = sum(len(used[key]) for key in unknown)
                raise ValueError(
                    f'{self.ann_file!r}: {count} of '
                    f'{len(content["annotations"])} annotations are of '
                    f'{kind} that it does not define: '
                    f'{shorten([repr(key) for key in unknown])}.'
                )
        return coco
