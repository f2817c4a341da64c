"""Make the label embedding of any label list.

From a text encoder, an .npy file of vectors or a random generator; from
GloVe vectors by glove_to_label_embedding.py.
"""

import argparse

from mmsrdl.datasets.label_sets import read_classes
from mmsrdl.structures import LabelEmbedding
from mmsrdl.structures.text_encoder import (
    SHIPPED_ENCODER,
    embed_with_text_encoder,
)


def parse_args() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Return the parser and its arguments."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        'classes',
        help='voc, coco, nuswide, or a text file with one class name a line',
    )
    common.add_argument('out', help='.npz file to write')
    common.add_argument(
        '--std',
        type=float,
        help='rescale all vectors by one factor, so that their entries have '
        'this root mean square; GloVe 6B has 0.4 (default: as they are)',
    )
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Example: make_label_embedding.py text coco '
        'data/label_embeddings/coco_minilm.npz --std 0.4',
    )
    sources = parser.add_subparsers(dest='source', required=True)
    text = sources.add_parser(
        'text', parents=[common], help='encode a sentence about each class'
    )
    text.add_argument(
        '--encoder',
        default=SHIPPED_ENCODER,
        help='folder or name of a sentence-transformers model (default: '
        f'{SHIPPED_ENCODER}, which needs no network)',
    )
    text.add_argument(
        '--template',
        default='a photo of a {}',
        help='the sentence; {} stands for the name (default: "a photo of a '
        '{}")',
    )
    npy = sources.add_parser(
        'npy', parents=[common], help='name the rows of an .npy file'
    )
    npy.add_argument(
        'vectors', help='array (C, E), its rows in the order of the classes'
    )
    draw = sources.add_parser('random', parents=[common], help='draw them')
    draw.add_argument('--dims', type=int, default=300)
    draw.add_argument('--seed', type=int, default=0)
    return parser, parser.parse_args()


def make(args: argparse.Namespace) -> LabelEmbedding:
    """Make the vectors that the arguments ask for."""
    classes = read_classes(args.classes)
    if args.source == 'text':
        embedding = embed_with_text_encoder(
            classes, args.encoder, args.template
        )
    elif args.source == 'npy':
        embedding = LabelEmbedding.from_npy(args.vectors, classes)
    else:
        embedding = LabelEmbedding.random(classes, args.dims, args.seed)
    return embedding if args.std is None else embedding.rescale(args.std)


def main() -> None:
    """Write the file."""
    parser, args = parse_args()
    try:
        embedding = make(args)
        embedding.save(args.out)
    except (ImportError, OSError, TypeError, ValueError) as error:
        parser.exit(1, f'error: {error}\n')
    count, dims = embedding.vectors.shape
    print(f'Wrote {count} labels with {dims} dimensions to {args.out}')


if __name__ == '__main__':
    main()
