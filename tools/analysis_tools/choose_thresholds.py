"""Choose the scores from which on labels are predicted, on validation images.

Writes OUT.json, which tools/predict.py takes by --thr; beside it, what they
change as OUT_effect.csv and what each class got as OUT.csv and OUT.png.
"""

import argparse
from pathlib import Path

from _dump import add_dump, load_dump

from mmsrdl.analysis import (
    PredictionDump,
    ThresholdStudy,
    analyse_thresholds,
)
from mmsrdl.evaluation.class_table import class_table
from mmsrdl.evaluation.threshold_choice import CRITERIA, SCOPES


def parse_args() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Return the parser and its arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_dump(parser)
    parser.add_argument('out', help='file to write: OUT.json')
    parser.add_argument(
        '--by',
        choices=CRITERIA,
        default='f1',
        help='the best F1 (default), or the highest recall with a precision '
        'of --target, or the highest precision with a recall of --target',
    )
    parser.add_argument(
        '--target', type=float, help='precision or recall, such as 0.9'
    )
    parser.add_argument(
        '--scope',
        choices=SCOPES,
        default='class',
        help='a threshold per class (default), or one for all',
    )
    parser.add_argument(
        '--measure-on',
        metavar='DUMP',
        help='dump of other images, as of the test set, to measure the '
        'effect on',
    )
    args = parser.parse_args()
    if Path(args.out).suffix != '.json':
        parser.error('OUT must end in .json')
    if (args.target is None) != (args.by == 'f1'):
        parser.error('--target goes with --by precision and --by recall')
    return parser, args


def main() -> None:
    """Choose."""
    parser, args = parse_args()
    try:
        dump = load_dump(args)
        other = None
        if args.measure_on is not None:
            other = PredictionDump.load(args.measure_on, args.classes)
        study = ThresholdStudy(dump, args.by, args.target, other)
        study.save(args.out, args.scope)
        name = Path(args.out).stem
        analysis = analyse_thresholds(study, args.scope, name)
        paths = analysis.save(Path(args.out).parent)
    except (OSError, ValueError) as error:
        parser.exit(1, f'error: {error}\n')
    effect = analysis.tables[f'{name}_effect']
    rest = {name: effect[name] for name in effect if name != 'labels'}
    print(class_table(effect['labels'], rest, 'labels'))
    for note in analysis.notes:
        print(note)
    print('Wrote', *[args.out, *paths], sep='\n  ')


if __name__ == '__main__':
    main()
