"""The raters of a survey of pairs, the comparisons that they are asked, and their choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
    SHOWN = ("picture", "left_version", "right_version", "is_check")
    ANSWER = "chose_right"

    def rater(self, known_id: str | None, planned: Callable[[int], Sequence[Trial]]) -> str:
        """Return the id of a rater: ``known_id`` if the file has it, otherwise a new one.

        Parameters
        ----------
        known_id : str, optional
            An id that may be in the file.
        planned : callable
            Returns the comparisons for the rater of a number.
        """
        return self._rater(
            known_id,
            lambda number: [(t.picture, t.left, t.right, int(t.check)) for t in planned(number)],
        )

    def show(self, rater: str) -> AskedPair | None:
        """Return the rater's next comparison, and record its view; ``None`` at the end."""
        row = self._show(rater, "shown = ?, views = views + 1")
        if row is None:
            return None
        name, place, picture, left, right, is_check = row
        return AskedPair(name, place, Trial(picture, left, right, bool(is_check)))

    def choices(self) -> list[Choice]:
        """Return all choices in the order in which they were made."""
        others = ("chose_right", "shown", "answered", "views", "place")
        return [
            Choice(number, Trial(picture, left, right, bool(check)), bool(chose), t0, t1, n, place)
            for number, picture, left, right, check, chose, t0, t1, n, place in self._answers(
                ("number", *self.SHOWN, *others)
            )
        ]
