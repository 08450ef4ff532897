"""The tables of the SQLite file in which ``colortk compare`` stores results."""

from __future__ import annotations

#: The tables of version 2.
TABLES = """
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
    error TEXT, time_limit REAL, result BLOB, heat BLOB, histogram BLOB, created REAL NOT NULL,
    UNIQUE (protocol, picture, plugin, artifact, options, code)
);
CREATE TABLE IF NOT EXISTS scores (
    result INTEGER NOT NULL REFERENCES results (id) ON DELETE CASCADE,
    metric TEXT NOT NULL, code TEXT NOT NULL, value REAL, error TEXT,
    PRIMARY KEY (result, metric)
) WITHOUT ROWID;
"""
#: Tables that are added to files of earlier versions of colortk; nothing else in the files changes.
REPEATS = """
CREATE TABLE IF NOT EXISTS repeats (
    result INTEGER PRIMARY KEY REFERENCES results (id) ON DELETE CASCADE,
    difference REAL, share REAL, error TEXT
)
"""
PIXELS = """
CREATE TABLE IF NOT EXISTS pixels (
    protocol TEXT NOT NULL, picture TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (protocol, picture)
) WITHOUT ROWID
"""
#: Added in the same way. ``aspects`` holds the names of sealed aspects, separated by spaces.
SEALED = """
CREATE TABLE IF NOT EXISTS sealed (
    result INTEGER PRIMARY KEY REFERENCES results (id) ON DELETE CASCADE, aspects TEXT NOT NULL
)
"""
#: Features for metrics of sets, float32 vectors. ``code``: digest of what computes them.
FEATURES = """
CREATE TABLE IF NOT EXISTS features (
    result INTEGER NOT NULL REFERENCES results (id) ON DELETE CASCADE,
    name TEXT NOT NULL, code TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (result, name)
)
"""
ORIGINAL_FEATURES = """
CREATE TABLE IF NOT EXISTS original_features (
    protocol TEXT NOT NULL, picture TEXT NOT NULL,
    name TEXT NOT NULL, code TEXT NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (protocol, picture, name)
)
"""
#: Difference hashes of originals as 16 hexadecimal digits, whatever the protocol.
DIFFERENCE_HASHES = """
CREATE TABLE IF NOT EXISTS difference_hashes (picture TEXT PRIMARY KEY, hash TEXT NOT NULL)
WITHOUT ROWID
"""
#: Pictures that comparisons have planned and not ended, by version of a plugin.
UNFINISHED = """
CREATE TABLE IF NOT EXISTS unfinished (
    id INTEGER PRIMARY KEY,
    protocol TEXT NOT NULL, plugin TEXT NOT NULL,
    artifact TEXT NOT NULL, options TEXT NOT NULL, code TEXT NOT NULL,
    UNIQUE (protocol, plugin, artifact, options, code)
)
"""
PLANNED = """
CREATE TABLE IF NOT EXISTS planned (
    version INTEGER NOT NULL REFERENCES unfinished (id) ON DELETE CASCADE,
    picture TEXT NOT NULL, PRIMARY KEY (version, picture)
) WITHOUT ROWID
"""
#: Statements that add missing tables, by table.
ADDED = {
    "repeats": REPEATS, "pixels": PIXELS, "sealed": SEALED, "features": FEATURES,
    "original_features": ORIGINAL_FEATURES, "difference_hashes": DIFFERENCE_HASHES,
    "unfinished": UNFINISHED, "planned": PLANNED,
}  # fmt: skip
