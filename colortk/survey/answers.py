"""Raters, the questions that they are asked, and their answers, in SQLite.

Threads may share an :class:`Answers`; processes may share the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
    SHOWN = ("picture", "condition")
    ANSWER = "real"

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
        return self._rater(known_id, planned)

    def show(self, rater: str) -> AskedQuestion | None:
        """Return the rater's next question, and record it as shown; ``None`` at the end."""
        row = self._show(rater)
        return None if row is None else AskedQuestion(*row)

    def all_answers(self) -> list[Answer]:
        """Return all answers in the order in which they were given."""
        columns = ("number", "picture", "condition", "real", "shown", "answered")
        return [
            Answer(number, picture, condition, bool(real), shown, answered)
            for number, picture, condition, real, shown, answered in self._answers(columns)
        ]
