"""What the command lines of the converters share."""

import argparse
from collections.abc import Callable
from pathlib import Path

from mmsrdl.datasets.conversion import LabelledImages, report
from mmsrdl.datasets.conversion.labelled_images import MISSING


def make_parser(
    description: str, *positional: tuple[str, str], example: str
) -> argparse.ArgumentParser:
    """Make a parser for the inputs named and described, and the output.

    Without :func:`add_images` it is known that the images are there.
    """
    parser = argparse.ArgumentParser(
        description=description, epilog=f'Example: {example}'
    )
    for name, help_text in positional:
        parser.add_argument(name, help=help_text)
    parser.add_argument('out', help='.json file to write')
    parser.set_defaults(images=None, missing='error')
    return parser


def add_images(parser: argparse.ArgumentParser) -> None:
    """Add the check that images are there, for lists that may lack some."""
    parser.add_argument(
        '--images',
        metavar='FOLDER',
        help='look whether the images are there, relative to this folder',
    )
    parser.add_argument(
        '--missing',
        choices=MISSING,
        default='error',
        help='missing images are an error, or to drop or to keep '
        '(default: error)',
    )


def add_filter_empty(parser: argparse.ArgumentParser) -> None:
    """Add the choice between the protocols with and without such images."""
    parser.add_argument(
        '--filter-empty',
        action=argparse.BooleanOptionalAction,
        default=True,
        help='leave out images that show no class (default: yes)',
    )


def add_own_data(parser: argparse.ArgumentParser) -> None:
    """Add what only data without public classes and splits needs."""
    parser.add_argument(
        '--classes',
        help='class names, in order: a file with one a line, or a .json '
        'converted before (default: those that occur, sorted)',
    )
    parser.add_argument(
        '--val', metavar='FILE', help='.json file for images held out'
    )
    parser.add_argument(
        '--val-share',
        type=float,
        default=0.2,
        help='share of the images to hold out (default: 0.2)',
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='which ones (default: 0)'
    )


def run(
    parser: argparse.ArgumentParser,
    args: argparse.Namespace,
    convert: Callable[[], LabelledImages],
) -> None:
    """Convert, check, write and report; errors are one line."""
    try:
        images = convert()
        if args.images is not None:
            images.check_images(args.images, args.missing)
        elif args.missing != 'error':
            parser.error('--missing needs --images')
        parts = {args.out: images}
        if getattr(args, 'val', None) is not None:
            if Path(args.val) == Path(args.out):
                parser.error('--val must be another file than the output')
            parts = dict(
                zip(
                    (args.out, args.val),
                    images.split_off(args.val_share, args.seed),
                    strict=True,
                )
            )
        for out, part in parts.items():
            listed = part.write(out)
            print(f'{out}: {report(part)}')
            if listed is not None:
                print(f'What was skipped: {listed}')
            print()
    except (OSError, TypeError, ValueError) as error:
        parser.exit(1, f'error: {error}\n')
