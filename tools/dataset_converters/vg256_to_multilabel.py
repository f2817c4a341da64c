"""Convert Visual Genome 256, as formatted by MLC-PAT."""

from _conversion import add_images, make_parser, run

from mmsrdl.datasets.conversion import (
    LabelledImages,
    convert_vg256,
    locate_vg_images,
)


def main() -> None:
    parser = make_parser(
        __doc__,
        ('paths', 'formatted_train_images.npy or formatted_val_images.npy'),
        ('labels', 'formatted_train_labels.npy or formatted_val_labels.npy'),
        ('classes', 'vg256.json'),
        example='vg256_to_multilabel.py formatted_train_images.npy '
        'formatted_train_labels.npy vg256.json train.json --images VG',
    )
    add_images(parser)
    args = parser.parse_args()

    def convert() -> LabelledImages:
        images = convert_vg256(args.paths, args.labels, args.classes)
        if args.images is not None:
            locate_vg_images(images, args.images)
        return images

    run(parser, args, convert)


if __name__ == '__main__':
    main()
