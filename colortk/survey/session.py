"""A survey as a page uses it: raters, and one question at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from colortk.errors import UsageError
from colortk.survey.answers import Answers
from colortk.survey.description import Description
from colortk.survey.folder import SurveyFolder
from colortk.survey.plan import plan


@dataclass(frozen=True)
class Question:
    """A picture that a rater calls real or not.

    Parameters
    ----------
    id : str
        For the answer.
    number, total : int
        Number of the question, from 1, and number of all questions.
    text : str
        The question.
    picture : Path
        A PNG, whose name, size and date do not reveal its condition.
    """

    id: str
    number: int
    total: int
    text: str
    picture: Path


class Survey(SurveyFolder):
    """A survey that asks whether one picture is real."""

    DESCRIPTION = Description
    ANSWERS = Answers
    answers: Answers

    def rater(self, known_id: str | None = None) -> Rater:
        """Return the rater with an id, who continues, or a new rater.

        A new rater gets a new id and the next place in the plan. Call this when somebody begins to
        answer, not when the page is merely opened.

        Parameters
        ----------
        known_id : str, optional
            Id of a rater; an unknown id gives a new rater.
        """
        about = self.description

        def planned(number: int) -> list[tuple[int, int]]:
            return plan(about.seed, number, len(about.pictures), len(about.plugins), about.each)

        return Rater(self, self.answers.rater(known_id, planned))


class Rater:
    """A rater. ``id`` is random and URL-safe; anyone who has it can answer as this rater."""

    def __init__(self, survey: Survey, name: str) -> None:
        self.survey, self.id = survey, name

    def next(self) -> Question | None:
        """Return the next question, the same until it is answered; ``None`` at the end."""
        asked_question = self.survey.answers.show(self.id)
        if asked_question is None:
            return None
        about = self.survey.description
        version = about.pictures[asked_question.picture].versions[asked_question.condition]
        path = self.survey.path(version)
        return Question(
            asked_question.id, asked_question.position + 1, about.each, about.question, path
        )

    def answer(self, question: str, real: bool) -> bool:
        """Store an answer.

        Returns
        -------
        bool
            ``False`` if the question already has an answer, which stays; continue with
            :meth:`next`.

        Raises
        ------
        UsageError
            If the rater was not asked the question.
        """
        if not isinstance(real, bool):
            raise UsageError(f"the answer {real!r}", "use True (real) or False")
        return self.survey.answers.answer(self.id, question, real)

    @property
    def progress(self) -> tuple[int, int]:
        """Number of answered questions, and of all questions."""
        return self.survey.answers.counts(self.id)
