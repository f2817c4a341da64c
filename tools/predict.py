"""Print the labels of images, and write them to files."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import nullcontext

from _config import check_checkpoint

from mmsrdl.apis import MultiLabelInferencer, write_predictions
from mmsrdl.apis.image_inputs import list_images
from mmsrdl.apis.model_sources import is_exported
from mmsrdl.apis.prediction_files import SUFFIXES
from mmsrdl.checkpoint import UnsafeCheckpointError


def parse_args() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Example: predict.py photos --config CONFIG.py --checkpoint '
        'EPOCH_20.pth --thr 0.4 --out labels.csv --show-dir shown',
    )
    parser.add_argument('inputs', nargs='+', help='images and folders of them')
    parser.add_argument('--config', help='path of the config')
    parser.add_argument('--checkpoint', help='path or address of a checkpoint')
    parser.add_argument(
        '--model',
        metavar='FILE.onnx',
        help='model that tools/deploy.py exported (or its .engine), instead '
        'of --config and --checkpoint',
    )
    parser.add_argument(
        '--classes',
        help='class names, if the checkpoint and the config have none: a '
        'file with one a line, or the name of a label set, such as voc',
    )
    parser.add_argument(
        '--thr',
        type=read_threshold,
        metavar='NUMBER|FILE',
        help='least score of a label, or JSON file with that of each class '
        'as {"thresholds": {"dog": 0.41}}; by default the head\'s, mostly '
        '0.5',
    )
    parser.add_argument('--topk', type=int, help='most labels of an image')
    parser.add_argument(
        '--tta',
        action='store_true',
        help="average the scores over the views of the config's "
        'tta_pipeline, by default the image and its mirror image',
    )
    parser.add_argument(
        '--out',
        help='file for the predictions. .json: a list with img_path, '
        'pred_labels, pred_classes, pred_scores and all scores of an image, '
        'or its error. .csv: a line per image with its labels, ";" between '
        'them, and a column of scores for each class. It appears when all is '
        'in it; until then it ends in .part',
    )
    parser.add_argument(
        '--show-dir', help='folder for pictures of the images and their labels'
    )
    parser.add_argument(
        '--batch-size', type=int, default=1, help='images at once (default: 1)'
    )
    parser.add_argument(
        '--workers',
        type=int,
        default=4,
        help='threads that load images ahead of the model (default: 4)',
    )
    parser.add_argument('--device', help='by default the best there is')
    args = parser.parse_args()
    for path in args.inputs:
        if '://' not in path and not os.path.exists(path):
            parser.error(f'there is no image or folder {path}')
    if args.out is not None and not args.out.endswith(SUFFIXES):
        parser.error(f'--out must end in {" or ".join(SUFFIXES)}')
    if args.model is not None:
        if args.config or args.checkpoint:
            parser.error('--model excludes --config and --checkpoint')
        if not is_exported(args.model):
            parser.error('--model must end in .onnx or .engine')
    elif args.config is None or args.checkpoint is None:
        parser.error('give --config and --checkpoint, or --model')
    else:
        check_checkpoint(parser, args.checkpoint)
    return args


def read_threshold(text: str) -> float | str:
    """Tell a number from a path."""
    try:
        return float(text)
    except ValueError:
        return text


def print_labels(result: dict, width: int) -> None:
    """Print a line per label, the name of the image in the first one."""
    if 'error' in result:
        lines = [result['error']]
    else:
        pairs = zip(result['pred_classes'], result['pred_scores'], strict=True)
        lines = [f'{score:.3f}  {label}' for label, score in pairs]
    name = result['img_path']
    for line in lines or ['no label']:
        print(f'{name:{width}}  {line}')
        name = ''


def report(
    results: Iterable[dict], width: int, write: Callable[[dict], None] | None
) -> int:
    """Print and write results; return how many are errors."""
    failures = 0
    for result in results:
        print_labels(result, width)
        if write is not None:
            write(result)
        failures += 'error' in result
    return failures


def main() -> None:
    """Predict."""
    args = parse_args()
    # What is piped comes at once, and may be named in any bytes.
    sys.stdout.reconfigure(line_buffering=True, errors='backslashreplace')
    try:
        images = list_images(args.inputs)
        inferencer = MultiLabelInferencer(
            args.model or args.config,
            args.checkpoint or True,
            device=args.device,
            classes=args.classes,
        )
        results = inferencer.iterate(
            images,
            batch_size=args.batch_size,
            thr=args.thr,
            topk=args.topk,
            tta=args.tta,
            show_dir=args.show_dir,
            workers=args.workers,
        )
        out = nullcontext()
        if args.out is not None:
            out = write_predictions(args.out, inferencer.classes)
        with out as write:
            failures = report(results, max(map(len, images)), write)
    except (OSError, RuntimeError, ValueError, UnsafeCheckpointError) as error:
        sys.exit(f'error: {error}')
    except KeyboardInterrupt:
        kept = '' if args.out is None else f', see {args.out}.part'
        sys.exit(f'interrupted{kept}')
    if failures:
        sys.exit(f'{failures} of {len(images)} images could not be read.')


if __name__ == '__main__':
    main()
