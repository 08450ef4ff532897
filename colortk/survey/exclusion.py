"""The rule that excludes raters before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable

from colortk.survey.answers import Answer

#: A rater is excluded after so many answers, if all are the same. Somebody who answers "real" half
#: of the time gives ten equal answers once in 500 times, and five once in 16 times.
MINIMUM = 10
#: In a survey with fewer questions a rater, all of them are needed, and at least so many.
SHORT_SURVEY_MINIMUM = 5


def minimum_answers(each: int) -> int:
    """Return how many equal answers exclude a rater who is shown ``each`` pictures."""
    return max(SHORT_SURVEY_MINIMUM, min(MINIMUM, each))


def exclusion_rule(each: int) -> str:
    """Return the rule in words."""
    return (
        f"A rater who has answered at least {minimum_answers(each)} answers, all of them the same,"
        " is excluded before the numbers are computed."
    )


def uniform_raters(answers: Iterable[Answer], each: int) -> dict[int, bool]:
    """Return the raters, by number, whose answers are all the same, and that answer."""
    by_rater: dict[int, list[bool]] = {}
    for answer in answers:
        by_rater.setdefault(answer.rater, []).append(answer.real)
    return {
        rater: rater_answers[0]
        for rater, rater_answers in sorted(by_rater.items())
        if len(rater_answers) >= minimum_answers(each) and len(set(rater_answers)) == 1
    }
