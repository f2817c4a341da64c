"""What the command lines that read a prediction dump share."""

import argparse
from collections.abc import Iterable, Iterator

from mmsrdl.analysis import Analysis, PredictionDump


def add_dump(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a dump and its classes."""
    parser.add_argument(
        'dump',
        help='predictions of tools/test.py CONFIG CHECKPOINT --out DUMP.pkl',
    )
    parser.add_argument(
        '--classes',
        help='class names, if the dump does not tell them: a file with one a '
        'line, or the name of a label set, such as voc',
    )


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names the model of a dump."""
    parser.add_argument(
        '--checkpoint',
        help='of the model, to show the label graph that it learned as well',
    )


def load_dump(args: argparse.Namespace) -> PredictionDump:
    """Load the dump that the arguments name."""
    return PredictionDump.load(args.dump, args.classes)


def announce(analyses: Iterable[Analysis]) -> Iterator[Analysis]:
    """Print the title of each analysis when it is made."""
    for analysis in analyses:
        print(analysis.title, flush=True)
        yield analysis
