"""What an analysis gives: sentences, tables and pictures."""

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.figure import Figure

from mmsrdl.visualization.contact_sheet import SheetImage

Table = Mapping[str, Sequence[str | float | int | None]]
"""Heading to the values of the column; None is an empty cell."""


@dataclass(frozen=True, eq=False)
class Analysis:
    """A part of a report, which can be saved as files too.

    Args:
        name (str): A word.
        title (str): A heading.
        notes (Sequence[str]): Sentences that tell how to read it.
        tables (Mapping[str, Table]): By the names of their files.
        figures (Mapping[str, Figure]): By the names of their files.
        images (Sequence[SheetImage]): Images that a report shows in the
            place of the figures. Defaults to none.
    """

    name: str
    title: str
    notes: Sequence[str]
    tables: Mapping[str, Table]
    figures: Mapping[str, Figure]
    images: Sequence[SheetImage] = field(default=())

    def save(self, folder: str | os.PathLike) -> list[Path]:
        """Write each table as ``.csv`` and each figure as ``.png``.

        Args:
            folder (str | PathLike): Made if need be.

        Returns:
            list[Path]: The files.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for name, table in self.tables.items():
            paths.append(folder / f'{name}.csv')
            with paths[-1].open(
                'w',
                # Spreadsheets take a table for UTF-8 by its first character.
                encoding='utf-8-sig',
                errors='backslashreplace',  # file names need not be Unicode
                newline='',
            ) as file:
                writer = csv.writer(file, lineterminator='\n')
                writer.writerow(table)
                writer.writerows(zip(*table.values(), strict=True))
        for name, figure in self.figures.items():
            paths.append(folder / f'{name}.png')
            figure.savefig(paths[-1])
        return paths
