"""Write one HTML page that shows all analyses of predictions, offline too."""

import argparse
from pathlib import Path

from _dump import add_checkpoint, add_dump, announce, load_dump

from mmsrdl.analysis import analyse_dump, write_report
from mmsrdl.checkpoint import UnsafeCheckpointError


def parse_args() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Return the parser and its arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_dump(parser)
    add_checkpoint(parser)
    parser.add_argument(
        '--out', default='report.html', help='the page (default: report.html)'
    )
    args = parser.parse_args()
    if Path(args.out).suffix not in ('.html', '.htm'):
        parser.error('--out must end in .html')
    return parser, args


def main() -> None:
    """Report."""
    parser, args = parse_args()
    try:
        dump = load_dump(args)
        analyses = announce(analyse_dump(dump, args.checkpoint))
        path = write_report(args.out, dump, analyses)
    except (OSError, RuntimeError, ValueError, UnsafeCheckpointError) as error:
        parser.exit(1, f'error: {error}\n')
    print(f'Wrote {path}, {path.stat().st_size / 1e6:.1f} MB')


if __name__ == '__main__':
    main()
