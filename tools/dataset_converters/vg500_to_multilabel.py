"""Convert Visual Genome 500, as listed by SSGRL."""

from _conversion import add_images, make_parser, run

from mmsrdl.datasets.conversion import (
    LabelledImages,
    convert_vg500,
    locate_vg_images,
)
from mmsrdl.datasets.label_sets import read_classes


def main() -> None:
    parser = make_parser(
        __doc__,
        ('list', 'train_list_500.txt or test_list_500.txt'),
        ('labels', 'vg_category_500_labels_index.json'),
        example='vg500_to_multilabel.py train_list_500.txt '
        'vg_category_500_labels_index.json train.json --images VG',
    )
    add_images(parser)
    parser.add_argument(
        '--classes', help='file of the 500 class names, in order'
    )
    args = parser.parse_args()

    def convert() -> LabelledImages:
        classes = args.classes and read_classes(args.classes)
        images = convert_vg500(args.list, args.labels, classes)
        if args.images is not None:
            locate_vg_images(images, args.images)
        return images

    run(parser, args, convert)


if __name__ == '__main__':
    main()
