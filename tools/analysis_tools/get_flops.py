"""Count the parameters and the operations of a model, head included."""

import argparse
from pathlib import Path

from mmengine.config import Config

from mmsrdl.analysis import measure_complexity


def parse_args() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='path of the config')
    parser.add_argument(
        '--shape',
        type=int,
        nargs='+',
        default=[448],
        metavar='SIDE',
        help='height and width of the image, or its side; 448 by default',
    )
    args = parser.parse_args()
    if len(args.shape) > 2 or min(args.shape) < 1:
        parser.error('--shape takes one or two positive numbers')
    if not Path(args.config).is_file():
        parser.error(f'there is no config {args.config}')
    return args


def main() -> None:
    """Print the table."""
    args = parse_args()
    shape = (3, args.shape[0], args.shape[-1])
    info = measure_complexity(Config.fromfile(args.config), shape)
    print(info['out_table'])
    print(f'Input:       {" x ".join(map(str, shape))}')
    print(f'Parameters:  {info["params_str"]}')
    print(f'Operations:  {info["flops_str"]} multiply-adds')
    print(f'Activations: {info["activations_str"]}')
    print(
        'Counted per image in convolutions and matrix products; element-wise '
        'operations, as those of the attention, are left out.'
    )


if __name__ == '__main__':
    main()
