"""Open SQLite files that cannot be written, such as files of another user."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

#: Error codes for a file, or for the folder of its log, that cannot be written.
_CANNOT_WRITE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}


def cannot_write(error: sqlite3.Error) -> bool:
    """Return whether ``error`` reports that the file or its folder cannot be written."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _CANNOT_WRITE


class _Copied(sqlite3.Connection):
    """A connection to a copy. Closing it deletes the copy."""

    folder: tempfile.TemporaryDirectory[str] | None = None

    def close(self) -> None:
        super().close()
        if self.folder is not None:
            self.folder.cleanup()


def open_read_only(path: Path, threads: bool = False) -> sqlite3.Connection:
    """Open a file for reading. Attempts to write raise SQLite's error.

    Parameters
    ----------
    path
        The file. Results that only its log has are read too.
    threads
        Whether several threads may use the connection, one at a time.

    Raises
    ------
    sqlite3.DatabaseError
        The file cannot be read.
    """
    try:
        # With the log of a process that writes, if there is one.
        return _connected(path, "mode=ro", threads)
    except sqlite3.OperationalError:
        log = Path(f"{path}-wal")
        if not log.exists() or not log.stat().st_size:
            return _connected(path, "mode=ro&immutable=1", threads)
    # To merge the log, SQLite needs a writable folder: copy both files.
    folder = tempfile.TemporaryDirectory(prefix="colortk-database-")
    copy = Path(folder.name, path.name)
    for name in (path, log):
        shutil.copyfile(name, copy.with_name(name.name))
    merging = sqlite3.connect(copy)
    merging.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    merging.close()
    connection = _connected(copy, "mode=ro&immutable=1", threads)
    connection.folder = folder
    return connection


def _connected(path: Path, mode: str, threads: bool) -> _Copied:
    uri = f"{Path(os.path.abspath(path)).as_uri()}?{mode}"
    db = sqlite3.connect(
        uri, uri=True, isolation_level=None, factory=_Copied, check_same_thread=not threads
    )
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        db.close()
        raise
    return db
