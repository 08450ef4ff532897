"""Raters, the questions that they are asked, and their answers, in SQLite.

Threads may share an :class:`Answers`; processes may share the file.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from colortk.errors import EnvironmentProblem, UsageError
from colortk.survey.answer_file import AnswerFile

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


class Answers(AnswerFile):
    """The file of a survey that asks whether a picture is real."""

    SCHEMA = 1
    TABLES = _TABLES

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
            if known_id is not None and self.number_of(db, known_id) is not None:
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
