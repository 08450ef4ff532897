"""The tables of the results that ``colortk compare`` keeps in SQLite."""

from __future__ import annotations

#: Of version 2.
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
#: Both are added to a file that was made before it was known, which changes nothing else in that
#: file.
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
#: Added in the same way. ``aspects``: the names of those that were sealed, with spaces between.
SEALED = """
CREATE TABLE IF NOT EXISTS sealed (
    result INTEGER PRIMARY KEY REFERENCES results (id) ON DELETE CASCADE, aspects TEXT NOT NULL
)
"""
#: What is added to a file of another colortk, by table.
ADDED = {"repeats": REPEATS, "pixels": PIXELS, "sealed": SEALED}
