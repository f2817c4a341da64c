"""The page: a picture, a threshold, labels, and where the model looks."""

import os
from pathlib import Path

# Before the import, which reads it.
os.environ['GRADIO_ANALYTICS_ENABLED'] = 'False'

import gradio as gr
from recognition import Recogniser

_BY_CLASS, _FOR_ALL = 'of each class, from the file', 'one for all'
_MOST_LABELS = 100  # that are shown
_STALE = 3600  # seconds after which uploads and results are deleted
# Strings are fonts of the system; gradio's own come from another server.
THEME = gr.themes.Default(
    font=['system-ui', 'sans-serif'], font_mono=['ui-monospace', 'monospace']
)
CSS = """
.gradio-container { width: 100%; max-width: 1180px !important; margin: auto; }
#labels button { font-family: system-ui, sans-serif; }
"""


def build_page(
    recogniser: Recogniser, title: str, examples: list[str] | None = None
) -> gr.Blocks:
    """Build the page.

    Args:
        recogniser (Recogniser): What it asks.
        title (str): Of the model.
        examples (list[str], optional): Paths of pictures to choose from.
            Defaults to None.

    Returns:
        gr.Blocks: To be launched with ``THEME`` and ``CSS``.
    """
    has_file = recogniser.class_thr is not None
    has_maps = recogniser.no_maps is None
    count = len(recogniser.inferencer.classes)
    with gr.Blocks(
        title=f'Labels of a picture: {title}',
        analytics_enabled=False,
        delete_cache=(_STALE, _STALE),
    ) as page:
        result, chosen = gr.State(time_to_live=_STALE), gr.State()
        gr.Markdown(f'# Labels of a picture\n`{title}` knows {count} labels.')
        with gr.Row():
            with gr.Column(min_width=340):
                picture = gr.Image(
                    type='filepath',
                    image_mode=None,
                    label='Picture',
                    height=380,
                    buttons=['fullscreen'],
                )
            with gr.Column(min_width=340):
                mode = gr.Radio(
                    [_BY_CLASS, _FOR_ALL],
                    value=_BY_CLASS if has_file else _FOR_ALL,
                    label='Threshold',
                    visible=has_file,
                )
                slider = gr.Slider(
                    0,
                    100,
                    round(100 * recogniser.thr, 1),
                    step=1,
                    label='Threshold: least score of a label, in %',
                    visible=not has_file,
                    elem_id='threshold',
                )
                status = gr.Markdown(
                    'Drop a picture to see its labels.', elem_id='status'
                )
                labels = gr.Label(
                    num_top_classes=_MOST_LABELS,
                    show_heading=False,
                    label='Labels and their scores',
                    visible=False,
                    elem_id='labels',
                )
                gr.Markdown(
                    'Choose a label to see where the model looks for it: '
                    'bright where it looks most, dark where least.'
                    if has_maps
                    else f'No attention maps: {recogniser.no_maps}'
                )
                attention = gr.Image(
                    label='Attention',
                    format='jpeg',
                    height=360,
                    visible=False,
                    interactive=False,
                    buttons=['fullscreen', 'download'],
                    elem_id='attention',
                )
        if examples:
            gr.Examples(examples, picture, examples_per_page=12)

        def draw(result: dict, name: str | None) -> dict:
            if name is None or 'picture' not in result:
                return gr.update(value=None, visible=False)
            return gr.update(
                value=recogniser.draw(result, name),
                label=f'Attention: {name}',
                visible=True,
            )

        def show(
            result: dict | None, mode: str, thr: float, chosen: str | None
        ) -> tuple:
            """Status, labels, chosen label and attention."""
            hidden = gr.update(value=None, visible=False)
            if result is None or 'error' in result:
                text = 'Drop a picture to see its labels.'
                text = text if result is None else f'⚠️ {result["error"]}'
                return text, hidden, None, hidden
            by_class = mode == _BY_CLASS
            found = recogniser.choose(
                result, recogniser.class_thr if by_class else thr / 100
            )
            first = next(iter(found), None)
            kept = chosen if chosen in found else first
            return (
                _describe(result, len(found)),
                gr.update(value=found or None, visible=bool(found)),
                kept,
                gr.skip() if kept == chosen else draw(result, kept),
            )

        def recognise(
            upload: dict | None, result: dict | None, mode: str, thr: float
        ) -> tuple:
            """The picture, its result, and what :func:`show` gives."""
            if upload is None and result is not None and 'error' in result:
                return (gr.skip(),) * 6  # taken away below, as it was bad
            result = upload and _recognise_upload(upload, picture, recogniser)
            is_bad = result is not None and 'error' in result
            return (
                gr.update(value=None) if is_bad else gr.skip(),
                result,
                *show(result, mode, thr, None),
            )

        def choose(result: dict, event: gr.SelectData) -> tuple:
            return event.value, draw(result, event.value)

        shown = [status, labels, chosen, attention]
        hidden = dict(api_visibility='private', show_progress='hidden')
        picture.change(
            recognise,
            [picture, result, mode, slider],
            [picture, result, *shown],
            # Gradio would fail at what is no picture, and decode huge ones.
            preprocess=False,
            api_visibility='private',
            show_progress_on=[status],
        )
        gr.on(
            [slider.change, mode.change],
            show,
            [result, mode, slider, chosen],
            shown,
            trigger_mode='always_last',
            **hidden,
        )
        labels.select(choose, result, [chosen, attention], **hidden)
        mode.change(
            lambda mode: gr.update(visible=mode == _FOR_ALL),
            mode,
            slider,
            **hidden,
        )
    return page


def _recognise_upload(
    upload: dict, picture: gr.Image, recogniser: Recogniser
) -> dict:
    """Score a picture of the page, and no other file or address.

    Gradio leaves the check to its preprocessing: a forged request could name
    any picture of this machine, and see it on the page.
    """
    path = Path(upload.get('path') or '').resolve()
    if not path.is_relative_to(Path(picture.GRADIO_CACHE).resolve()):
        return dict(error='This is no picture that was given to the page.')
    return recogniser.recognise(str(path))


def _describe(result: dict, count: int) -> str:
    best = max(result['scores'])
    if not count:
        text = f'No label reaches the threshold; the best has {best:.0%}.'
    else:
        are = 'label reaches' if count == 1 else 'labels reach'
        text = f'{count} {are} the threshold'
        text += f', the best {_MOST_LABELS}:' * (count > _MOST_LABELS) or '.'
    return f'{text}\n\n{result["no_maps"]}' if 'no_maps' in result else text
