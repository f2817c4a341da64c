"""Convert a CSV or TSV table of images and their labels."""

from _conversion import add_images, add_own_data, make_parser, run

from mmsrdl.datasets.conversion import convert_table
from mmsrdl.datasets.label_sets import read_classes


def main() -> None:
    parser = make_parser(
        __doc__,
        ('table', '.csv or .tsv file; its first line names the columns'),
        example='csv_to_multilabel.py labels.csv train.json --val val.json '
        '--images images',
    )
    add_images(parser)
    parser.add_argument(
        '--image-column', help='column of the paths (default: the first)'
    )
    parser.add_argument(
        '--label-columns',
        nargs='+',
        help='columns of the labels (default: all others)',
    )
    parser.add_argument(
        '--separator',
        help='what is between the labels of a cell (default: ";", "," or '
        '"|", if just one of these occurs)',
    )
    parser.add_argument(
        '--delimiter',
        help='what is between columns (default: a tab for .tsv, else ",")',
    )
    parser.add_argument(
        '--one-hot',
        action='store_true',
        help='each label column is a class, with 1 or 0 for an image',
    )
    parser.add_argument(
        '--merge',
        action='store_true',
        help='an image may have several lines, whose labels add up',
    )
    add_own_data(parser)
    args = parser.parse_args()
    run(
        parser,
        args,
        lambda: convert_table(
            args.table,
            args.image_column,
            args.label_columns,
            args.separator,
            args.one_hot,
            args.merge,
            args.delimiter,
            args.classes and read_classes(args.classes),
        ),
    )


if __name__ == '__main__':
    main()
