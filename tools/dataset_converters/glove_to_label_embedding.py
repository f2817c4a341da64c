"""Make the label embedding of a data set from GloVe word vectors."""

import argparse

from mmsrdl.datasets.label_sets import read_classes
from mmsrdl.structures.glove import embed_with_glove


def parse_args() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Example: glove_to_label_embedding.py glove.6B.300d.txt coco '
        'data/label_embeddings/coco_glove-6b_300d.npz',
    )
    parser.add_argument('glove', help='text file of word vectors')
    parser.add_argument(
        'classes',
        help='voc, coco, nuswide, or a text file with one class name a line',
    )
    parser.add_argument('out', help='.npz file to write')
    parser.add_argument(
        '--multi-word',
        choices=('mean', 'sum'),
        default='mean',
        help='how to make one vector of several words (default: mean)',
    )
    return parser, parser.parse_args()


def main() -> None:
    parser, args = parse_args()
    try:
        classes = read_classes(args.classes)
        embedding = embed_with_glove(args.glove, classes, args.multi_word)
        embedding.save(args.out)
    except (OSError, ValueError) as error:
        parser.exit(1, f'error: {error}\n')
    count, dims = embedding.vectors.shape
    print(f'Wrote {count} labels with {dims} dimensions to {args.out}')


if __name__ == '__main__':
    main()
