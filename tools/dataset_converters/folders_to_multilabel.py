"""Convert images that are in a folder for each set of labels."""

from _conversion import add_own_data, make_parser, run

from mmsrdl.datasets.conversion import convert_label_folders
from mmsrdl.datasets.label_sets import read_classes


def main() -> None:
    parser = make_parser(
        __doc__,
        ('root', 'folder of folders such as "boat,person"'),
        example='folders_to_multilabel.py images train.json --val val.json',
    )
    parser.add_argument(
        '--separator',
        help='what is between labels (default: ",", ";" or "+", if just one '
        'of these occurs)',
    )
    parser.add_argument(
        '--empty', metavar='NAME', help='folder of images that show no class'
    )
    add_own_data(parser)
    args = parser.parse_args()
    run(
        parser,
        args,
        lambda: convert_label_folders(
            args.root,
            args.separator,
            args.empty,
            args.classes and read_classes(args.classes),
        ),
    )


if __name__ == '__main__':
    main()
