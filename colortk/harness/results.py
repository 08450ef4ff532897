"""Store results in SQLite as soon as they are computed, so that a comparison can be continued."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from colortk.errors import EnvironmentProblem
from colortk.harness.protocol import Protocol
from colortk.harness.records import Key, PictureRow, ResultRow, readable
from colortk.harness.result_reader import RESULTS_FILE, ResultReader
from colortk.harness.results_file import is_damage, repairing, transaction
from colortk.harness.sealing import write_sealed
from colortk.harness.stored_features import write_features, write_original_features
from colortk.harness.unfinished import delete_planned, write_planned

__all__ = ["RESULTS_FILE", "Results"]

#: Pictures whose results wait for a file that cannot be written; of more, the oldest are dropped.
MAX_WAITING = 500


class Results(ResultReader):
    """The file of results in a store, for reading and writing.

    A killed process leaves it consistent, and several processes may write to it.

    Attributes
    ----------
    problem : str
        Why some results could not be written; empty if all are stored.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.problem = ""
        self._waiting: deque[tuple[Protocol, PictureRow, list[ResultRow], dict[str, str]]] = deque()
        self._dropped = False

    def store(
        self,
        protocol: Protocol,
        picture: PictureRow,
        rows: Iterable[ResultRow],
        metric_code: dict[str, str],
    ) -> None:
        """Store as :meth:`add` does, but continue if the file cannot be written.

        Results that could not be written are tried again with the next ones; ``problem`` says why.
        """
        self._waiting.append((protocol, picture, list(rows), metric_code))
        self.flush()

    def flush(self) -> None:
        """Write the results that wait, if the file can be written now."""
        while self._waiting:
            try:
                self.add(*self._waiting[0])
            except EnvironmentProblem as error:
                self.problem = str(error)
                self._db.execute(
                    "PRAGMA busy_timeout = 1000"
                )  # Otherwise each result would wait for the full time-out.
                while len(self._waiting) > MAX_WAITING:
                    self._waiting.popleft()
                    self._dropped = True
                return
            self._waiting.popleft()
        if not self._dropped:
            self.problem = ""

    def plan(self, protocol: Protocol, planned: Mapping[Key, Sequence[str]]) -> None:
        """Store the pictures that a comparison begins with, if the file can be written now.

        Parameters
        ----------
        protocol : Protocol
            How pictures are prepared.
        planned : mapping of Key to sequence of str
            SHA-256 of the originals that a version of a plugin has no result of yet.
        """
        with contextlib.suppress(sqlite3.OperationalError):
            write_planned(self._db, protocol.hash, planned)

    def finish(self, protocol: Protocol, keys: Iterable[Key], pictures: Collection[str]) -> None:
        """Record that a comparison of these plugins on these originals (SHA-256) has ended.

        Results that cannot be written leave it unfinished.
        """
        self.flush()
        if not self.problem:
            with contextlib.suppress(sqlite3.OperationalError):
                delete_planned(self._db, protocol.hash, keys, pictures)

    def add_difference_hashes(self, hashes: dict[str, int]) -> None:
        """Store difference hashes by SHA-256 of the original, if the file can be written now."""
        with contextlib.suppress(sqlite3.OperationalError), transaction(self._db):
            self._db.executemany(
                "INSERT OR REPLACE INTO difference_hashes VALUES (?, ?)",
                ((picture, f"{value:016x}") for picture, value in hashes.items()),
            )

    @repairing
    def add(
        self,
        protocol: Protocol,
        picture: PictureRow,
        rows: Iterable[ResultRow],
        metric_code: dict[str, str],
    ) -> None:
        """Store a picture and its results in one transaction.

        Parameters
        ----------
        protocol : Protocol
            How the picture was prepared.
        picture : PictureRow
            The original.
        rows : iterable of ResultRow
            Results of plugins on it.
        metric_code : dict of str to str
            Digest of each metric's code, by name.

        Raises
        ------
        EnvironmentProblem
            If the file cannot be written.
        """
        try:
            with transaction(self._db):
                if protocol.hash not in self._stored_protocols:
                    self._db.execute(
                        "INSERT OR IGNORE INTO protocols VALUES (?, ?)",
                        (protocol.hash, protocol.text),
                    )
                self._db.execute(
                    f"INSERT OR REPLACE INTO pictures VALUES ({','.join('?' * 11)})",
                    (
                        protocol.hash, picture.picture, readable(picture.name), picture.width,
                        picture.height, picture.chroma, picture.colorfulness, picture.enlarged,
                        picture.histogram, picture.truth, picture.gray,
                    ),
                )  # fmt: skip
                if picture.pixels:
                    self._db.execute(
                        "INSERT OR REPLACE INTO pixels VALUES (?, ?, ?)",
                        (protocol.hash, picture.picture, picture.pixels),
                    )
                write_original_features(self._db, protocol.hash, picture)
                for row in rows:
                    self._add_result(protocol, row, metric_code)
        except sqlite3.OperationalError as error:
            if is_damage(error):
                raise
            raise EnvironmentProblem(
                f"the results '{self.path}' cannot be written",
                str(error),
                "the results so far are stored: free some disk space and run the same command"
                " again, or use another --store",
            ) from error
        self._stored_protocols.add(protocol.hash)

    def _add_result(self, protocol: Protocol, row: ResultRow, metric_code: dict[str, str]) -> None:
        key = row.key
        where = (protocol.hash, row.picture, key.plugin, key.artifact, key.options, key.code)
        columns = (
            "protocol", "picture", "plugin", "artifact", "options", "code", "version", "seconds",
            "host_seconds", "metric_seconds", "peak_memory", "error", "time_limit", "result",
            "heat", "histogram", "created",
        )  # fmt: skip
        # A failure never replaces a result. The times of the first run are kept.
        first = {"seconds", "host_seconds", "metric_seconds", "peak_memory"}
        updates = ", ".join(
            f"{c} = CASE WHEN results.error IS NULL THEN results.{c} ELSE excluded.{c} END"
            if c in first
            else f"{c} = excluded.{c}"
            for c in columns[6:]
        )
        inserted = self._db.execute(
            f"INSERT INTO results ({', '.join(columns)})"
            f" VALUES ({', '.join('?' * len(columns))})"
            " ON CONFLICT (protocol, picture, plugin, artifact, options, code) DO UPDATE"
            f" SET {updates} WHERE excluded.error IS NULL OR results.error IS NOT NULL"
            " RETURNING id",
            (
                *where, row.version, row.seconds, row.host_seconds, row.metric_seconds,
                row.peak_memory, row.error and readable(row.error), row.limit, row.result,
                row.heat, row.histogram,
                time.time(),
            ),
        ).fetchone()  # fmt: skip
        if inserted is None:
            return
        (number,) = inserted
        scores: list[tuple[Any, ...]] = [
            (number, name, metric_code.get(name, ""), value, None)
            for name, value in row.values.items()
        ]
        scores += [
            (number, name, metric_code.get(name, ""), None, readable(reason))
            for name, reason in row.errors.items()
        ]
        self._db.executemany("INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?, ?)", scores)
        if row.repeat is not None:
            repeat = row.repeat
            self._db.execute(
                "INSERT OR REPLACE INTO repeats VALUES (?, ?, ?, ?)",
                (number, repeat.difference, repeat.share, repeat.error and readable(repeat.error)),
            )

        write_sealed(self._db, number, row.sealed)
        write_features(self._db, number, row)
