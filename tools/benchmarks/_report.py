"""What the benchmarks share: the machine, tables and result files."""

import json
import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

PACKAGES = (
    'torch',
    'torchvision',
    'numpy',
    'opencv-python',
    'opencv-python-headless',
    'pillow',
    'mmengine',
    'mmcv',
    'mmcv-lite',
    'mmpretrain',
    'mmsrdl',
    'onnx',
    'onnxruntime',
    'triton',
)


def describe_machine() -> dict:
    """Describe what the figures were measured on.

    Returns:
        dict: ``cpu`` (str), ``cores`` (int, those this process may use),
        ``load`` (float, of the last minute), ``torch_threads`` (int), ``gpu``
        (str or None), ``gpu_memory_gib`` (float or None), ``cuda`` (str or
        None), ``python`` (str), ``system`` (str) and ``versions`` (dict of
        the installed packages).
    """
    machine = {
        'cpu': _cpu_model(),
        'cores': _cores(),
        'load': os.getloadavg()[0],
        'torch_threads': torch.get_num_threads(),
        'gpu': None,
        'gpu_memory_gib': None,
        'cuda': torch.version.cuda,
        'python': platform.python_version(),
        'system': platform.platform(),
        'versions': {},
    }
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        machine['gpu'] = properties.name
        machine['gpu_memory_gib'] = round(properties.total_memory / 2**30, 1)
    for name in PACKAGES:
        try:
            machine['versions'][name] = version(name)
        except PackageNotFoundError:
            continue
    return machine


def print_machine(machine: dict) -> None:
    """Print what :func:`describe_machine` returned, in three lines."""
    versions = machine['versions'].items()
    load = f'load {machine["load"]:.2f}'
    print(f'CPU: {machine["cpu"]}, {machine["cores"]} cores, {load}')
    if machine['gpu']:
        memory = machine['gpu_memory_gib']
        print(f'GPU: {machine["gpu"]}, {memory} GiB, CUDA {machine["cuda"]}')
    print(
        f'Python {machine["python"]}, '
        + ', '.join(f'{name} {number}' for name, number in versions)
    )


def print_table(title: str, rows: list[dict]) -> None:
    """Print rows as a table whose columns are the keys of all rows.

    Args:
        title (str): What the table shows.
        rows (list[dict]): A value per column; floats are printed with three
            significant digits, or none behind the point from 100 on, and
            what is missing or None as ``-``.
    """
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table(title=title, title_justify='left')
    for column in columns:
        numbers = all(
            isinstance(row.get(column), int | float | None) for row in rows
        )
        table.add_column(column, justify='right' if numbers else 'left')
    for row in rows:
        table.add_row(*(_format(row.get(column)) for column in columns))
    # A narrow terminal, or none, must not cut the figures.
    width = Console(width=10_000).measure(table).maximum
    Console(width=max(width, len(title))).print(table)


def format_markdown(rows: list[dict]) -> str:
    """Return rows as a table in Markdown, cells as in :func:`print_table`."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = ['| ' + ' | '.join(columns) + ' |']
    lines.append('|---' + '|--:' * (len(columns) - 1) + '|')
    for row in rows:
        cells = [_format(row.get(column), '#.3g') for column in columns]
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)


def has_part(page: Path, name: str) -> bool:
    """Tell whether a page has a place for a part (:func:`write_part`)."""
    return page.is_file() and _begin(name) in page.read_text('utf-8')


def write_part(page: Path, name: str, blocks: list[str]) -> None:
    """Put blocks of Markdown between the marks of a part of a page.

    Args:
        page (Path): With the lines ``<!-- begin of NAME -->`` and, below it,
            ``<!-- end of NAME -->``, which stay.
        name (str): Of the part.
        blocks (list[str]): Paragraphs, tables and pictures.
    """
    begin, end = _begin(name), f'<!-- end of {name} -->'
    content = '\n\n'.join([begin, *blocks, end])
    pattern = re.escape(begin) + '.*?' + re.escape(end)
    text = page.read_text('utf-8')
    text = re.sub(pattern, lambda _: content, text, flags=re.DOTALL)
    page.write_text(text, 'utf-8')


def _begin(name: str) -> str:
    return f'<!-- begin of {name} -->'


def write_json(path: str | os.PathLike, content: dict) -> None:
    """Write the results of a benchmark, making the folder if need be."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + '\n', 'utf-8')


def _format(value: object, digits: str = '.3g') -> str:
    if value is None:
        return '-'
    if isinstance(value, float):
        return f'{value:.0f}' if abs(value) >= 100 else f'{value:{digits}}'
    return str(value)


def _cores() -> int:
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_model() -> str:
    """Return the name of the processor, which Python gives on no Linux."""
    info = Path('/proc/cpuinfo')
    if info.is_file():
        for line in info.read_text('utf-8', 'replace').splitlines():
            name, _, value = line.partition(':')
            if name.strip() == 'model name':
                return value.strip()
    return platform.processor() or platform.machine()
