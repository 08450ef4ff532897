"""The scores of each plugin on each picture, as records that are made when they are read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import overload

import numpy as np

from colortk.harness.score_table import ScoreTable
from colortk.harness.summary_rows import ScoreRecord


class ScoreRecords(Sequence[ScoreRecord]):
    """Records of all pictures of a table, picture by picture.

    Records of 50,000 pictures and eight plugins would take a gigabyte, so none is kept.

    Parameters
    ----------
    table : ScoreTable
        The scores.
    pictures : collection of str, optional
        Only records of these originals, by SHA-256.
    """

    def __init__(self, table: ScoreTable, pictures: Collection[str] | None = None) -> None:
        self._table = table
        present = np.stack(table.used_rows, 1) >= 0
        if pictures is not None:
            present &= np.array([s.picture in pictures for s in table.used], bool)[:, None]
        self._cells = np.flatnonzero(present)

    def __len__(self) -> int:
        return len(self._cells)

    @overload
    def __getitem__(self, index: int) -> ScoreRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[ScoreRecord]: ...
    def __getitem__(self, index: int | slice) -> ScoreRecord | list[ScoreRecord]:
        if isinstance(index, slice):
            return [self._record(int(cell)) for cell in self._cells[index]]
        return self._record(int(self._cells[index]))

    def _record(self, cell: int) -> ScoreRecord:
        table = self._table
        place, column = divmod(cell, len(table.variants))
        source, label = table.used[place], table.variants[column].label
        row = table.results_of(label)[source.picture]
        return ScoreRecord(
            source.picture,
            source.name,
            label,
            source.picture in table.near_gray,
            row.values,
            row.errors,
            row.seconds,
            row.repeat,
            row.error,
        )
