"""The SQLite file of a survey: opened once for each process, shared by threads and processes."""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from colortk.errors import EnvironmentProblem, UsageError
from colortk.store.read_only_database import cannot_write, open_read_only

#: Seconds to wait while another process writes.
DATABASE_TIMEOUT = 20.0


class AnswerFile:
    """A survey's file of raters and answers, in WAL mode.

    Parameters
    ----------
    path : Path
        The file.
    """

    #: Version of the tables; files of other versions are not changed.
    SCHEMA: ClassVar[int]
    #: The statements that create the tables.
    TABLES: ClassVar[str]
    #: Columns of the table of questions that say what is shown.
    SHOWN: ClassVar[tuple[str, ...]]
    #: Its column that holds the answer, 0 or 1.
    ANSWER: ClassVar[str]

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        self._process = 0

    @classmethod
    def create(cls, path: Path, description: str) -> None:
        """Create an empty file for the survey whose description has the SHA-256 ``description``."""
        path.touch()
        answers = cls(path)
        try:
            with answers._open() as db:
                db.execute("PRAGMA journal_mode = WAL")
                db.executescript(f"BEGIN; {cls.TABLES} PRAGMA user_version = {cls.SCHEMA}; COMMIT")
                db.execute("INSERT INTO survey VALUES (?)", (description,))
        finally:
            answers.close()

    def close(self) -> None:
        """Close the file. The next call opens it again."""
        with self._lock:
            if self._db is not None and self._process == os.getpid():
                self._db.close()
            self._db = None

    def _connected(self) -> sqlite3.Connection:
        # A connection must not be used after a fork.
        if self._db is None or self._process != os.getpid():
            uri = f"{self.path.absolute().as_uri()}?mode=rw"
            self._db = sqlite3.connect(
                uri,
                uri=True,
                timeout=DATABASE_TIMEOUT,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except sqlite3.OperationalError as error:  # The file may be readable nevertheless.
                self._db.close()
                if not cannot_write(error) or not self.path.is_file():
                    raise
                self._db = open_read_only(self.path, threads=True)
            self._process = os.getpid()
            weakref.finalize(self, self._db.close)
            self._db.execute("PRAGMA foreign_keys = ON")
        return self._db

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the file, which must exist; errors of SQLite become expected failures."""
        try:
            with self._lock:
                yield self._connected()
        except sqlite3.DatabaseError as error:
            self.close()
            if not self.path.is_file():
                problem = f"the survey's answers '{self.path}' are missing"
                raise UsageError(
                    problem, hint="restore the file, or create a new survey"
                ) from error
            raise EnvironmentProblem(
                f"the survey's answers '{self.path}' cannot be used",
                str(error),
                "free some disk space, make the folder writable, or restore a copy",
            ) from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # SQLite may have rolled back already.
                    db.execute("ROLLBACK")
                raise

    def check(self, description: str) -> None:
        """Check that the answers belong to a survey.

        Parameters
        ----------
        description : str
            SHA-256 of its description.

        Raises
        ------
        UsageError, EnvironmentProblem
            If they belong to another survey, or cannot be read.
        """
        with self._open() as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version != self.SCHEMA:
                raise UsageError(
                    f"the survey's answers '{self.path}' are of version {version}",
                    f"this colortk reads version {self.SCHEMA}",
                )
            row = db.execute("SELECT description FROM survey").fetchone()
        if row != (description,):
            raise UsageError(
                f"the survey's answers '{self.path}' belong to another survey",
                "they were given to another survey.json",
                "restore the folder",
            )

    @staticmethod
    def number_of(db: sqlite3.Connection, rater: str) -> int | None:
        row = db.execute("SELECT number FROM raters WHERE id = ?", (rater,)).fetchone()
        return None if row is None else int(row[0])

    def counts(self, rater: str) -> tuple[int, int]:
        """Return how many questions a rater has answered, and how many there are."""
        with self._open() as db:
            answered_count, total = db.execute(
                "SELECT COUNT(answered), COUNT(*) FROM questions WHERE rater = ?", (rater,)
            ).fetchone()
        return int(answered_count), int(total)

    def raters(self) -> dict[int, tuple[int, int]]:
        """Return, by number of the rater, questions answered and all questions."""
        with self._open() as db:
            rows = db.execute(
                "SELECT number, COUNT(answered), COUNT(*) FROM raters"
                " JOIN questions ON questions.rater = raters.id GROUP BY number ORDER BY number"
            ).fetchall()
        return {number: (answered_count, total) for number, answered_count, total in rows}

    def answer(self, rater: str, question: str, answer: bool) -> bool:
        """Store an answer to a question that was shown.

        Returns
        -------
        bool
            ``False`` if the question already had an answer, which stays.

        Raises
        ------
        UsageError
            If the rater was not asked the question.
        """
        with self._writing() as db:
            row = db.execute(
                "SELECT answered FROM questions WHERE id = ? AND rater = ? AND shown IS NOT NULL",
                (question, rater),
            ).fetchone()
            if row is None:
                raise UsageError("no such question", "this rater was not asked it")
            if row[0] is not None:
                return False
            db.execute(
                f"UPDATE questions SET answered = ?, {self.ANSWER} = ? WHERE id = ?",
                (time.time(), int(answer), question),
            )
        return True

    def _rater(
        self, known_id: str | None, planned: Callable[[int], Sequence[tuple[int, ...]]]
    ) -> str:
        """Return ``known_id`` if the file has it, otherwise the id of a new rater.

        ``planned`` returns what the rater of a number is shown: values of the columns ``SHOWN``.
        """
        with self._open() as db:
            if known_id is not None and self.number_of(db, known_id) is not None:
                return known_id
        fresh = secrets.token_urlsafe(12)
        columns = ("id", "rater", "place", *self.SHOWN)
        with self._writing() as db:
            (number,) = db.execute("SELECT COALESCE(MAX(number) + 1, 0) FROM raters").fetchone()
            db.execute("INSERT INTO raters VALUES (?, ?, ?)", (fresh, number, time.time()))
            db.executemany(
                f"INSERT INTO questions ({', '.join(columns)})"
                f" VALUES ({', '.join('?' * len(columns))})",
                (
                    (secrets.token_urlsafe(12), fresh, place, *values)
                    for place, values in enumerate(planned(number))
                ),
            )
        return fresh

    def _show(self, rater: str, update: str = "shown = ?") -> tuple[Any, ...] | None:
        """Return id, place and ``SHOWN`` of the rater's next question, and record its view."""
        with self._writing() as db:
            row: tuple[Any, ...] | None = db.execute(
                f"SELECT id, place, {', '.join(self.SHOWN)} FROM questions"
                " WHERE rater = ? AND answered IS NULL ORDER BY place LIMIT 1",
                (rater,),
            ).fetchone()
            if row is not None:
                db.execute(f"UPDATE questions SET {update} WHERE id = ?", (time.time(), row[0]))
        return row

    def _answers(self, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return columns of all answered questions, which must be numbers, in order of time."""
        with self._open() as db:
            rows: list[tuple[Any, ...]] = db.execute(
                f"SELECT {', '.join(columns)} FROM questions"
                " JOIN raters ON raters.id = questions.rater"
                " WHERE answered IS NOT NULL ORDER BY answered, questions.id"
            ).fetchall()
        for row in rows:
            if not all(isinstance(value, int | float) and math.isfinite(value) for value in row):
                raise EnvironmentProblem(
                    f"the survey's answers '{self.path}' are damaged",
                    f"an answer holds {row}, and numbers are needed",
                    "restore a copy",
                )
        return rows
