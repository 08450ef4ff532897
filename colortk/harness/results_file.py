"""Open and check the SQLite file of results, and replace it if it is damaged."""

from __future__ import annotations

import contextlib
import functools
import json
import math
import os
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from colortk.errors import EnvironmentProblem, Notice, UsageError
from colortk.harness.results_schema import ADDED, TABLES
from colortk.store.read_only_database import cannot_write, open_read_only

#: Version of the tables; files of other versions are not changed.
SCHEMA = 2
#: Seconds to wait while another process writes.
DATABASE_TIMEOUT = 20.0
#: Errors of SQLite that trying again does not change. ERROR: a table or a column is missing.
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
#: Columns that each table must have.
_COLUMNS = {
    "protocols": {"hash", "definition"},
    "pictures": {"protocol", "picture", "name", "width", "histogram", "truth", "grey"},
    "results": {"id", "protocol", "picture", "plugin", "code", "error", "time_limit", "created"},
    "scores": {"result", "metric", "code", "value", "error"},
}


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether ``error`` says that the file is not a database, or not one of colortk."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGE


def unusable(path: Path, error: Exception) -> EnvironmentProblem:
    """Return the error for a file that cannot be used now, but that is not damaged."""
    return EnvironmentProblem(
        f"the results '{path}' cannot be used", str(error),
        "make the folder writable, stop the process that uses the file, or use another --store",
    )  # fmt: skip


def opened(path: Path) -> sqlite3.Connection:
    """Open the results at ``path``; a missing file is created.

    A damaged file is renamed and replaced by a new one, and a :class:`~colortk.errors.Notice`
    reports it. A file that cannot be written is opened for reading.

    Raises
    ------
    UsageError
        If the file belongs to another program or version.
    EnvironmentProblem
        If the file cannot be read, or cannot be created.
    """
    if sqlite3.sqlite_version_info < (3, 35):
        raise EnvironmentProblem(
            f"SQLite {sqlite3.sqlite_version} is too old",
            "3.35 is needed",
            "use another Python",
        )
    if path.is_dir() or (path.exists() and not path.is_file()):
        raise UsageError(
            f"the results '{path}' cannot be used", "it is not a file", "move it to another folder"
        )
    for damaged in (False, True):
        try:
            db = sqlite3.connect(path, timeout=DATABASE_TIMEOUT, isolation_level=None)
        except sqlite3.DatabaseError as error:  # the file is missing or not readable
            raise unusable(path, error) from error
        db.text_factory = _text
        try:
            _prepare(db, path)
        except sqlite3.DatabaseError as error:
            db.close()
            if cannot_write(error) and path.exists():
                return _opened_read_only(path)
            if damaged or not is_damage(error):
                raise unusable(path, error) from error
            set_aside(path, error)
        except BaseException:
            db.close()
            raise
        else:
            return db
    raise AssertionError("a new file is not damaged")


def _opened_read_only(path: Path) -> sqlite3.Connection:
    """Open results that cannot be written, to read the stored values."""
    try:
        db = open_read_only(path)
        db.text_factory = _text
        if not _check_version(db, path):
            raise sqlite3.DatabaseError("it is not a results file of colortk")
        _check_columns(db)
        _add_missing_tables(db)
    except (sqlite3.DatabaseError, OSError) as error:
        raise unusable(path, error) from error
    return db


