"""Make a small checkpoint to publish from one of a training run.

Keeps the weights, those of the moving average if there is one, the classes,
and how long and with what versions they were trained. Drops the state of the
training and the config text, which names folders of the machine. The name gets
the date and the first digits of the file's SHA-256 sum, which a download is
checked by.
"""

import argparse
import hashlib
import io
import sys
from datetime import date
from pathlib import Path

import mmpretrain
import torch
from mmpretrain.registry import DATASETS

import mmsrdl
from mmsrdl.checkpoint import load

KEPT = {'dataset_meta', 'epoch', 'iter', 'seed', 'time'}
"""The meta data to publish, besides the versions."""


def parse_args() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('in_file', type=Path, help='checkpoint of a run')
    parser.add_argument(
        'out_file',
        type=Path,
        help='path of the result; its name becomes NAME_DATE-HASH.pth',
    )
    parser.add_argument(
        '--no-ema',
        action='store_true',
        help='keep the weights that were trained, not their moving average',
    )
    parser.add_argument(
        '--dataset-type',
        help='data set whose class names to add, if the checkpoint has none',
    )
    args = parser.parse_args()
    if not args.in_file.is_file():
        parser.error(f'there is no checkpoint {args.in_file}')
    if not args.out_file.parent.is_dir():
        parser.error(f'there is no folder {args.out_file.parent}')
    if args.out_file.resolve() == args.in_file.resolve():
        parser.error('in_file and out_file are the same file')
    if args.dataset_type and args.dataset_type not in DATASETS:
        parser.error(f'there is no data set {args.dataset_type}')
    return args


def strip(checkpoint: dict, ema: bool = True) -> dict:
    """Return the weights and the meta data that say what they are.

    Args:
        checkpoint: A Runner's checkpoint, or bare weights.
        ema: Whether to take the moving average, if there is one.
    """
    weights = dict(checkpoint.get('state_dict', checkpoint))
    if not ema:
        # With EMAHook a checkpoint has the average under `state_dict`, and
        # what was trained under `ema_state_dict`, as `module.*`.
        trained = checkpoint.get('ema_state_dict', {})
        for key, value in trained.items():
            if key.startswith('module.'):
                weights[key.removeprefix('module.')] = value
    meta = {
        key: value
        for key, value in checkpoint.get('meta', {}).items()
        if key in KEPT or key.endswith('_version')
    }
    return dict(meta=meta, state_dict=weights)


def complete_meta(meta: dict, dataset_type: str | None) -> None:
    """Add the versions and, if they are missing, the class names."""
    meta.setdefault('mmpretrain_version', mmpretrain.__version__)
    meta.setdefault('mmsrdl_version', mmsrdl.__version__)
    if not meta.get('dataset_meta') and dataset_type is not None:
        dataset = DATASETS.get(dataset_type)
        meta['dataset_meta'] = dict(getattr(dataset, 'METAINFO', {}))
    if not meta.get('dataset_meta'):
        print(
            'Warning: the checkpoint does not say the names of its classes.',
            file=sys.stderr,
        )


def main() -> None:
    """Write the checkpoint."""
    args = parse_args()
    published = strip(load(args.in_file, map_location='cpu'), not args.no_ema)
    complete_meta(published['meta'], args.dataset_type)
    # Not saved by path, which would become part of the file and of its sum.
    buffer = io.BytesIO()
    torch.save(published, buffer)
    digits = hashlib.sha256(buffer.getbuffer()).hexdigest()[:8]
    name = f'{args.out_file.stem}_{date.today():%Y%m%d}-{digits}.pth'
    out_file = args.out_file.with_name(name)
    out_file.write_bytes(buffer.getbuffer())
    print(f'Saved {out_file}')


if __name__ == '__main__':
    main()
