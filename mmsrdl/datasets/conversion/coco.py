"""MS-COCO, or own data in its format."""

from pathlib import Path

from mmsrdl.datasets.coco_multi_label import CocoMultiLabel

from .labelled_images import LabelledImages


def convert_coco(
    ann_file: str | Path, filter_empty: bool = True
) -> LabelledImages:
    """Read an ``instances_*.json``, as :class:`CocoMultiLabel` does.

    Args:
        ann_file (str | Path): The file.
        filter_empty (bool): Whether to leave out images without a label.
            Defaults to True.

    Returns:
        LabelledImages: Paths are the file names.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not valid.
    """
    path = Path(ann_file).expanduser().absolute()
    dataset = CocoMultiLabel(
        data_root='', ann_file=str(path), filter_empty=False, lazy_init=True
    )
    entries = dataset.load_data_list()
    protocol = dataset.protocol
    if protocol and filter_empty:
        protocol = protocol.removesuffix('-all')
    images = LabelledImages(
        dataset.CLASSES,
        entries,
        protocol=protocol,
        split=dataset.split_name if protocol else None,
    )
    if filter_empty:
        images.drop_unlabelled()
    return images
