"""Print the labels of images."""

import argparse
import os
import sys
from pathlib import Path

import mmengine
from _config import check_checkpoint
from mmpretrain.utils import progress

from mmsrdl.apis import MultiLabelInferencer
from mmsrdl.checkpoint import UnsafeCheckpointError


def parse_args() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('inputs', nargs='+', help='images and folders of them')
    parser.add_argument('--config', required=True, help='path of the config')
    parser.add_argument(
        '--checkpoint', required=True, help='path or address of a checkpoint'
    )
    parser.add_argument(
        '--thr',
        type=float,
        help="least score of a label; by default the head's, mostly 0.5",
    )
    parser.add_argument('--topk', type=int, help='most labels of an image')
    parser.add_argument('--out', help='JSON file for the predictions')
    parser.add_argument(
        '--show-dir', help='folder for the images with their labels'
    )
    parser.add_argument('--batch-size', type=int, default=1)
    parser.add_argument('--device', help='by default the best there is')
    args = parser.parse_args()
    for path in args.inputs:
        if '://' not in path and not os.path.exists(path):
            parser.error(f'there is no image or folder {path}')
    if args.out is not None and Path(args.out).suffix != '.json':
        parser.error('--out must end in .json')
    check_checkpoint(parser, args.checkpoint)
    return args


def print_table(results: list[dict]) -> None:
    """Print a line per label, the name of its image in the first one."""
    names = [result['img_path'] for result in results]
    width = max(map(len, names))
    for name, result in zip(names, results, strict=True):
        if 'error' in result:
            print(f'{name:{width}}  {result["error"]}')
            continue
        pairs = zip(result['pred_classes'], result['pred_scores'], strict=True)
        lines = [f'{score:.3f}  {label}' for label, score in pairs]
        for line in lines or ['no label']:
            print(f'{name:{width}}  {line}')
            name = ''


def main() -> None:
    """Predict."""
    args = parse_args()
    progress.disable_progress_bar = not sys.stdout.isatty()
    try:
        inferencer = MultiLabelInferencer(
            args.config, args.checkpoint, device=args.device
        )
        results = inferencer(
            args.inputs,
            batch_size=args.batch_size,
            thr=args.thr,
            topk=args.topk,
            show_dir=args.show_dir,
        )
    except (OSError, RuntimeError, ValueError, UnsafeCheckpointError) as error:
        sys.exit(f'error: {error}')
    print_table(results)
    if args.out is not None:
        Path(args.out).parent.mkdir(parents=True, exist_ok=True)
        mmengine.dump(results, args.out, indent=2)
    failures = sum('error' in result for result in results)
    if failures:
        sys.exit(f'{failures} of {len(results)} images could not be read.')


if __name__ == '__main__':
    main()
