"""Files of predictions, written while they come."""

import csv
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, repeat
from pathlib import Path
from typing import TextIO

SUFFIXES = ('.json', '.csv')
_MAPS = ('pred_maps', 'maps_box')


@contextmanager
def write_predictions(
    path: str | os.PathLike, classes: Sequence[str]
) -> Iterator[Callable[[dict], None]]:
    """Write predictions to a file that appears when all are in it.

    Until then, and after an error, they are in ``<path>.part``.

    - ``.json``: a list of what the inferencer gives, maps left out, one line
      per image.
    - ``.csv``: a line per image, for spreadsheets: ``image``, its ``labels``
      with ``;`` between them, best first, ``error``, and the score of each
      class. ``csv_to_multilabel.py`` reads it with
      ``--label-columns labels``.

    Args:
        path (str | PathLike): The file; its folder is made if need be.
        classes (Sequence[str]): Class names.

    Yields:
        Callable: Takes the prediction for the next image, a dict of the
        inferencer's.

    Raises:
        IsADirectoryError: If a folder is in the place of the file.
        ValueError: If the file ends in something else.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ValueError(f'{str(path)!r} must end in {" or ".join(SUFFIXES)}.')
    if path.is_dir():
        raise IsADirectoryError(f'{str(path)!r} is a folder.')
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'{path.name}.part')
    is_csv = path.suffix == '.csv'
    with open(
        part,
        'w',
        # Spreadsheets take a table for UTF-8 by its first character.
        encoding='utf-8-sig' if is_csv else 'utf-8',
        errors='backslashreplace',  # file names need not be Unicode
        newline='',
    ) as file:
        if is_csv:
            yield _row_writer(file, classes)
        else:
            file.write('[')
            separators = chain(['\n'], repeat(',\n'))
            yield lambda result: file.write(
                next(separators) + _to_json(result)
            )
            file.write('\n]\n')
    os.replace(part, path)


def _to_json(result: dict) -> str:
    kept = {k: v for k, v in result.items() if k not in _MAPS}
    return json.dumps(kept, ensure_ascii=False)


def _row_writer(
    file: TextIO, classes: Sequence[str]
) -> Callable[[dict], None]:
    table = csv.writer(file, lineterminator='\n')
    table.writerow(['image', 'labels', 'error', *classes])

    def write(result: dict) -> None:
        scores = [f'{score:.6f}' for score in result.get('scores', ())]
        table.writerow(
            [
                result['img_path'],
                ';'.join(result.get('pred_classes', ())),
                result.get('error', ''),
                *(scores or [''] * len(classes)),
            ]
        )

    return write
