"""The raters of a survey of pairs, the comparisons that they are asked, and their choices."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from colortk.errors import EnvironmentProblem, UsageError
from colortk.survey.answer_file import AnswerFile
from colortk.survey.pairs.plan import Trial

_TABLES = """
CREATE TABLE survey (description TEXT NOT NULL);
CREATE TABLE raters (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, came REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE questions (
    id TEXT PRIMARY KEY, rater TEXT NOT NULL REFERENCES raters (id), place INTEGER NOT NULL,
    picture INTEGER NOT NULL, left_version INTEGER NOT NULL, right_version INTEGER NOT NULL,
    is_check INTEGER NOT NULL CHECK (is_check IN (0, 1)),
    views INTEGER NOT NULL DEFAULT 0, shown REAL, answered REAL,
    chose_right INTEGER CHECK (chose_right IN (0, 1)),
    UNIQUE (rater, place), UNIQUE (rater, is_check, picture), CHECK (left_version <> right_version),
    CHECK ((answered IS NULL) = (chose_right IS NULL))
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class AskedPair:
    """A comparison that a rater is asked: its random id, its place from 0, and what is shown."""

    id: str
    position: int
    trial: Trial


@dataclass(frozen=True)
class Choice:
    """A rater's choice.

    Parameters
    ----------
    rater : int
        Number of the rater, from 0.
    trial : Trial
        What was shown.
    chose_right : bool
        The rater chose the version on the right.
    shown, answered : float
        Times in seconds since 1970; ``shown`` is that of the last view.
    views : int
        How often the question was shown: more than once if the page was loaded again.
    position : int
        Place in the rater's order, from 0.
    """

    rater: int
    trial: Trial
    chose_right: bool
    shown: float
    answered: float
    views: int
    position: int

    @property
    def winner(self) -> int:
        """The version that was chosen."""
        return self.trial.right if self.chose_right else self.trial.left

    @property
    def loser(self) -> int:
        """The other version."""
        return self.trial.left if self.chose_right else self.trial.right


class PairAnswers(AnswerFile):
    """The file of a survey of pairs. Threads may share the object, and processes the file."""

    SCHEMA = 2
    TABLES = _TABLES

    def rater(self, known_id: str | None, planned: Callable[[int], Sequence[Trial]]) -> str:
        """Return the id of a rater: ``known_id`` if the file has it, otherwise a new one.

        Parameters
        ----------
        known_id : str, optional
            An id that may be in the file.
        planned : callable
            Returns the comparisons for the rater of a number.
        """
        with self._open() as db:
            if known_id is not None and self.number_of(db, known_id) is not None:
                return known_id
        fresh = secrets.token_urlsafe(12)
        with self._writing() as db:
            (number,) = db.execute("SELECT COALESCE(MAX(number) + 1, 0) FROM raters").fetchone()
            db.execute("INSERT INTO raters VALUES (?, ?, ?)", (fresh, number, time.time()))
            db.executemany(
                "INSERT INTO questions"
                " (id, rater, place, picture, left_version, right_version, is_check)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (secrets.token_urlsafe(12), fresh, place, t.picture, t.left, t.right, t.check)
                    for place, t in enumerate(planned(number))
                ),
            )
        return fresh

    def show(self, rater: str) -> AskedPair | None:
        """Return the rater's next comparison, and record its view; ``None`` at the end."""
        with self._writing() as db:
            row = db.execute(
                "SELECT id, place, picture, left_version, right_version, is_check FROM questions"
                " WHERE rater = ? AND answered IS NULL ORDER BY place LIMIT 1",
                (rater,),
            ).fetchone()
            if row is None:
                return None
            db.execute(
                "UPDATE questions SET shown = ?, views = views + 1 WHERE id = ?",
                (time.time(), row[0]),
            )
        name, place, picture, left, right, is_check = row
        return AskedPair(name, place, Trial(picture, left, right, bool(is_check)))

    def answer(self, rater: str, question: str, chose_right: bool) -> bool:
        """Store a choice.

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
                "UPDATE questions SET answered = ?, chose_right = ? WHERE id = ?",
                (time.time(), int(chose_right), question),
            )
        return True

    def choices(self) -> list[Choice]:
        """Return all choices in the order in which they were made."""
        with self._open() as db:
            rows = db.execute(
                "SELECT number, picture, left_version, right_version, is_check, chose_right, shown,"
                " answered, views, place FROM questions JOIN raters ON raters.id = questions.rater"
                " WHERE answered IS NOT NULL ORDER BY answered, questions.id"
            ).fetchall()
        for row in rows:
            if not all(isinstance(value, int | float) and math.isfinite(value) for value in row):
                raise EnvironmentProblem(
                    f"the survey's answers '{self.path}' are damaged",
                    f"an answer holds {row}, and numbers are needed",
                    "restore a copy",
                )
        return [
            Choice(number, Trial(picture, left, right, bool(check)), bool(chose), t0, t1, n, place)
            for number, picture, left, right, check, chose, t0, t1, n, place in rows
        ]
