"""Features of pictures in the file of results: which are stored, and their vectors."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import numpy as np

from colortk.harness.records import FeatureVector, Key, PictureRow, ResultRow
from colortk.harness.result_table import ResultTable
from colortk.types import Float32


def write_features(db: sqlite3.Connection, result: int, row: ResultRow) -> None:
    """Store the features of the result number ``result``."""
    db.executemany(
        "INSERT OR REPLACE INTO features VALUES (?, ?, ?, ?)",
        ((result, name, item.code, item.vector) for name, item in row.features.items()),
    )


def write_original_features(db: sqlite3.Connection, protocol_hash: str, row: PictureRow) -> None:
    """Store the features of an original."""
    db.executemany(
        "INSERT OR REPLACE INTO original_features VALUES (?, ?, ?, ?, ?)",
        (
            (protocol_hash, row.picture, name, item.code, item.vector)
            for name, item in row.features.items()
        ),
    )


def read_feature_codes(
    db: sqlite3.Connection,
    condition: str,
    values: Sequence[str],
    rows: Mapping[int, int],
    table: ResultTable,
) -> None:
    """Set which features of the results that fulfill ``condition`` are stored, without vectors.

    ``rows`` are the rows in ``table`` by the number of the result.
    """
    query = (
        "SELECT results.id, features.name, features.code FROM features"
        f" JOIN results ON results.id = features.result WHERE {condition}"
    )
    found: dict[int, dict[str, FeatureVector]] = {}
    for result, name, code in db.execute(query, values):
        if result in rows:
            found.setdefault(result, {})[name] = FeatureVector(code, b"")
    for result, features in found.items():
        table.set_features(rows[result], features)


def mark_original_features(
    db: sqlite3.Connection, among: str, protocol_hash: str, rows: Mapping[str, PictureRow]
) -> None:
    """Set which features of originals are stored, without vectors."""
    query = f"SELECT picture, name, code FROM original_features WHERE protocol = ?{among}"
    known: dict[tuple[str, str], FeatureVector] = {}
    for picture, name, code in db.execute(query, (protocol_hash,)):
        if picture in rows:
            item = known.setdefault((name, code), FeatureVector(code, b""))
            rows[picture].features[name] = item


def read_features(
    db: sqlite3.Connection,
    protocol_hash: str,
    key: Key | None,
    name: str,
    code: str,
    places: Mapping[str, int],
) -> Float32:
    """Return stored features of a plugin's results, or of the originals.

    Parameters
    ----------
    db : Connection
        The file of results.
    protocol_hash : str
        Hash of the protocol.
    key : Key or None
        The plugin; ``None``: the originals.
    name, code : str
        Import path of the function that computes the features, and the digest of its code.
    places : mapping of str to int
        Row of the returned array for each original, by SHA-256.

    Returns
    -------
    ndarray
        float32 (N, D), NaN where nothing is stored; (N, 0) if nothing is stored at all.
    """
    if key is None:
        cursor = db.execute(
            "SELECT picture, vector FROM original_features"
            " WHERE protocol = ? AND name = ? AND code = ?",
            (protocol_hash, name, code),
        )
    else:
        cursor = db.execute(
            "SELECT picture, vector FROM results JOIN features ON results.id = features.result"
            " WHERE protocol = ? AND plugin = ? AND artifact = ? AND options = ?"
            " AND results.code = ? AND results.error IS NULL AND features.name = ?"
            " AND features.code = ?",
            (protocol_hash, key.plugin, key.artifact, key.options, key.code, name, code),
        )
    table = np.empty((len(places), 0), np.float32)
    for picture, vector in cursor:
        place = places.get(picture)
        if place is None or not isinstance(vector, bytes) or not vector or len(vector) % 4:
            continue
        values = np.frombuffer(vector, np.float32)
        if not table.size:
            table = np.full((len(places), len(values)), np.nan, np.float32)
        # A vector of another length, which a user may have edited, counts as missing.
        if len(values) == table.shape[1] and np.isfinite(values).all():
            table[place] = values
    return table
