"""The result of a survey: how often each kind of picture was called real, with intervals."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from colortk.harness.json_values import OMIT_NONE, to_json_value
from colortk.survey.answers import Answer
from colortk.survey.crossed_effects import (
    AnswerGroup,
    difference_interval,
    missing_interval_reason,
    share_interval,
)
from colortk.survey.description import Description
from colortk.survey.exclusion import exclusion_rule, minimum_answers, uniform_raters
from colortk.survey.plan import REAL
from colortk.survey.proportions import wilson
from colortk.survey.session import Survey


@dataclass(frozen=True)
class Share:
    """How often the pictures of one condition were called real.

    Parameters
    ----------
    name : str
        The condition: "real", or the label of a plugin.
    answers, real : int
        Answers, and those that say "real".
    share : float or None
        ``real`` over ``answers``, 0..1; ``None`` without answers.
    ci95 : list of float or None
        Its 95 % interval.
    """

    name: str
    answers: int
    real: int
    share: float | None
    ci95: list[float] | None


@dataclass(frozen=True)
class ConditionShare(Share):
    """The share of one condition over all pictures.

    ``ci95_missing`` says why there is no interval.
    """

    colorized: bool
    ci95_missing: str | None


@dataclass(frozen=True)
class ColorizedShare(ConditionShare):
    """The share of a plugin, and its difference to the share of the real pictures.

    ``ratio`` is the plugin's share over the share of the real pictures.
    """

    difference: float | None
    ratio: float | None
    difference_ci95: list[float] | None
    difference_ci95_missing: str | None


@dataclass(frozen=True)
class PictureShares:
    """One picture, and how often each of its versions was called real, the original first."""

    name: str
    sha256: str
    chroma: float
    enlarged: bool
    conditions: list[Share]


@dataclass(frozen=True)
class UniformRater:
    """A rater, by number from 1, who gave the same answer to everything."""

    rater: int
    answers: int
    real: bool


@dataclass(frozen=True)
class RaterCounts:
    """How many raters came, answered anything, finished, and count; and who is excluded, why."""

    came: int
    answered: int
    finished: int
    counted: int
    uniform: list[UniformRater]
    uniform_minimum: int
    uniform_rule: str
    excluded: int


@dataclass(frozen=True)
class AnswerRecord:
    """One answer. ``rater`` is a number from 1, times are seconds since 1970."""

    rater: int
    picture: str
    sha256: str
    condition: str
    said_real: bool
    shown: float
    answered: float


@dataclass(frozen=True)
class SurveyFindings:
    """The result of a survey.

    Parameters
    ----------
    survey : str
        Name of the survey's folder.
    question, created, colortk, seed, each, protocol, plugins, left_out
        As in the survey's description.
    raters : RaterCounts
        Who answered.
    answers : int
        Answers that count.
    seconds_median : float or None
        Median time for an answer.
    conditions : list of ConditionShare
        The real pictures, then each plugin.
    pictures : list of PictureShares
        The same by picture.
    records : list of AnswerRecord, optional
        Every answer that counts.
    """

    survey: str
    question: str
    created: str
    colortk: str
    seed: int
    each: int
    protocol: dict[str, Any]
    plugins: list[dict[str, Any]]
    left_out: list[dict[str, str]]
    raters: RaterCounts
    answers: int
    seconds_median: float | None
    conditions: list[ConditionShare]
    pictures: list[PictureShares]
    records: list[AnswerRecord] | None = field(default=None, metadata=OMIT_NONE)

    def as_dict(self) -> dict[str, Any]:
        """Return the findings as ``colortk survey report --json`` prints them."""
        values: dict[str, Any] = to_json_value(self)
        return values


def findings(
    survey: Survey, keep_uniform: bool = False, per_answer: bool = False
) -> SurveyFindings:
    """Compute the shares and intervals of a survey.

    Parameters
    ----------
    survey : Survey
        The survey; raters may still be answering.
    keep_uniform : bool
        Count raters who gave the same answer to everything, too.
    per_answer : bool
        Add every answer that counts.

    Returns
    -------
    SurveyFindings
        Raters have numbers, not their ids: anyone who has an id can answer as that rater.
    """
    about = survey.description
    answers, raters = survey.answers.all_answers(), survey.answers.raters()
    uniform = uniform_raters(answers, about.each)
    counted = [a for a in answers if keep_uniform or a.rater not in uniform]
    return SurveyFindings(
        survey=Path(survey.folder).absolute().name,
        question=about.question,
        created=about.created,
        colortk=about.colortk,
        seed=about.seed,
        each=about.each,
        protocol=about.protocol,
        plugins=list(about.plugins),
        left_out=list(about.left_out),
        raters=RaterCounts(
            came=len(raters),
            answered=len({a.rater for a in answers}),
            finished=sum(answered_count == total for answered_count, total in raters.values()),
            counted=len({a.rater for a in counted}),
            uniform=[UniformRater(n + 1, raters[n][0], real) for n, real in uniform.items()],
            uniform_minimum=minimum_answers(about.each),
            uniform_rule=exclusion_rule(about.each),
            excluded=0 if keep_uniform else len(uniform),
        ),
        answers=len(counted),
        seconds_median=_median_seconds(counted),
        conditions=_conditions(about, counted),
        pictures=_pictures(about, counted),
        records=[_record(about, a) for a in counted] if per_answer else None,
    )


def _median_seconds(answers: Sequence[Answer]) -> float | None:
    return statistics.median(a.answered - a.shown for a in answers) if answers else None


def _share(answers: Sequence[Answer]) -> tuple[int, int, float | None]:
    """Return the number of answers, the number of answers "real", and their share."""
    real, count = sum(answer.real for answer in answers), len(answers)
    return count, real, real / count if count else None


def _ends(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else list(interval)


def _conditions(about: Description, answers: Sequence[Answer]) -> list[ConditionShare]:
    by_condition = [[a for a in answers if a.condition == k] for k in range(len(about.conditions))]
    groups = [AnswerGroup.of(some) for some in by_condition]
    real = groups[REAL]
    rows: list[ConditionShare] = []
    for k, name in enumerate(about.conditions):
        group = groups[k]
        ci95, reason = _ends(share_interval(group)), missing_interval_reason(group) or None
        if k == REAL:
            rows.append(ConditionShare(name, *_share(by_condition[k]), ci95, False, reason))
            continue
        both = len(group.real) and len(real.real)
        rows.append(
            ColorizedShare(
                name,
                *_share(by_condition[k]),
                ci95,
                True,
                reason,
                difference=group.share - real.share if both else None,
                ratio=group.share / real.share if both and real.share else None,
                difference_ci95=_ends(difference_interval(group, real)),
                difference_ci95_missing=missing_interval_reason(group, real) or None,
            )
        )
    return rows


def _picture_share(name: str, answers: Sequence[Answer]) -> Share:
    """Return the share of one picture, whose answers are of different raters and independent."""
    count, real, share = _share(answers)
    return Share(name, count, real, share, None if share is None else list(wilson(share, count)))


def _pictures(about: Description, answers: Sequence[Answer]) -> list[PictureShares]:
    cells: dict[tuple[int, int], list[Answer]] = {}
    for answer in answers:
        cells.setdefault((answer.picture, answer.condition), []).append(answer)
    return [
        PictureShares(
            subject.name,
            subject.sha256,
            subject.chroma,
            subject.enlarged,
            [
                _picture_share(name, cells.get((index, k), []))
                for k, name in enumerate(about.conditions)
            ],
        )
        for index, subject in enumerate(about.pictures)
    ]


def _record(about: Description, answer: Answer) -> AnswerRecord:
    subject = about.pictures[answer.picture]
    return AnswerRecord(
        answer.rater + 1,
        subject.name,
        subject.sha256,
        about.conditions[answer.condition],
        answer.real,
        answer.shown,
        answer.answered,
    )
