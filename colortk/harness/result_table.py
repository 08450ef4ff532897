"""The results of one plugin on many pictures, in columns.

A comparison of 50,000 pictures with eight plugins has 400,000 results with some twenty scores each.
As objects they would take gigabytes; in columns, a score takes eight bytes.
"""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Collection, Hashable, Iterator, Mapping, MutableMapping, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from colortk.harness.records import FeatureVector, Key, Repeat, ResultRow, without_vectors
from colortk.types import Float64

T = TypeVar("T")
#: Columns of one number a result, which may be missing.
NUMBERS = ("seconds", "host_seconds", "metric_seconds", "peak_memory")


class Categories(Generic[T]):
    """A column with few different values: each value is kept once."""

    def __init__(self) -> None:
        self.codes = array("i")
        self.values: list[T] = []
        self._numbers: dict[Hashable, int] = {}

    def append(self, value: T, identity: Hashable) -> None:
        """Add the value of the next row; rows whose values have the same ``identity`` share one."""
        self.codes.append(self._number(value, identity))

    def replace(self, row: int, value: T, identity: Hashable) -> None:
        """Change the value of a row."""
        self.codes[row] = self._number(value, identity)

    def _number(self, value: T, identity: Hashable) -> int:
        number = self._numbers.setdefault(identity, len(self.values))
        if number == len(self.values):
            self.values.append(value)
        return number

    def __getitem__(self, row: int) -> T:
        return self.values[self.codes[row]]

    def used(self, rows: NDArray[np.int64]) -> list[T]:
        """Return the different values of some rows."""
        return [self.values[code] for code in np.unique(np.array(self.codes, np.int32)[rows])]


