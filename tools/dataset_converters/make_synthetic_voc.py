"""Render a data set of synthetic scenes in the layout of PASCAL VOC."""

import argparse

from mmsrdl.datasets.synthetic_voc import write_synthetic_voc


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('out', help='folder to write')
    parser.add_argument('--num-train', type=int, default=2800)
    parser.add_argument('--num-val', type=int, default=200)
    parser.add_argument('--num-test', type=int, default=1000)
    parser.add_argument('--size', type=int, default=96, help='image side, px')
    parser.add_argument(
        '--classes', nargs='+', help='classes to draw (default: all)'
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--num-workers', type=int, default=2)
    return parser.parse_args()


def main() -> None:
    args = vars(parse_args())
    out = args.pop('out')
    try:
        write_synthetic_voc(out, **args)
    except (FileExistsError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    print(f'\nWrote {out}')


if __name__ == '__main__':
    main()
