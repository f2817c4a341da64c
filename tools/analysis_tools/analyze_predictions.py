"""Write all analyses of predictions as tables (.csv) and pictures (.png).

Classes, thresholds, confusion, co-occurrence, calibration, hardest images.
"""

import argparse
from pathlib import Path

from _dump import add_checkpoint, add_dump, announce, load_dump

from mmsrdl.analysis import analyse_dump
from mmsrdl.checkpoint import UnsafeCheckpointError


def parse_args() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Return the parser and its arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_dump(parser)
    add_checkpoint(parser)
    parser.add_argument(
        '--out-dir',
        help='folder of the files; by default beside the dump, with its name',
    )
    return parser, parser.parse_args()


def main() -> None:
    """Analyse."""
    parser, args = parse_args()
    out = args.out_dir or Path(args.dump).with_suffix('')
    try:
        dump = load_dump(args)
        for analysis in announce(analyse_dump(dump, args.checkpoint)):
            for path in analysis.save(out):
                print(f'  {path}')
    except (OSError, RuntimeError, ValueError, UnsafeCheckpointError) as error:
        parser.exit(1, f'error: {error}\n')


if __name__ == '__main__':
    main()
