"""Convert PASCAL VOC 2007 or 2012, or own data in its layout."""

from _conversion import add_images, make_parser, run

from mmsrdl.datasets.conversion import convert_voc
from mmsrdl.datasets.label_sets import read_classes


def main() -> None:
    parser = make_parser(
        __doc__,
        ('root', 'folder that holds JPEGImages, Annotations and ImageSets'),
        ('split', 'train, val, trainval or test'),
        example='voc_to_multilabel.py VOCdevkit/VOC2007 trainval train.json',
    )
    add_images(parser)
    parser.add_argument('--year', choices=('2007', '2012'), default='2007')
    parser.add_argument(
        '--no-labels', action='store_true', help='list the images only'
    )
    parser.add_argument('--classes', help='file of the classes of own data')
    args = parser.parse_args()
    run(
        parser,
        args,
        lambda: convert_voc(
            args.root,
            args.split,
            args.year,
            not args.no_labels,
            args.classes and read_classes(args.classes),
        ),
    )


if __name__ == '__main__':
    main()
