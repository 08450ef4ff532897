"""A survey of pairs as a page uses it: raters, and one comparison at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from colortk.errors import UsageError
from colortk.survey.description import Shown
from colortk.survey.folder import SurveyFolder
from colortk.survey.pairs.answers import PairAnswers
from colortk.survey.pairs.description import CHECK_VERSIONS, PairDescription
from colortk.survey.pairs.plan import PairDesign, Trial, plan_pairs


@dataclass(frozen=True)
class PairQuestion:
    """Two versions of a picture, of which a rater chooses one.

    Parameters
    ----------
    id : str
        For the answer.
    number, total : int
        Number of the question, from 1, and number of all questions.
    text : str
        The question.
    left, right : Path
        PNGs, whose names, sizes and dates do not reveal their conditions.
    exposure_ms : int or None
        Milliseconds for which the pictures are visible; ``None`` for no limit.
    """

    id: str
    number: int
    total: int
    text: str
    left: Path
    right: Path
    exposure_ms: int | None


class PairSurvey(SurveyFolder):
    """A survey that asks which of two versions looks more natural."""

    DESCRIPTION = PairDescription
    ANSWERS = PairAnswers
    description: PairDescription
    answers: PairAnswers

    @property
    def design(self) -> PairDesign:
        """The numbers on which the plan depends."""
        about = self.description
        return PairDesign(
            about.seed, len(about.pictures), about.compared, about.each,
            len(CHECK_VERSIONS), len(about.checks),
        )  # fmt: skip

    def versions(self) -> Iterator[Shown]:
        """Yield all pictures that raters may be shown."""
        yield from super().versions()
        for subject in self.description.checks:
            yield from subject.versions

    def rater(self, known_id: str | None = None) -> PairRater:
        """Return the rater with an id, who continues, or a new rater.

        Call this when somebody has agreed to take part, not when the page is merely opened.

        Parameters
        ----------
        known_id : str, optional
            Id of a rater; an unknown id gives a new rater.
        """

        def planned(number: int) -> list[Trial]:
            return plan_pairs(self.design, number)

        return PairRater(self, self.answers.rater(known_id, planned))


class PairRater:
    """A rater. ``id`` is random and URL-safe; anyone who has it can answer as this rater."""

    def __init__(self, survey: PairSurvey, name: str) -> None:
        self.survey, self.id = survey, name

    def next(self) -> PairQuestion | None:
        """Return the next comparison, the same until it is answered; ``None`` at the end."""
        asked = self.survey.answers.show(self.id)
        if asked is None:
            return None
        about = self.survey.description
        subjects = about.checks if asked.trial.check else about.pictures
        versions = subjects[asked.trial.picture].versions
        left, right = (
            self.survey.path(versions[side]) for side in (asked.trial.left, asked.trial.right)
        )
        return PairQuestion(
            asked.id, asked.position + 1, about.total, about.question, left, right,
            about.exposure_ms,
        )  # fmt: skip

    def answer(self, question: str, chose_right: bool) -> bool:
        """Store a choice.

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
        if not isinstance(chose_right, bool):
            raise UsageError(f"the answer {chose_right!r}", "use True (right) or False (left)")
        return self.survey.answers.answer(self.id, question, chose_right)

    @property
    def progress(self) -> tuple[int, int]:
        """Number of answered questions, and of all questions."""
        return self.survey.answers.counts(self.id)
