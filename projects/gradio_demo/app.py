"""Serve a page to try a model on pictures."""

import argparse
import sys
from pathlib import Path

from mmsrdl.apis import MultiLabelInferencer
from mmsrdl.apis.image_inputs import list_images
from mmsrdl.apis.model_sources import is_exported
from mmsrdl.checkpoint import UnsafeCheckpointError

try:
    from page import CSS, THEME, build_page
except ModuleNotFoundError as error:
    if error.name != 'gradio':
        raise
    sys.exit(
        'error: the page needs gradio: pip install -r requirements/gradio.txt'
    )
from recognition import Recogniser


def parse_args() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Example: app.py --config CONFIG.py --checkpoint EPOCH_20.pth '
        '--examples photos',
    )
    parser.add_argument('--config', help='path of the config')
    parser.add_argument('--checkpoint', help='path or address of a checkpoint')
    parser.add_argument(
        '--model',
        metavar='FILE.onnx',
        help='exported model, instead of --config and --checkpoint; it has '
        'labels, but no attention maps',
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
        help='least score of a label at first, or JSON file with that of '
        'each class as {"thresholds": {"dog": 0.41}}; by default the '
        "head's, mostly 0.5",
    )
    parser.add_argument(
        '--examples', help='folder of pictures to choose from on the page'
    )
    parser.add_argument(
        '--max-mb',
        type=float,
        default=20,
        help='largest file that is taken, in MiB (default: 20)',
    )
    parser.add_argument(
        '--max-megapixels',
        type=float,
        default=100,
        help='largest picture, in million pixels (default: 100)',
    )
    parser.add_argument(
        '--host',
        default='127.0.0.1',
        help='address to listen on; the default is reached from this machine '
        'alone, 0.0.0.0 from others too',
    )
    parser.add_argument(
        '--port', type=int, help='by default the first free one from 7860 on'
    )
    parser.add_argument('--device', help='by default the best there is')
    args = parser.parse_args()
    if args.model is not None:
        if args.config or args.checkpoint:
            parser.error('--model excludes --config and --checkpoint')
        if not is_exported(args.model):
            parser.error('--model must end in .onnx or .engine')
    elif args.config is None or args.checkpoint is None:
        parser.error('give --config and --checkpoint, or --model')
    if args.examples and not Path(args.examples).is_dir():
        parser.error(f'there is no folder {args.examples}')
    return args


def read_threshold(text: str) -> float | str:
    """Tell a number from a path."""
    try:
        return float(text)
    except ValueError:
        return text


def main() -> None:
    """Serve until interrupted."""
    args = parse_args()
    try:
        examples = list_images(args.examples) if args.examples else None
        inferencer = MultiLabelInferencer(
            args.model or args.config,
            args.checkpoint or True,
            device=args.device,
            classes=args.classes,
        )
        recogniser = Recogniser(inferencer, args.thr, args.max_megapixels)
        name = Path(args.model or args.config).name
        page = build_page(recogniser, name, examples)
        _, address, _ = page.launch(
            server_name=args.host,
            server_port=args.port,
            max_file_size=int(args.max_mb * 2**20),
            theme=THEME,
            css=CSS,
            share=False,
            ssr_mode=False,
            run_history=False,
            state_session_capacity=100,
            footer_links=[],
            quiet=True,
            prevent_thread_lock=True,
        )
        print(f'Open {address} in a browser; Ctrl+C ends.', flush=True)
        page.block_thread()
    except (OSError, RuntimeError, ValueError, UnsafeCheckpointError) as error:
        sys.exit(f'error: {error}')


if __name__ == '__main__':
    main()
