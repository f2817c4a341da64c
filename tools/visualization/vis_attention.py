"""Draw where a model looks in images, for the labels that score highest.

With --compare, a second model is shown below the first one, and the scores
of both beside each other: such as one trained with and one without object
erasing, or the category attention and the class activation maps of a
baseline. A picture shows the part of the image that the model sees, upright.
"""

import argparse
import os
import sys
from pathlib import Path

from mmsrdl.apis import AttentionDrawer, MultiLabelInferencer
from mmsrdl.apis.image_inputs import list_images
from mmsrdl.apis.picture_folder import PictureFolder
from mmsrdl.apis.progress import show_progress
from mmsrdl.checkpoint import UnsafeCheckpointError


def parse_args() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='Example: vis_attention.py photos --config CONFIG.py '
        '--checkpoint EPOCH_20.pth --out-dir shown --erased',
    )
    parser.add_argument('inputs', nargs='+', help='images and folders of them')
    parser.add_argument('--config', required=True, help='path of the config')
    parser.add_argument(
        '--checkpoint', required=True, help='path or address of a checkpoint'
    )
    parser.add_argument(
        '--out-dir', required=True, help='folder for a picture of each image'
    )
    parser.add_argument(
        '--compare',
        metavar='CHECKPOINT',
        help='checkpoint of a second model, to be shown below the first',
    )
    parser.add_argument(
        '--compare-config',
        metavar='CONFIG',
        help='its config, if it is another one',
    )
    parser.add_argument(
        '--names',
        nargs='+',
        help='what to call the models; by default as their checkpoints',
    )
    parser.add_argument(
        '--topk', type=int, default=3, help='labels of each image (default: 3)'
    )
    parser.add_argument(
        '--erased',
        action='store_true',
        help='outline what training would erase, by the model.head.erasing of '
        'the config',
    )
    parser.add_argument(
        '--classes',
        help='class names, if the checkpoint and the config have none: a '
        'file with one a line, or the name of a label set, such as voc',
    )
    parser.add_argument('--device', help='by default the best there is')
    args = parser.parse_args()
    for path in args.inputs:
        if not os.path.exists(path):
            parser.error(f'there is no image or folder {path}')
    args.checkpoints = [args.checkpoint]
    args.configs = [args.config]
    if args.compare is not None:
        args.checkpoints.append(args.compare)
        args.configs.append(args.compare_config or args.config)
    elif args.compare_config is not None:
        parser.error('--compare-config needs --compare')
    if args.names is None:
        args.names = name_models(args.checkpoints)
    elif len(set(args.names)) != len(args.checkpoints):
        parser.error(f'--names needs {len(args.checkpoints)} different names')
    return args


def name_models(checkpoints: list[str]) -> list[str]:
    """Name models by their files, or folders and files, or number them."""
    paths = [Path(path).with_suffix('') for path in checkpoints]
    for parts in (1, 2):
        names = ['/'.join(path.parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [f'model {number}' for number, _ in enumerate(names, 1)]


def draw(drawer: AttentionDrawer, images: list[str], folder: str) -> int:
    """Draw images; return for how many that failed."""
    pictures = PictureFolder(folder)
    pictures.check(images)
    failures = 0
    for source in show_progress(images, 'Drawing', len(images)):
        path = pictures.next_path(source)
        try:
            figure = drawer.draw(source)
        except OSError as error:
            print(error, file=sys.stderr)
            failures += 1
        else:
            figure.savefig(path)
            print(path)
    return failures


def main() -> None:
    """Draw."""
    args = parse_args()
    try:
        images = list_images(args.inputs)
        models = {
            name: MultiLabelInferencer(
                config, checkpoint, device=args.device, classes=args.classes
            )
            for name, config, checkpoint in zip(
                args.names, args.configs, args.checkpoints, strict=True
            )
        }
        drawer = AttentionDrawer(models, args.topk, args.erased)
        failures = draw(drawer, images, args.out_dir)
    except (OSError, RuntimeError, ValueError, UnsafeCheckpointError) as error:
        sys.exit(f'error: {error}')
    if failures:
        sys.exit(f'{failures} of {len(images)} images could not be drawn.')


if __name__ == '__main__':
    main()
