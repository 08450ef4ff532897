"""What has been computed, in SQLite: so that nothing is computed twice, and nothing is lost."""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from colortk.errors import EnvironmentProblem
from colortk.harness.protocol import Protocol
from colortk.harness.records import Key, PictureRow, Repeat, ResultRow, readable
from colortk.harness.results_file import (
    blobs,
    definitions,
    identity_of,
    is_damage,
    is_number,
    opened,
    repairing,
    set_aside,
    transaction,
)
from colortk.harness.sealing import read_sealed, write_sealed

FILE = "results.sqlite"
#: Pictures whose results wait for a file that cannot be written; of more, the first are dropped.
WAITING = 500


class Results:
    """The file of results in a store; safe against kills and against others who write too."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._known: set[str] = set()  # protocols that are in the file
        self._wanted: frozenset[str] | None = None  # what the temporary table holds
        #: Why results could not be written, and those that wait for a next try.
        self.problem = ""
        self._waiting: deque[tuple[Protocol, PictureRow, list[ResultRow], dict[str, str]]] = deque()
        self._dropped = False
        self._db = opened(self.path)
        self._file = identity_of(self.path)

    def repair(self, error: sqlite3.Error) -> None:
        """Set the damaged file aside and begin a new one, unless another process has done so."""
        self._db.close()
        if identity_of(self.path) == self._file:
            set_aside(self.path, error)
        self._db = opened(self.path)
        self._file = identity_of(self.path)
        self._known, self._wanted = set(), None

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def store(
        self,
        how: Protocol,
        picture: PictureRow,
        rows: Iterable[ResultRow],
        metric_code: dict[str, str],
    ) -> None:
        """:meth:`add`, but a file that cannot be written stops nothing.

        What could not be written waits and is tried again with the next; ``problem`` says why.
        """
        self._waiting.append((how, picture, list(rows), metric_code))
        self.flush()

    def flush(self) -> None:
        """Try to write what waits."""
        while self._waiting:
            try:
                self.add(*self._waiting[0])
            except EnvironmentProblem as error:
                self.problem = str(error)
                self._db.execute("PRAGMA busy_timeout = 1000")  # each result would wait so long
                while len(self._waiting) > WAITING:
                    self._waiting.popleft()
                    self._dropped = True
                return
            self._waiting.popleft()
        if not self._dropped:
            self.problem = ""

    @repairing
    def add(
        self,
        how: Protocol,
        picture: PictureRow,
        rows: Iterable[ResultRow],
        metric_code: dict[str, str],
    ) -> None:
        """Keep a picture and what plugins made of it, all or nothing.

        Raises ``EnvironmentProblem`` if it cannot be written.
        """
        try:
            with transaction(self._db):
                if how.hash not in self._known:
                    self._db.execute(
                        "INSERT OR IGNORE INTO protocols VALUES (?, ?)", (how.hash, how.text)
                    )
                self._db.execute(
                    f"INSERT OR REPLACE INTO pictures VALUES ({','.join('?' * 11)})",
                    (
                        how.hash, picture.picture, readable(picture.name), picture.width,
                        picture.height, picture.chroma, picture.colorfulness, picture.enlarged,
                        picture.histogram, picture.truth, picture.grey,
                    ),
                )  # fmt: skip
                if picture.pixels:
                    self._db.execute(
                        "INSERT OR REPLACE INTO pixels VALUES (?, ?, ?)",
                        (how.hash, picture.picture, picture.pixels),
                    )
                for row in rows:
                    self._add_result(how, row, metric_code)
        except sqlite3.OperationalError as error:
            if is_damage(error):
                raise
            raise EnvironmentProblem(
                f"the results '{self.path}' cannot be written",
                str(error),
                "what was kept is safe: make room and run it again, or name another --store",
            ) from error
        self._known.add(how.hash)

    def _add_result(self, how: Protocol, row: ResultRow, metric_code: dict[str, str]) -> None:
        key = row.key
        where = (how.hash, row.picture, key.plugin, key.artifact, key.options, key.code)
        columns = (
            "protocol", "picture", "plugin", "artifact", "options", "code", "version", "seconds",
            "host_seconds", "metric_seconds", "peak_memory", "error", "time_limit", "result", "heat",
            "histogram", "created",
        )  # fmt: skip
        # A failure never takes the place of a result. Seconds stay those of the first time.
        first = {"seconds", "host_seconds", "metric_seconds", "peak_memory"}
        updates = ", ".join(
            f"{c} = CASE WHEN results.error IS NULL THEN results.{c} ELSE excluded.{c} END"
            if c in first
            else f"{c} = excluded.{c}"
            for c in columns[6:]
        )
        found = self._db.execute(
            f"INSERT INTO results ({', '.join(columns)})"
            f" VALUES ({', '.join('?' * len(columns))})"
            " ON CONFLICT (protocol, picture, plugin, artifact, options, code) DO UPDATE"
            f" SET {updates} WHERE excluded.error IS NULL OR results.error IS NOT NULL"
            " RETURNING id",
            (
                *where, row.version, row.seconds, row.host_seconds, row.metric_seconds,
                row.peak_memory, row.error and readable(row.error), row.limit, row.result, row.heat, row.histogram,
                time.time(),
            ),
        ).fetchone()  # fmt: skip
        if found is None:
            return
        (number,) = found
        scores: list[tuple[Any, ...]] = [
            (number, name, metric_code.get(name, ""), value, None)
            for name, value in row.values.items()
        ]
        scores += [
            (number, name, metric_code.get(name, ""), None, readable(why))
            for name, why in row.errors.items()
        ]
        self._db.executemany("INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?, ?)", scores)
        if row.repeat is not None:
            again = row.repeat
            self._db.execute(
                "INSERT OR REPLACE INTO repeats VALUES (?, ?, ?, ?)",
                (number, again.difference, again.share, again.error and readable(again.error)),
            )

        write_sealed(self._db, number, row.sealed)

    def _among(self, wanted: Iterable[str] | None) -> str:
        """A condition on ``picture``; the names go into a temporary table, they may be many."""
        if wanted is None:
            return ""
        names = frozenset(wanted)
        if names != self._wanted:
            self._db.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (picture TEXT PRIMARY KEY)")
            with transaction(self._db):
                self._db.execute("DELETE FROM wanted")
                self._db.executemany("INSERT INTO wanted VALUES (?)", ((name,) for name in names))
            self._wanted = names
        return " AND picture IN (SELECT picture FROM wanted)"

    @repairing
    def pictures(
        self, protocol_hash: str, wanted: Iterable[str] | None = None
    ) -> dict[str, PictureRow]:
        """Pictures of a protocol, or those ``wanted`` of them, by SHA-256, without thumbnails."""
        among = self._among(wanted)
        rows = self._db.execute(
            "SELECT picture, name, width, height, chroma, colorfulness, enlarged,"
            " COALESCE(digest, '') FROM pictures LEFT JOIN pixels USING (protocol, picture)"
            f" WHERE protocol = ?{among}",
            (protocol_hash,),
        )
        return {
            sha: PictureRow(
                sha, name, width, height, chroma, colorfulness, bool(enlarged), pixels=pixels
            )
            for sha, name, width, height, chroma, colorfulness, enlarged, pixels in rows
            if all(map(is_number, (width, height, chroma, colorfulness)))
        }

    @repairing
    def results(
        self,
        protocol_hash: str,
        key: Key,
        metric_code: dict[str, str] | None = None,
        wanted: Iterable[str] | None = None,
    ) -> dict[str, ResultRow]:
        """Results with ``key``, or those ``wanted`` of them, by picture.

        With ``metric_code``, scores of that code alone.
        """
        found: dict[str, ResultRow] = {}
        where = (protocol_hash, key.plugin, key.artifact, key.options, key.code)
        condition = (
            "protocol = ? AND plugin = ? AND artifact = ? AND options = ? AND results.code = ?"
            + self._among(wanted)
        )
        for row in self._db.execute(
            "SELECT picture, version, seconds, host_seconds, metric_seconds, peak_memory, error,"
            f" time_limit FROM results WHERE {condition}",
            where,
        ):
            # What is no number here is computed again, as what is missing.
            if not all(is_number(value, optional=True) for value in (*row[2:6], row[7])):
                continue
            found[row[0]] = ResultRow(
                row[0], key, {}, {}, row[1] or "", row[2], row[3], row[4], row[5], row[6]
            )
            found[row[0]].limit = row[7]
        for picture, *again in self._db.execute(
            "SELECT picture, difference, share, repeats.error FROM repeats"
            f" JOIN results ON results.id = repeats.result WHERE {condition}",
            where,
        ):
            if picture in found and all(is_number(value, optional=True) for value in again[:2]):
                found[picture].repeat = Repeat(*again)
        read_sealed(self._db, condition, where, found)
        for picture, metric, code, value, error in self._db.execute(
            "SELECT picture, metric, scores.code, value, scores.error FROM scores"
            f" JOIN results ON results.id = scores.result WHERE {condition}",
            where,
        ):
            other_code = metric_code is not None and metric_code.get(metric) != code
            if picture not in found or other_code:
                continue
            if error is not None:
                found[picture].errors[metric] = error
            elif is_number(value):
                found[picture].values[metric] = value
        return found

    @repairing
    def thumbnails(self, how: Protocol, picture: str) -> tuple[bytes, bytes]:
        """JPEG of the truth and of its lightness; empty if the picture is not there."""
        row = self._db.execute(
            "SELECT truth, grey FROM pictures WHERE protocol = ? AND picture = ?",
            (how.hash, picture),
        ).fetchone()
        return blobs(row)

    @repairing
    def views(self, how: Protocol, picture: str, key: Key) -> tuple[bytes, bytes]:
        """JPEG of a result and of its ΔE94 map; empty if there is none."""
        row = self._db.execute(
            "SELECT result, heat FROM results WHERE protocol = ? AND picture = ?"
            " AND plugin = ? AND artifact = ? AND options = ? AND code = ?",
            (how.hash, picture, key.plugin, key.artifact, key.options, key.code),
        ).fetchone()
        return blobs(row)

    @repairing
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
        return {picture: data for picture, data in rows if isinstance(data, bytes)}

    @repairing
    def protocols(self) -> dict[str, dict[str, Any]]:
        """Definitions of the protocols that there are results of, by hash."""
        return definitions(self._db.execute("SELECT hash, definition FROM protocols"))

    @repairing
    def keys(self, protocol_hash: str) -> list[tuple[Key, int, float]]:
        """Every key of a protocol, with its number of pictures and when it was last written."""
        rows = self._db.execute(
            "SELECT plugin, artifact, options, code, COUNT(*), MAX(created) FROM results"
            " WHERE protocol = ? GROUP BY plugin, artifact, options, code ORDER BY MAX(created)",
            (protocol_hash,),
        )
        return [(Key(*row[:4]), row[4], row[5] if is_number(row[5]) else 0.0) for row in rows]
