"""What a survey found: how often what was called real, and how much that says."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from colortk.survey.answers import Answer
from colortk.survey.description import Description
from colortk.survey.plan import REAL
from colortk.survey.proportions import by_rater, newcombe, wilson
from colortk.survey.session import Survey

#: Answers from which on it says something that a rater gave one and the same.
MANY = 5


def findings(
    survey: Survey, without_flagged: bool = False, per_answer: bool = False
) -> dict[str, Any]:
    """The report, as ``colortk survey report --json`` prints it.

    ``without_flagged``: leave out the raters who answered everything the same way.
    ``per_answer``: every answer too. Shares are None where there is no answer; differences are a
    plugin's share minus the real pictures'. Raters go by number, from 1: their ids let one answer.
    """
    about = survey.description
    given, raters = survey.answers.given(), survey.answers.raters()
    flagged = uniform(given)
    counted = [a for a in given if not (without_flagged and a.rater in flagged)]
    report: dict[str, Any] = {
        "survey": Path(survey.folder).absolute().name,
        "question": about.question,
        "created": about.created,
        "colortk": about.colortk,
        "seed": about.seed,
        "each": about.each,
        "protocol": about.protocol,
        "plugins": list(about.plugins),
        "left_out": list(about.left_out),
        "raters": {
            "came": len(raters),
            "answered": len({a.rater for a in given}),
            "finished": sum(done == total for done, total in raters.values()),
            "counted": len({a.rater for a in counted}),
            "flagged": [
                {"rater": n + 1, "answers": raters[n][0], "real": real}
                for n, real in flagged.items()
            ],
            "flagged_counted": not without_flagged,
        },
        "answers": len(counted),
        "seconds_median": _seconds(counted),
        "conditions": _conditions(about, counted),
        "pictures": _pictures(about, counted),
    }
    if per_answer:
        report["records"] = [_record(about, a) for a in counted]
    return report


def uniform(given: Iterable[Answer]) -> dict[int, bool]:
    """Raters, by number, who gave the same answer at least five times and no other: which."""
    answers: dict[int, list[bool]] = {}
    for answer in given:
        answers.setdefault(answer.rater, []).append(answer.real)
    return {
        rater: said[0]
        for rater, said in sorted(answers.items())
        if len(said) >= MANY and len(set(said)) == 1
    }


def _seconds(given: list[Answer]) -> float | None:
    return statistics.median(a.answered - a.shown for a in given) if given else None


def _share(given: list[Answer]) -> dict[str, Any]:
    """Answers, those that say "real", their share and its Wilson interval."""
    count, n = sum(a.real for a in given), len(given)
    if not n:
        return {"answers": 0, "real": 0, "share": None, "ci95": None}
    return {"answers": n, "real": count, "share": count / n, "ci95": list(wilson(count, n))}


def _conditions(about: Description, given: list[Answer]) -> list[dict[str, Any]]:
    groups = [[a for a in given if a.condition == k] for k in range(len(about.conditions))]
    rows = []
    for k, name in enumerate(about.conditions):
        row = {"name": name, "colorized": k != REAL, **_share(groups[k])}
        if k != REAL:
            row |= _against(groups[k], groups[REAL])
        rows.append(row)
    return rows


def _against(mine: list[Answer], real: list[Answer]) -> dict[str, Any]:
    """A plugin's share minus that of the real pictures, and their ratio."""
    if not mine or not real:
        return {"difference": None, "ci95_newcombe": None, "ci95_by_rater": None, "ratio": None}
    count, other = sum(a.real for a in mine), sum(a.real for a in real)
    share, base = count / len(mine), other / len(real)
    raters = sorted({a.rater for a in (*mine, *real)})
    rows = {rater: place for place, rater in enumerate(raters)}
    tables = []
    for group in (mine, real):
        table = np.zeros((len(raters), 2))
        for answer in group:
            table[rows[answer.rater]] += answer.real, 1
        tables.append(table)
    resampled = by_rater(*tables)
    return {
        "difference": share - base,
        "ci95_newcombe": list(newcombe(count, len(mine), other, len(real))),
        "ci95_by_rater": list(resampled) if resampled else None,
        "ratio": share / base if base else None,
    }


def _pictures(about: Description, given: list[Answer]) -> list[dict[str, Any]]:
    cells: dict[tuple[int, int], list[Answer]] = {}
    for answer in given:
        cells.setdefault((answer.picture, answer.condition), []).append(answer)
    return [
        {
            "name": subject.name,
            "sha256": subject.sha256,
            "chroma": subject.chroma,
            "enlarged": subject.enlarged,
            "conditions": [
                {"name": name, **_share(cells.get((place, k), []))}
                for k, name in enumerate(about.conditions)
            ],
        }
        for place, subject in enumerate(about.pictures)
    ]


def _record(about: Description, answer: Answer) -> dict[str, Any]:
    subject = about.pictures[answer.picture]
    return {
        "rater": answer.rater + 1,
        "picture": subject.name,
        "sha256": subject.sha256,
        "condition": about.conditions[answer.condition],
        "said_real": answer.real,
        "shown": answer.shown,
        "answered": answer.answered,
    }
