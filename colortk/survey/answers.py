"""Raters, the questions that they are asked, and their answers, in SQLite.

Threads may share an :class:`Answers`; processes may share the file.
"""

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
from dataclasses import dataclass
from pathlib import Path

from colortk.errors import EnvironmentProblem, UsageError
from colortk.store.read_only_database import cannot_write, open_read_only

#: Version of the tables below; files of other versions are not changed.
SCHEMA = 1
#: Seconds to wait while another process writes.
DATABASE_TIMEOUT = 20.0
_TABLES = """
CREATE TABLE survey (description TEXT NOT NULL);
CREATE TABLE raters (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, came REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE questions (
    id TEXT PRIMARY KEY, rater TEXT NOT NULL REFERENCES raters (id), place INTEGER NOT NULL,
    picture INTEGER NOT NULL, condition INTEGER NOT NULL,
    shown REAL, answered REAL, real INTEGER CHECK (real IN (0, 1)),
    UNIQUE (rater, picture), UNIQUE (rater, place),
    CHECK ((answered IS NULL) = (real IS NULL))
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class AskedQuestion:
    """A question that a rater is asked.

    Parameters
    ----------
    id : str
        Random name of the question.
    position : int
        Its place in the rater's order, from 0.
    picture, condition : int
        Index of the picture, and of its shown version.
    """

    id: str
    position: int
    picture: int
    condition: int


@dataclass(frozen=True)
class Answer:
    """An answer.

    Parameters
    ----------
    rater : int
        Number of the rater, from 0.
    picture, condition : int
        Index of the picture, and of its shown version.
    real : bool
        The rater called the picture real.
    shown, answered : float
        Times in seconds since 1970.
    """

    rater: int
    picture: int
    condition: int
    real: bool
    shown: float
    answered: float


class Answers:
    """The file of a survey's raters and answers.

    Parameters
    ----------
    path : Path
        The file.
    """

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
                db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {SCHEMA}; COMMIT")
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
            if version != SCHEMA:
                raise UsageError(
                    f"the survey's answers '{self.path}' are of version {version}",
                    f"this colortk reads version {SCHEMA}",
                )
            row = db.execute("SELECT description FROM survey").fetchone()
        if row != (description,):
            raise UsageError(
                f"the survey's answers '{self.path}' belong to another survey",
                "they were given to another survey.json",
                "restore the folder",
            )

    def rater(
        self, known_id: str | None, planned: Callable[[int], Sequence[tuple[int, int]]]
    ) -> str:
        """Return the id of a rater: ``known_id`` if the file has it, otherwise the id of a new one.

        Parameters
        ----------
        known_id : str, optional
            An id that may be in the file.
        planned : callable
            Returns the pairs of picture and condition for the rater of a number.
        """
        with self._open() as db:
            if known_id is not None and self._number(db, known_id) is not None:
                return known_id
        fresh = secrets.token_urlsafe(12)
        with self._writing() as db:
            (number,) = db.execute("SELECT COALESCE(MAX(number) + 1, 0) FROM raters").fetchone()
            db.execute("INSERT INTO raters VALUES (?, ?, ?)", (fresh, number, time.time()))
            db.executemany(
                "INSERT INTO questions (id, rater, place, picture, condition)"
                " VALUES (?, ?, ?, ?, ?)",
                (
                    (secrets.token_urlsafe(12), fresh, position, picture, condition)
                    for position, (picture, condition) in enumerate(planned(number))
                ),
            )
        return fresh

    @staticmethod
    def _number(db: sqlite3.Connection, rater: str) -> int | None:
        row = db.execute("SELECT number FROM raters WHERE id = ?", (rater,)).fetchone()
        return None if row is None else int(row[0])

    def show(self, rater: str) -> AskedQuestion | None:
        """Return the rater's next question, and record it as shown; ``None`` at the end."""
        with self._writing() as db:
            row = db.execute(
                "SELECT id, place, picture, condition FROM questions"
                " WHERE rater = ? AND answered IS NULL ORDER BY place LIMIT 1",
                (rater,),
            ).fetchone()
            if row is None:
                return None
            db.execute("UPDATE questions SET shown = ? WHERE id = ?", (time.time(), row[0]))
        return AskedQuestion(*row)

    def answer(self, rater: str, question: str, real: bool) -> bool:
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
                "UPDATE questions SET answered = ?, real = ? WHERE id = ?",
                (time.time(), int(real), question),
            )
        return True

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

    def all_answers(self) -> list[Answer]:
        """Return all answers in the order in which they were given."""
        with self._open() as db:
            rows = db.execute(
                "SELECT number, picture, condition, real, shown, answered FROM questions"
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
        return [Answer(n, p, c, bool(real), shown, end) for n, p, c, real, shown, end in rows]
