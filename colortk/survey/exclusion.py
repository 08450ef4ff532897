"""The rule by which raters are excluded before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable

from colortk.survey.answers import Answer

#: Answers from which on giving the same one to everything excludes a rater. Somebody who answers as
#: often "real" as not gives ten equal answers once in 500 times, but five once in 16 times.
MINIMUM = 10
#: In a survey with fewer questions a rater, all of them are needed, and at least so many.
SHORT_SURVEY_MINIMUM = 5


def minimum_answers(each: int) -> int:
    """Equal answers that exclude a rater of a survey that shows ``each`` pictures to a rater."""
    return max(SHORT_SURVEY_MINIMUM, min(MINIMUM, each))


def exclusion_rule(each: int) -> str:
    """The rule in words."""
    return (
        f"A rater who has answered at least {minimum_answers(each)} answers, all of them the same,"
        " is excluded before the numbers are computed."
    )


def uniform_raters(answers: Iterable[Answer], each: int) -> dict[int, bool]:
    """Raters, by number, to whom the rule applies, and the answer that they gave."""
    by_rater: dict[int, list[bool]] = {}
    for answer in answers:
        by_rater.setdefault(answer.rater, []).append(answer.real)
    return {
        rater: answered[0]
        for rater, answered in sorted(by_rater.items())
        if len(answered) >= minimum_answers(each) and len(set(answered)) == 1
    }
