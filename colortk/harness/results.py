"""What has been computed, in SQLite: so that nothing is computed twice, and nothing is lost."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from colortk.errors import UsageError
from colortk.harness.protocol import Protocol

FILE = "results.sqlite"
#: Version of the tables below; a file of another one is not touched.
SCHEMA = 1
#: Seconds to wait for another process's writing.
BUSY = 60.0
_TABLES = """
CREATE TABLE IF NOT EXISTS protocols (hash TEXT PRIMARY KEY, definition TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pictures (
    protocol TEXT NOT NULL, picture TEXT NOT NULL, name TEXT NOT NULL,
    width INTEGER, height INTEGER, chroma REAL, colorfulness REAL, enlarged INTEGER,
    histogram BLOB, truth BLOB, grey BLOB,
    PRIMARY KEY (protocol, picture)
);
CREATE TABLE IF NOT EXISTS results (
    id INTEGER PRIMARY KEY,
    protocol TEXT NOT NULL, picture TEXT NOT NULL, plugin TEXT NOT NULL,
    artifact TEXT NOT NULL, options TEXT NOT NULL, code TEXT NOT NULL,
    version TEXT, seconds REAL, host_seconds REAL, metric_seconds REAL, peak_memory INTEGER,
    error TEXT, result BLOB, heat BLOB, histogram BLOB, created REAL NOT NULL,
    UNIQUE (protocol, picture, plugin, artifact, options, code)
);
CREATE TABLE IF NOT EXISTS scores (
    result INTEGER NOT NULL REFERENCES results (id) ON DELETE CASCADE,
    metric TEXT NOT NULL, code TEXT NOT NULL, value REAL, error TEXT,
    PRIMARY KEY (result, metric)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Key:
    """What a result of a picture depends on, besides the protocol and the picture."""

    plugin: str
    artifact: str
    options: str
    code: str


@dataclass
class PictureRow:
    """A picture under a protocol. ``histogram``: uint32 (22, 22) of a*, b*; the rest JPEG."""

    picture: str
    name: str
    width: int
    height: int
    chroma: float
    colorfulness: float
    enlarged: bool
    histogram: bytes = b""
    truth: bytes = b""
    grey: bytes = b""


@dataclass
class ResultRow:
    """What one plugin made of one picture: scores, or the error instead.

    ``fatal``: its process died or was stopped (not kept).
    """

    picture: str
    key: Key
    values: dict[str, float] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    version: str = ""
    seconds: float = 0.0
    host_seconds: float = 0.0
    metric_seconds: float = 0.0
    peak_memory: int | None = None
    error: str | None = None
    result: bytes = b""
    heat: bytes = b""
    histogram: bytes = b""
    fatal: bool = False


class Results:
    """The file of results in a store; safe against kills and against others who write too."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        try:
            self._db = sqlite3.connect(self.path, timeout=BUSY, isolation_level=None)
            self._prepare()
        except sqlite3.Error as error:
            raise UsageError(
                f"the results '{self.path}' cannot be used",
                str(error),
                "name another folder with --store, or move the file away",
            ) from error

    def _prepare(self) -> None:
        # To switch a new file to WAL is refused at once, not after the time-out, while another
        # process does the same.
        patience = time.monotonic() + BUSY
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError:
                if time.monotonic() > patience:
                    raise
                time.sleep(0.05)
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        if found not in (0, SCHEMA):
            raise UsageError(
                f"the results in '{self.path}' are of version {found}",
                f"this colortk writes version {SCHEMA}",
                "name another folder with --store",
            )
        if found == 0:
            with self._transaction():
                for statement in _TABLES.split(";"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {SCHEMA}")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def add(
        self,
        how: Protocol,
        picture: PictureRow,
        rows: Iterable[ResultRow],
        metric_code: dict[str, str],
    ) -> None:
        """Keep a picture and what plugins made of it, all or nothing."""
        with self._transaction():
            self._db.execute("INSERT OR IGNORE INTO protocols VALUES (?, ?)", (how.hash, how.text))
            self._db.execute(
                f"INSERT OR REPLACE INTO pictures VALUES ({','.join('?' * 11)})",
                (
                    how.hash, picture.picture, picture.name, picture.width, picture.height,
                    picture.chroma, picture.colorfulness, picture.enlarged,
                    picture.histogram, picture.truth, picture.grey,
                ),
            )  # fmt: skip
            for row in rows:
                self._add_result(how, row, metric_code)

    def _add_result(self, how: Protocol, row: ResultRow, metric_code: dict[str, str]) -> None:
        key = row.key
        where = (how.hash, row.picture, key.plugin, key.artifact, key.options, key.code)
        (number,) = self._db.execute(
            "INSERT INTO results (protocol, picture, plugin, artifact, options, code, version,"
            " seconds, host_seconds, metric_seconds, peak_memory, error, result, heat, histogram,"
            f" created) VALUES ({','.join('?' * 16)})"
            " ON CONFLICT (protocol, picture, plugin, artifact, options, code) DO UPDATE SET"
            " version = excluded.version, seconds = excluded.seconds,"
            " host_seconds = excluded.host_seconds, metric_seconds = excluded.metric_seconds,"
            " peak_memory = excluded.peak_memory, error = excluded.error,"
            " result = excluded.result, heat = excluded.heat, histogram = excluded.histogram,"
            " created = excluded.created RETURNING id",
            (
                *where, row.version, row.seconds, row.host_seconds, row.metric_seconds,
                row.peak_memory, row.error, row.result, row.heat, row.histogram, time.time(),
            ),
        ).fetchone()  # fmt: skip
        scores: list[tuple[Any, ...]] = [
            (number, name, metric_code.get(name, ""), value, None)
            for name, value in row.values.items()
        ]
        scores += [
            (number, name, metric_code.get(name, ""), None, why) for name, why in row.errors.items()
        ]
        self._db.executemany("INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?, ?)", scores)

    def pictures(self, protocol_hash: str) -> dict[str, PictureRow]:
        """Every picture of a protocol by its SHA-256, without its thumbnails."""
        rows = self._db.execute(
            "SELECT picture, name, width, height, chroma, colorfulness, enlarged FROM pictures"
            " WHERE protocol = ?",
            (protocol_hash,),
        )
        return {
            sha: PictureRow(sha, name, width, height, chroma, colorfulness, bool(enlarged))
            for sha, name, width, height, chroma, colorfulness, enlarged in rows
        }

    def results(
        self, protocol_hash: str, key: Key, metric_code: dict[str, str] | None = None
    ) -> dict[str, ResultRow]:
        """Results with ``key`` by picture; with ``metric_code``, scores of that code alone."""
        found: dict[str, ResultRow] = {}
        where = (protocol_hash, key.plugin, key.artifact, key.options, key.code)
        condition = (
            "protocol = ? AND plugin = ? AND artifact = ? AND options = ? AND results.code = ?"
        )
        for row in self._db.execute(
            "SELECT picture, version, seconds, host_seconds, metric_seconds, peak_memory, error"
            f" FROM results WHERE {condition}",
            where,
        ):
            found[row[0]] = ResultRow(
                row[0], key, {}, {}, row[1] or "", row[2], row[3], row[4], row[5], row[6]
            )
        for picture, metric, code, value, error in self._db.execute(
            "SELECT picture, metric, scores.code, value, scores.error FROM scores"
            f" JOIN results ON results.id = scores.result WHERE {condition}",
            where,
        ):
            if metric_code is not None and metric_code.get(metric) != code:
                continue
            if error is None:
                found[picture].values[metric] = value
            else:
                found[picture].errors[metric] = error
        return found

    def thumbnails(self, how: Protocol, picture: str) -> tuple[bytes, bytes]:
        """JPEG of the truth and of its lightness; empty if the picture is not there."""
        row = self._db.execute(
            "SELECT truth, grey FROM pictures WHERE protocol = ? AND picture = ?",
            (how.hash, picture),
        ).fetchone()
        return row or (b"", b"")

    def views(self, how: Protocol, picture: str, key: Key) -> tuple[bytes, bytes]:
        """JPEG of a result and of its ΔE94 map; empty if there is none."""
        row = self._db.execute(
            "SELECT result, heat FROM results WHERE protocol = ? AND picture = ?"
            " AND plugin = ? AND artifact = ? AND options = ? AND code = ?",
            (how.hash, picture, key.plugin, key.artifact, key.options, key.code),
        ).fetchone()
        return row or (b"", b"")

    def histograms(self, how: Protocol, key: Key | None) -> dict[str, bytes]:
        """Histograms by picture: of a plugin's results, or of the originals."""
        if key is None:
            rows = self._db.execute(
                "SELECT picture, histogram FROM pictures WHERE protocol = ?", (how.hash,)
            )
        else:
            rows = self._db.execute(
                "SELECT picture, histogram FROM results WHERE protocol = ? AND plugin = ?"
                " AND artifact = ? AND options = ? AND code = ? AND error IS NULL",
                (how.hash, key.plugin, key.artifact, key.options, key.code),
            )
        return dict(rows.fetchall())

    def protocols(self) -> dict[str, dict[str, Any]]:
        """Definitions of the protocols that there are results of, by hash."""
        rows = self._db.execute("SELECT hash, definition FROM protocols")
        return {row[0]: json.loads(row[1]) for row in rows}

    def keys(self, protocol_hash: str) -> list[tuple[Key, int, float]]:
        """Every key of a protocol, with its number of pictures and when it was last written."""
        rows = self._db.execute(
            "SELECT plugin, artifact, options, code, COUNT(*), MAX(created) FROM results"
            " WHERE protocol = ? GROUP BY plugin, artifact, options, code ORDER BY MAX(created)",
            (protocol_hash,),
        )
        return [(Key(*row[:4]), row[4], row[5]) for row in rows]
