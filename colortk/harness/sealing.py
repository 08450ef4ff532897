"""Sealing: which ways to the originals were closed to a plugin while it was scored."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from colortk.harness.result_table import ResultTable
from colortk.runtime.readable import code_roots, is_beneath
from colortk.runtime.sandbox import ASPECTS, Hidden


class _Source(Protocol):
    """A picture or a film; ``data`` if it is no file."""

    @property
    def name(self) -> str: ...

    @property
    def data(self) -> bytes | None: ...


def hidden_from_plugins(sources: Iterable[_Source], store: Path, everywhere: bool) -> Hidden:
    """Return files that plugins must not be able to read, although they may lie where code is.

    Parameters
    ----------
    sources : iterable
        The pictures or films that are scored, each with ``name``, and ``data`` if it is no file.
    store : Path
        The folder of the results.
    everywhere : bool
        List all folders of the files, also those that lie nowhere near code on this machine: the
        plugins run on others.
    """
    files = {source.name for source in sources if source.data is None}
    folders = sorted({str(Path(file).absolute().parent) for file in files})
    if not everywhere:
        roots = [*code_roots(), "/usr", "/sys"]
        folders = [folder for folder in folders if is_beneath(folder, roots)]
    return Hidden(tuple(folders), (str(store.absolute()),))


def write_sealed(db: sqlite3.Connection, result: int, sealed: dict[str, bool] | None) -> None:
    """Store which aspects were sealed for the result number ``result``, if it is known."""
    if sealed is not None:
        aspects = " ".join(sorted(name for name, is_sealed in sealed.items() if is_sealed))
        db.execute("INSERT OR REPLACE INTO sealed VALUES (?, ?)", (result, aspects))


def read_sealed(
    db: sqlite3.Connection,
    condition: str,
    values: Sequence[str],
    rows: Mapping[int, int],
    table: ResultTable,
) -> None:
    """Set what was sealed for the results that fulfill ``condition``, an SQL expression.

    ``rows`` are the rows in ``table`` by the number of the result.
    """
    query = "SELECT results.id, aspects FROM sealed JOIN results ON results.id = sealed.result"
    for result, aspects in db.execute(f"{query} WHERE {condition}", values):
        if result in rows and isinstance(aspects, str):
            sealed = dict.fromkeys(aspects.split(), True)
            table.sealed.replace(rows[result], sealed, aspects)


def summarize_sealing(reports: Collection[dict[str, bool] | None]) -> dict[str, bool | None]:
    """Summarize what was sealed for one plugin: an aspect is, if it was sealed for all results.

    Parameters
    ----------
    reports : collection of (dict or None)
        The different reports of its results; ``None``: not recorded.

    Returns
    -------
    dict
        Aspect to whether it was sealed; ``None`` if it was not recorded for some result. Empty
        without results.
    """
    if not reports:
        return {}
    return {
        aspect: _all([None if s is None else s.get(aspect, False) for s in reports])
        for aspect in ASPECTS
    }


def _all(values: list[bool | None]) -> bool | None:
    if False in values:
        return False
    return None if None in values or not values else True