def _add_missing_tables(db: sqlite3.Connection) -> None:
    """Create empty temporary tables in place of those that an older colortk did not create."""
    existing = {
        name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    for name, statement in ADDED.items():
        if name not in existing:  # or it would hide the table of the file
            db.execute(statement.replace("CREATE TABLE", "CREATE TEMP TABLE"))


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Write all changes of the body, or none."""
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # SQLite may have rolled back itself
            db.execute("ROLLBACK")
        raise


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    # To switch a new file to WAL is refused at once, not after the time-out, while another
    # process does the same.
    patience = time.monotonic() + DATABASE_TIMEOUT
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not busy or time.monotonic() > patience:
                raise
            time.sleep(0.05)
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA foreign_keys = ON")
    version = _check_version(db, path)
    if version == 0:
        with transaction(db):
            for statement in TABLES.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {SCHEMA}")
    _check_columns(db)
    for statement in ADDED.values():
        db.execute(statement)


def _check_version(db: sqlite3.Connection, path: Path) -> int:
    """Return the version of the tables, 0 if there are none; raises ``UsageError``."""
    version: int
    (version,) = db.execute("PRAGMA user_version").fetchone()
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    foreign = version == 0 and bool(tables - set(_COLUMNS))
    if foreign or version not in (0, SCHEMA):
        whose = "of another program" if foreign else f"of version {version}"
        raise UsageError(
            f"cannot use the results in '{path}': they are {whose}",
            f"this colortk writes version {SCHEMA}",
            "choose another folder with --store",
        )
    return version


def _check_columns(db: sqlite3.Connection) -> None:
    for table, columns in _COLUMNS.items():
        existing = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
        if columns - existing:
            missing = sqlite3.DatabaseError(f"table {table} lacks {min(columns - existing)}")
            missing.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise missing


def set_aside(path: Path, error: sqlite3.Error) -> None:
    """Rename the damaged results at ``path``, with their log, and say so in a notice."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.name}.damaged-{stamp}-{os.getpid()}")
    try:
        os.replace(path, aside)
        for log in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{path}{log}", f"{aside}{log}")
    except OSError as cause:
        raise EnvironmentProblem(
            f"the results '{path}' are damaged ({error}) and cannot be renamed",
            cause.strerror or str(cause), "choose another folder with --store",
        ) from cause  # fmt: skip
    warnings.warn(
        Notice(
            f"the results '{path}' are damaged ({error}): renamed to '{aside.name}', and a new"
            " file was created"
        ),
        stacklevel=2,
    )


class Repairable(Protocol):
    """An object whose results file can be replaced when it is damaged."""

    path: Path

    def repair(self, error: sqlite3.Error) -> None:
        """Set the damaged file aside and begin a new one."""
        ...


Owner = TypeVar("Owner", bound=Repairable)
P = ParamSpec("P")
R = TypeVar("R")


def repairing(
    method: Callable[Concatenate[Owner, P], R],
) -> Callable[Concatenate[Owner, P], R]:
    """Let ``method`` replace a damaged file once and try again; convert other errors."""

    @functools.wraps(method)
    def wrapper(self: Owner, /, *arguments: P.args, **named: P.kwargs) -> R:
        try:
            return method(self, *arguments, **named)
        except sqlite3.ProgrammingError:  # a bug of ours
            raise
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise unusable(self.path, error) from error
            self.repair(error)
        try:
            return method(self, *arguments, **named)
        except sqlite3.DatabaseError as error:
            raise unusable(self.path, error) from error

    return wrapper


def is_number(value: Any, optional: bool = False) -> bool:
    """Return whether a value of the file, which a user may have edited, is a finite number."""
    if value is None:
        return optional
    return isinstance(value, int | float) and math.isfinite(value)


def identity_of(path: Path) -> tuple[int, int]:
    """Return values that distinguish the file at ``path`` from a later file of the same name."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino


def definitions(rows: Iterable[tuple[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the definitions of protocols by hash, without those that cannot be read."""
    by_hash = {}
    for key, text in rows:
        with contextlib.suppress(ValueError, TypeError):
            definition = json.loads(text)
            if isinstance(definition, dict):
                by_hash[key] = definition
    return by_hash


def blobs(row: tuple[Any, Any] | None) -> tuple[bytes, bytes]:
    """Return the two thumbnails of a row; empty where they are missing."""
    first, second = (value if isinstance(value, bytes) else b"" for value in row or (b"", b""))
    return first, second
