"""Draw the label graph that a model has learned, and write its edges.

Writes label_graph.csv, label_graph.png (the strongest edges) and
label_graph_matrix.png.
"""

import argparse

from mmsrdl.analysis import analyse_label_graph
from mmsrdl.checkpoint import UnsafeCheckpointError


def parse_args() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Return the parser and its arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', help='path or address of a checkpoint')
    parser.add_argument('out_dir', help='folder of the files')
    parser.add_argument(
        '--config',
        help='config of the model, which says how the graph is normalised; by '
        'default what the checkpoint keeps of it',
    )
    parser.add_argument(
        '--classes',
        help='class names, if the checkpoint does not tell them: a file with '
        'one a line, or the name of a label set, such as voc',
    )
    parser.add_argument(
        '--edges',
        type=int,
        help='number of edges to draw; by default twice that of the labels',
    )
    args = parser.parse_args()
    if args.edges is not None and args.edges < 1:
        parser.error('--edges must be at least 1')
    return parser, args


def main() -> None:
    """Draw."""
    parser, args = parse_args()
    try:
        analysis = analyse_label_graph(
            args.checkpoint, args.classes, args.config, args.edges
        )
        paths = analysis.save(args.out_dir)
    except (OSError, RuntimeError, ValueError, UnsafeCheckpointError) as error:
        parser.exit(1, f'error: {error}\n')
    print('Wrote', *paths, sep='\n  ')


if __name__ == '__main__':
    main()
