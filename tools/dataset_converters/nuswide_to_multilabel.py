"""Convert the official lists of NUS-WIDE, 81 concepts."""

from _conversion import add_filter_empty, add_images, make_parser, run

from mmsrdl.datasets.conversion import convert_nuswide


def main() -> None:
    parser = make_parser(
        __doc__,
        ('root', 'folder that holds ImageList and Groundtruth'),
        ('split', 'train or test'),
        example='nuswide_to_multilabel.py NUS-WIDE train train.json --images '
        'NUS-WIDE/Flickr --missing drop',
    )
    add_images(parser)
    add_filter_empty(parser)
    args = parser.parse_args()
    run(
        parser,
        args,
        lambda: convert_nuswide(args.root, args.split, args.filter_empty),
    )


if __name__ == '__main__':
    main()
