"""Convert the boxes of YOLO's text files."""

from _conversion import add_own_data, make_parser, run

from mmsrdl.datasets.conversion import convert_yolo
from mmsrdl.datasets.label_sets import read_classes


def main() -> None:
    parser = make_parser(
        __doc__,
        ('root', 'folder that holds images, labels and data.yaml'),
        example='yolo_to_multilabel.py dataset train.json --split train',
    )
    parser.add_argument(
        '--split',
        help='such as train, for images/train and labels/train, or '
        'train/images and train/labels',
    )
    add_own_data(parser)
    args = parser.parse_args()
    run(
        parser,
        args,
        lambda: convert_yolo(
            args.root,
            args.split,
            args.classes and read_classes(args.classes),
        ),
    )


if __name__ == '__main__':
    main()