class ResultTable(MutableMapping[str, ResultRow]):
    """The results of one plugin by SHA-256 of the original.

    It is a mapping: looking up a picture makes a :class:`ResultRow` of its values, without images
    and histograms, which are in the store. Changing such a row changes nothing; assign it again.
    Statistics read whole columns: :meth:`rows_of`, :meth:`scores`, :meth:`numbers`.

    Parameters
    ----------
    key : Key
        The values that the results depend on.
    """

    def __init__(self, key: Key) -> None:
        self.key = key
        #: By row: why the plugin has no result.
        self.errors: dict[int, str] = {}
        #: By metric, then by row: why there is no score.
        self.metric_errors: dict[str, dict[int, str]] = {}
        #: By row: second predictions.
        self.repeats: dict[int, Repeat] = {}
        #: Which ways to the originals were closed; ``None``: not recorded.
        self.sealed: Categories[dict[str, bool] | None] = Categories()
        self._rows: dict[str, int] = {}
        self._scores: dict[str, array[float]] = {}
        self._numbers = {name: array("d") for name in NUMBERS}
        self._versions: Categories[str] = Categories()
        self._features: Categories[dict[str, FeatureVector]] = Categories()
        self._limits: dict[int, float] = {}

    @classmethod
    def of(cls, results: Mapping[str, ResultRow]) -> ResultTable:
        """Return results as a table; a table is returned as it is."""
        if isinstance(results, ResultTable):
            return results
        first = next(iter(results.values()), None)
        table = cls(Key("", "", "", "") if first is None else first.key)
        table.update(results)
        return table

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __contains__(self, picture: object) -> bool:
        return picture in self._rows

    def __getitem__(self, picture: str) -> ResultRow:
        row = self._rows[picture]
        *times, memory = (self._numbers[name][row] for name in NUMBERS)
        seconds, host_seconds, metric_seconds = (0.0 if math.isnan(t) else t for t in times)
        sealed = self.sealed[row]
        return ResultRow(
            picture,
            self.key,
            {
                name: value
                for name, column in self._scores.items()
                if row < len(column) and (value := column[row]) == value  # not NaN
            },
            {name: texts[row] for name, texts in self.metric_errors.items() if row in texts},
            self._versions[row],
            seconds,
            host_seconds,
            metric_seconds,
            None if math.isnan(memory) else int(memory),
            self.errors.get(row),
            limit=self._limits.get(row),
            repeat=self.repeats.get(row),
            sealed=None if sealed is None else dict(sealed),
            features=dict(self._features[row]),
        )

    def __setitem__(self, picture: str, result: ResultRow) -> None:
        row = self._rows.get(picture)
        if row is None:
            row = self.add(picture, result.version)
        else:
            self._versions.replace(row, result.version, result.version)
        for name in NUMBERS:
            value = getattr(result, name)
            self._numbers[name][row] = math.nan if value is None else value
        sealed = result.sealed
        identity = None if sealed is None else tuple(sorted(sealed.items()))
        self.sealed.replace(row, sealed, identity)
        self.set_features(row, result.features)
        for name, column in self._scores.items():
            if row < len(column) and name not in result.values:
                column[row] = math.nan
        for name, value in result.values.items():
            self.column(name)[row] = value
        for name, texts in self.metric_errors.items():
            if name not in result.errors:
                texts.pop(row, None)
        for name, text in result.errors.items():
            self.metric_errors.setdefault(name, {})[row] = sys.intern(text)
        _set(self.errors, row, _shared(result.error))
        _set(self.repeats, row, result.repeat)
        _set(self._limits, row, result.limit)

    def __delitem__(self, picture: str) -> None:
        raise TypeError("results are never removed from a table")

    def add(
        self,
        picture: str,
        version: str,
        numbers: Sequence[float | None] = (None,) * len(NUMBERS),
        error: str | None = None,
        limit: float | None = None,
    ) -> int:
        """Add a result without scores, and return its row. ``numbers`` as in ``NUMBERS``."""
        row = self._rows[picture] = len(self._rows)
        self._versions.append(version, version)
        self._features.append({}, ())
        self.sealed.append(None, None)
        for name, number in zip(NUMBERS, numbers, strict=True):
            self._numbers[name].append(math.nan if number is None else number)
        _set(self.errors, row, _shared(error))
        _set(self._limits, row, limit)
        return row

    def column(self, metric: str) -> array[float]:
        """Return the scores of a metric, one for each row, NaN where there is none."""
        column = self._scores.setdefault(metric, array("d"))
        missing = len(self._rows) - len(column)
        if missing:
            column.frombytes(np.full(missing, math.nan).tobytes())
        return column

    def set_features(self, row: int, features: Mapping[str, FeatureVector]) -> None:
        """Set which features of a row are stored."""
        identity = tuple(sorted((name, item.code) for name, item in features.items()))
        self._features.replace(row, without_vectors(dict(features)), identity)

    def rows_of(self, pictures: Collection[str]) -> NDArray[np.int64]:
        """Return the row of each picture, int64 (N,); -1 if there is none."""
        return np.array([self._rows.get(picture, -1) for picture in pictures], np.int64)

    def scores(self, metric: str, rows: NDArray[np.int64]) -> Float64:
        """Return the scores of rows, (N,); NaN where there is none, or the plugin failed."""
        if metric not in self._scores:
            return np.full(len(rows), np.nan)
        values = _at(self.column(metric), rows)
        if self.errors:
            values[np.isin(rows, list(self.errors))] = np.nan
        return values

    def with_score(self, metric: str) -> set[str]:
        """Return the SHA-256 of the originals that have a score of a metric."""
        scored = ~np.isnan(self.scores(metric, np.arange(len(self))))
        return {picture for picture, row in self._rows.items() if scored[row]}

    @property
    def failed(self) -> set[str]:
        """SHA-256 of the originals that the plugin failed on."""
        if not self.errors:
            return set()
        return {picture for picture, row in self._rows.items() if row in self.errors}

    def repeats_of(self, rows: NDArray[np.int64]) -> list[Repeat]:
        """Return the second predictions of rows."""
        return [self.repeats[row] for row in rows.tolist() if row in self.repeats]

    def numbers(self, name: str, rows: NDArray[np.int64]) -> Float64:
        """Return a column of ``NUMBERS``, (N,); NaN where there is none."""
        return _at(self._numbers[name], rows)


def _shared(text: str | None) -> str | None:
    """Return a text that equal texts share."""
    return None if text is None else sys.intern(text)


def _at(column: array[float], rows: NDArray[np.int64]) -> Float64:
    # The last value, which row -1 looks up, is that of a missing result.
    values: Float64 = np.append(np.frombuffer(column, np.float64), np.nan)[rows]
    return values


def _set(column: dict[int, T], row: int, value: T | None) -> None:
    """Set the value of a row, or remove it."""
    if value is None:
        column.pop(row, None)
    else:
        column[row] = value
