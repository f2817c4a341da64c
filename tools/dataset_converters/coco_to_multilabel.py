"""Convert MS-COCO's instances_*.json, or own data in its format."""

from _conversion import add_filter_empty, add_images, make_parser, run

from mmsrdl.datasets.conversion import convert_coco


def main() -> None:
    parser = make_parser(
        __doc__,
        ('instances', 'the annotation file'),
        example='coco_to_multilabel.py annotations/instances_train2014.json '
        'train.json',
    )
    add_images(parser)
    add_filter_empty(parser)
    args = parser.parse_args()
    run(parser, args, lambda: convert_coco(args.instances, args.filter_empty))


if __name__ == '__main__':
    main()
