"""Draw which labels occur together as a heat map."""

import argparse
from pathlib import Path

from mmsrdl.structures import LabelCooccurrence
from mmsrdl.visualization import plot_cooccurrence
from mmsrdl.visualization.cooccurrence_map import ORDERS


def parse_args() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Return the parser and its arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'statistics',
        help='.npz file of tools/dataset_converters/label_cooccurrence.py',
    )
    parser.add_argument('out', help='picture to write: .png, .pdf or .svg')
    parser.add_argument(
        '--order',
        choices=ORDERS,
        default='similarity',
        help='which labels stand side by side (default: those that occur '
        'together)',
    )
    args = parser.parse_args()
    if Path(args.out).suffix not in ('.png', '.pdf', '.svg'):
        parser.error('OUT must end in .png, .pdf or .svg')
    return parser, args


def main() -> None:
    """Draw."""
    parser, args = parse_args()
    try:
        statistics = LabelCooccurrence.load(args.statistics)
        figure = plot_cooccurrence(statistics, args.order)
        Path(args.out).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(args.out)
    except (OSError, ValueError) as error:
        parser.exit(1, f'error: {error}\n')
    print(f'Wrote {args.out}')


if __name__ == '__main__':
    main()
