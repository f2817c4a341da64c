"""A page with all analyses that opens in a browser without a network."""

import base64
import hashlib
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure
from PIL import Image

from mmsrdl.datasets.protocols import list_protocols, load_protocol
from mmsrdl.version import __version__
from mmsrdl.visualization.contact_sheet import SheetImage

from .analysis import Analysis, Table
from .class_analysis import measure_dump
from .prediction_dump import PredictionDump

_PAGE = Environment(
    loader=PackageLoader('mmsrdl.analysis', 'page'),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)
_ROWS = 200
"""Most rows of a table, but for those of a row for each class."""
_DIFFICULT = {
    'ignore': 'left out',
    'negative': 'count as absent',
    'positive': 'count as present',
}
_LONG = 30
"""Texts with more characters may be broken into lines."""


def write_report(
    path: str | os.PathLike,
    dump: PredictionDump,
    analyses: Iterable[Analysis],
) -> Path:
    """Write one HTML file, pictures included, that asks for nothing else.

    All that comes from files, as class names and paths, is escaped, and the
    page allows the browser no other script than its own.

    Args:
        path (str | PathLike): The file; its folder is made if need be.
        dump (PredictionDump): Of which the analyses are.
        analyses (Iterable[Analysis]): Parts of the page.

    Returns:
        Path: The file.
    """
    measures = measure_dump(dump)
    style, script = (
        _PAGE.loader.get_source(_PAGE, f'page.{kind}')[0]
        for kind in ('css', 'js')
    )
    text = _PAGE.get_template('page.html').render(
        title=f'Multi-label predictions: {dump.name}',
        subtitle=f'{len(dump.scores):,} images, {len(dump.classes)} classes',
        tiles={
            f'{name} %': f'{measures[name]:.1f}'
            for name in ('mAP', 'CF1', 'OF1', 'CP', 'CR', 'OP', 'OR')
        },
        facts=_describe(dump),
        analyses=[
            _as_part(analysis, len(dump.classes)) for analysis in analyses
        ],
        footer=f'Made by mmsrdl {__version__}, without access to a network.',
        style=style,
        script=script,
        style_sum=_sum(style),
        script_sum=_sum(script),
    )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, 'utf-8', errors='backslashreplace')
    return path


def _sum(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f'sha256-{base64.b64encode(digest).decode()}'


def _describe(dump: PredictionDump) -> dict[str, str]:
    record, metric = dump.record, dump.metric
    unknown = (dump.targets < 0).float().mean().item()
    protocol = record.get('protocol')
    if protocol in list_protocols():
        protocol = load_protocol(protocol).describe(
            metric['ap'], metric['difficult']
        )
    facts = {
        'Data set': dump.dataset,
        'Protocol': protocol,
        'Config': record.get('config'),
        'Checkpoint': record.get('checkpoint'),
        'Labels': f'predicted from a score of {metric["thr"]:g} on',
        'Difficult labels': ', '.join(
            f'{_DIFFICULT[metric["difficult"][key]]} for {use}'
            for key, use in (('ap', 'AP'), ('f1', 'P, R and F1'))
        ),
        'Unknown labels': f'{100 * unknown:.2g} % of all, left out',
        'Average precision': metric['ap'],
        'Classes without a positive': 'left out of means over classes'
        if metric['absent'] == 'skip'
        else 'count 0 in means over classes',
        'Views': 'mean over the views of test-time augmentation'
        if record.get('tta')
        else 'one per image',
        'Precision of numbers': 'half' if record.get('half_precision') else '',
        'Versions': ', '.join(
            f'{name} {version}'
            for name, version in record.get('versions', {}).items()
        ),
        'Tested': record.get('created'),
    }
    if not record:
        facts['Views'] = ''
        facts['Test'] = (
            'the dump does not tell what was tested, as it is not of '
            'tools/test.py'
        )
    return {name: str(fact) for name, fact in facts.items() if fact}


def _as_part(analysis: Analysis, num_classes: int) -> dict[str, Any]:
    rows = max(_ROWS, num_classes)
    return dict(
        name=analysis.name,
        title=analysis.title,
        notes=analysis.notes,
        tables=[
            _as_rows(name, table, rows)
            for name, table in analysis.tables.items()
        ],
        # The images themselves are better than a picture of them.
        pictures=[]
        if analysis.images
        else [
            _as_picture(name, figure)
            for name, figure in analysis.figures.items()
        ],
        images=[_as_image(image) for image in analysis.images],
    )


def _as_rows(name: str, table: Table, most: int) -> dict[str, Any]:
    columns = {
        heading: list(values[:most]) for heading, values in table.items()
    }
    numeric = {
        heading: not any(isinstance(value, str) for value in values)
        for heading, values in columns.items()
    }
    total = len(next(iter(table.values())))
    note = f'{total:,} rows' if total > 8 else ''
    if total > most:
        note = (
            f'the first {most} of {total:,} rows; the CSV files of '
            'tools/analysis_tools/analyze_predictions.py have all'
        )
    cells = (
        [_as_cell(heading, value, numeric[heading]) for value in values]
        for heading, values in columns.items()
    )
    return dict(
        name=name,
        headings=[
            dict(text=heading, is_number=numeric[heading])
            for heading in columns
        ],
        rows=list(zip(*cells, strict=True)),
        note=note,
    )


def _as_cell(
    heading: str, value: str | float | int | None, is_number: bool
) -> dict[str, str]:
    if is_number:
        text = '–'
        if isinstance(value, float):
            digits = 4 if heading.endswith(('thr', 'entropy')) else 2
            text = f'{value:.{digits}f}'
        elif value is not None:
            text = f'{value:,}'
        return dict(text=text, kind='number')
    return dict(text=value, kind='long' if len(value) > _LONG else '')


def _as_picture(name: str, figure: Figure) -> dict[str, Any]:
    stream = io.BytesIO()
    figure.savefig(stream, format='png')
    return dict(
        name=name.replace('_', ' '),
        source=_as_url(stream.getvalue(), 'png'),
        width=round(figure.get_figwidth() * 100),
    )


def _as_image(entry: SheetImage) -> dict[str, Any]:
    source = ''
    if entry.image is not None:
        stream = io.BytesIO()
        image = Image.fromarray(np.asarray(entry.image))
        image.save(stream, 'JPEG', quality=80)
        source = _as_url(stream.getvalue(), 'jpeg')
    return {**entry._asdict(), 'source': source}


def _as_url(content: bytes, kind: str) -> str:
    return f'data:image/{kind};base64,{base64.b64encode(content).decode()}'
