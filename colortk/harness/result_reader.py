"""Read the results of earlier comparisons: pictures, scores, thumbnails, histograms."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from colortk.harness.protocol import Protocol
from colortk.harness.records import Key, PictureRow, Repeat
from colortk.harness.result_table import ResultTable
from colortk.harness.results_file import (
    blobs,
    definitions,
    identity_of,
    is_number,
    opened,
    repairing,
    set_aside,
    transaction,
)
from colortk.harness.sealing import read_sealed
from colortk.harness.stored_features import (
    mark_original_features,
    read_feature_codes,
    read_features,
)
from colortk.harness.unfinished import read_planned
from colortk.types import Array, Float32

#: Name of the file in the folder of a store.
RESULTS_FILE = "results.sqlite"


class ResultReader:
    """The file of results in a store, opened. Use it as a context manager.

    Parameters
    ----------
    folder : Path
        Folder of the store.

    Raises
    ------
    UsageError, EnvironmentProblem
        If the file belongs to another program or version, or cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / RESULTS_FILE
        #: Hashes of protocols that are known to be in the file.
        self._stored_protocols: set[str] = set()
        #: Content of the temporary table ``wanted``.
        self._wanted: frozenset[str] | None = None
        self._db = opened(self.path)
        self._file = identity_of(self.path)

    def repair(self, error: sqlite3.Error) -> None:
        """Rename the damaged file and begin a new one, unless another process has done so."""
        self._db.close()
        if identity_of(self.path) == self._file:
            set_aside(self.path, error)
        self._db = opened(self.path)
        self._file = identity_of(self.path)
        self._stored_protocols, self._wanted = set(), None

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _among(self, requested: Iterable[str] | None) -> str:
        """Return an SQL condition on ``picture``; the wanted pictures go into a temporary table."""
        if requested is None:
            return ""
        names = frozenset(requested)
        if names != self._wanted:
            self._db.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (picture TEXT PRIMARY KEY)")
            with transaction(self._db):
                self._db.execute("DELETE FROM wanted")
                self._db.executemany("INSERT INTO wanted VALUES (?)", ((name,) for name in names))
            self._wanted = names
        return " AND picture IN (SELECT picture FROM wanted)"

    @repairing
    def pictures(
        self, protocol_hash: str, requested: Iterable[str] | None = None
    ) -> dict[str, PictureRow]:
        """Return the (``requested``) pictures of a protocol by SHA-256, without thumbnails."""
        among = self._among(requested)
        rows = self._db.execute(
            "SELECT picture, name, width, height, chroma, colorfulness, enlarged,"
            " COALESCE(digest, '') FROM pictures LEFT JOIN pixels USING (protocol, picture)"
            f" WHERE protocol = ?{among}",
            (protocol_hash,),
        )
        pictures = {
            sha: PictureRow(
                sha, name, width, height, chroma, colorfulness, bool(enlarged), pixels=pixels
            )
            for sha, name, width, height, chroma, colorfulness, enlarged, pixels in rows
            if all(map(is_number, (width, height, chroma, colorfulness)))
        }
        mark_original_features(self._db, among, protocol_hash, pictures)
        return pictures

    @repairing
    def results(
        self,
        protocol_hash: str,
        key: Key,
        metric_code: dict[str, str] | None = None,
        requested: Iterable[str] | None = None,
    ) -> ResultTable:
        """Return the stored results of a plugin by SHA-256 of the original.

        Parameters
        ----------
        protocol_hash : str
            Hash of the protocol.
        key : Key
            The version of the plugin.
        metric_code : dict of str to str, optional
            Digests of the metrics' code; scores of other code are left out.
        requested : iterable of str, optional
            Only results of these originals.
        """
        where = (protocol_hash, key.plugin, key.artifact, key.options, key.code)
        condition = (
            "protocol = ? AND plugin = ? AND artifact = ? AND options = ? AND results.code = ?"
            + self._among(requested)
        )
        table, rows = ResultTable(key), dict[int, int]()
        for number, picture, version, error, limit, *numbers in self._db.execute(
            "SELECT id, picture, version, error, time_limit, seconds, host_seconds,"
            f" metric_seconds, peak_memory FROM results WHERE {condition}",
            where,
        ):
            # A value that is not a number is computed again, like a missing one.
            if all(is_number(value, optional=True) for value in (limit, *numbers)):
                rows[number] = table.add(picture, version or "", numbers, error, limit)
        for number, *repeat_values in self._db.execute(
            "SELECT results.id, difference, share, repeats.error FROM repeats"
            f" JOIN results ON results.id = repeats.result WHERE {condition}",
            where,
        ):
            if number in rows and all(
                is_number(value, optional=True) for value in repeat_values[:2]
            ):
                table.repeats[rows[number]] = Repeat(*repeat_values)
        read_sealed(self._db, condition, where, rows, table)
        read_feature_codes(self._db, condition, where, rows, table)
        self._read_scores(condition, where, rows, table, metric_code)
        return table

    def _read_scores(
        self,
        condition: str,
        where: Sequence[str],
        rows: Mapping[int, int],
        table: ResultTable,
        metric_code: Mapping[str, str] | None,
    ) -> None:
        """Add the scores of results, whose rows in ``table`` are given by their ids."""
        scores = f"FROM results JOIN scores ON scores.result = results.id WHERE {condition}"
        if metric_code is None:
            names = self._db.execute(f"SELECT DISTINCT metric, scores.code {scores}", where)
            wanted = names.fetchall()
        else:
            wanted = list(metric_code.items())
        # Numbers in place of texts: there are millions of scores.
        self._db.execute(
            "CREATE TEMP TABLE IF NOT EXISTS kinds"
            " (number INTEGER, metric TEXT, code TEXT, PRIMARY KEY (metric, code)) WITHOUT ROWID"
        )
        with transaction(self._db):
            self._db.execute("DELETE FROM kinds")
            self._db.executemany(
                "INSERT INTO kinds VALUES (?, ?, ?)",
                ((number, *kind) for number, kind in enumerate(wanted)),
            )
        columns = [table.column(metric) for metric, _ in wanted]
        for result, kind, value, error in self._db.execute(
            "SELECT results.id, kinds.number, value, scores.error FROM results"
            " JOIN scores ON scores.result = results.id"
            " JOIN kinds ON kinds.metric = scores.metric AND kinds.code = scores.code"
            f" WHERE {condition}",
            where,
        ):
            row = rows.get(result)
            if row is None:
                continue
            if error is not None:
                table.metric_errors.setdefault(wanted[kind][0], {})[row] = sys.intern(error)
            elif is_number(value):
                columns[kind][row] = value

    @repairing
    def features(
        self,
        protocol_hash: str,
        key: Key | None,
        name: str,
        code: str,
        places: Mapping[str, int],
    ) -> Float32:
        """Return stored features; see :func:`colortk.harness.stored_features.read_features`."""
        return read_features(self._db, protocol_hash, key, name, code, places)

    @repairing
    def difference_hashes(self) -> dict[str, int]:
        """Return the stored difference hashes of originals, by SHA-256 of their files."""
        rows = self._db.execute("SELECT picture, hash FROM difference_hashes")
        return {p: int(text, 16) for p, text in rows if re.fullmatch("[0-9a-f]{16}", str(text))}

    @repairing
    def thumbnails(self, protocol: Protocol, picture: str) -> tuple[bytes, bytes]:
        """Return JPEG thumbnails of an original and of its lightness; empty if there are none."""
        row = self._db.execute(
            "SELECT truth, grey FROM pictures WHERE protocol = ? AND picture = ?",
            (protocol.hash, picture),
        ).fetchone()
        return blobs(row)

    @repairing
    def result_thumbnails(self, protocol: Protocol, picture: str, key: Key) -> tuple[bytes, bytes]:
        """Return JPEG thumbnails of a result and of its ΔE94; empty if there are none."""
        row = self._db.execute(
            "SELECT result, heat FROM results WHERE protocol = ? AND picture = ?"
            " AND plugin = ? AND artifact = ? AND options = ? AND code = ?",
            (protocol.hash, picture, key.plugin, key.artifact, key.options, key.code),
        ).fetchone()
        return blobs(row)

    @repairing
    def histogram(self, protocol: Protocol, key: Key | None, pictures: Iterable[str]) -> Array:
        """Return the sum of histograms of pictures: of a plugin's results, or of the originals.

        Returns
        -------
        ndarray
            int64 (22, 22), see :func:`colortk.harness.thumbnails.histogram`.
        """
        from colortk.harness.thumbnails import BINS, unpack_histogram  # imports OpenCV

        among = self._among(pictures)
        if key is None:
            query = f"SELECT histogram FROM pictures WHERE protocol = ?{among}"
            rows = self._db.execute(query, (protocol.hash,))
        else:
            rows = self._db.execute(
                "SELECT histogram FROM results WHERE protocol = ? AND plugin = ?"
                f" AND artifact = ? AND options = ? AND code = ? AND error IS NULL{among}",
                (protocol.hash, key.plugin, key.artifact, key.options, key.code),
            )
        total = np.zeros((BINS, BINS), np.int64)
        for (packed,) in rows:
            if isinstance(packed, bytes):
                total += unpack_histogram(packed)
        return total

    @repairing
    def unfinished(self, protocol_hash: str, key: Key) -> set[str]:
        """Return the pictures of comparisons of a plugin that were stopped, or that still run."""
        return read_planned(self._db, protocol_hash, key)

    @repairing
    def protocols(self) -> dict[str, dict[str, Any]]:
        """Return the definitions of the protocols that there are results of, by hash."""
        return definitions(self._db.execute("SELECT hash, definition FROM protocols"))

    @repairing
    def keys(self, protocol_hash: str) -> list[tuple[Key, int, float]]:
        """Return key, number of results and time of the last one for each plugin version."""
        rows = self._db.execute(
            "SELECT plugin, artifact, options, code, COUNT(*), MAX(created) FROM results"
            " WHERE protocol = ? GROUP BY plugin, artifact, options, code ORDER BY MAX(created)",
            (protocol_hash,),
        )
        return [(Key(*row[:4]), row[4], row[5] if is_number(row[5]) else 0.0) for row in rows]
