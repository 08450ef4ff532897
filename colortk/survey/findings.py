"""What a survey found: how often what was called real, and how much that says."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from colortk.survey.answers import Answer
from colortk.survey.crossed_effects import Group, difference_interval, missing, share_interval
from colortk.survey.description import Description
from colortk.survey.exclusion import minimum_answers, rule, uniform_raters
from colortk.survey.plan import REAL
from colortk.survey.proportions import wilson
from colortk.survey.session import Survey


def findings(
    survey: Survey, keep_uniform: bool = False, per_answer: bool = False
) -> dict[str, Any]:
    """The report, as ``colortk survey report --json`` prints it.

    Parameters
    ----------
    survey
        The survey; it may go on meanwhile.
    keep_uniform
        Count the raters who gave the same answer to everything, too.
    per_answer
        Report every answer that counts, too.

    Returns
    -------
    dict
        Shares are ``None`` where there is no answer, intervals where they cannot be computed
        (``ci95_missing`` says why). Differences are a plugin's share minus the real pictures'. Raters
        go by number, from 1: who has their ids can answer as they.
    """
    about = survey.description
    given, raters = survey.answers.given(), survey.answers.raters()
    uniform = uniform_raters(given, about.each)
    counted = [a for a in given if keep_uniform or a.rater not in uniform]
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
            "uniform": [
                {"rater": n + 1, "answers": raters[n][0], "real": real}
                for n, real in uniform.items()
            ],
            "uniform_minimum": minimum_answers(about.each),
            "uniform_rule": rule(about.each),
            "excluded": 0 if keep_uniform else len(uniform),
        },
        "answers": len(counted),
        "seconds_median": _seconds(counted),
        "conditions": _conditions(about, counted),
        "pictures": _pictures(about, counted),
    }
    if per_answer:
        report["records"] = [_record(about, a) for a in counted]
    return report


def _seconds(given: list[Answer]) -> float | None:
    return statistics.median(a.answered - a.shown for a in given) if given else None


def _share(given: list[Answer]) -> dict[str, Any]:
    """Answers, those that say "real", and their share."""
    count, n = sum(a.real for a in given), len(given)
    return {"answers": n, "real": count, "share": count / n if n else None}


def _ends(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else list(interval)


def _conditions(about: Description, given: list[Answer]) -> list[dict[str, Any]]:
    answers = [[a for a in given if a.condition == k] for k in range(len(about.conditions))]
    groups = [Group.of(some) for some in answers]
    rows = []
    for k, name in enumerate(about.conditions):
        row = {
            "name": name, "colorized": k != REAL, **_share(answers[k]),
            "ci95": _ends(share_interval(groups[k])), "ci95_missing": missing(groups[k]) or None,
        }  # fmt: skip
        if k != REAL:
            row |= _against(groups[k], groups[REAL])
        rows.append(row)
    return rows


def _against(mine: Group, real: Group) -> dict[str, Any]:
    """A plugin's share minus that of the real pictures, and their ratio."""
    row: dict[str, Any] = {"difference": None, "ratio": None}
    if len(mine.real) and len(real.real):
        row["difference"] = mine.share - real.share
        row["ratio"] = mine.share / real.share if real.share else None
    row["difference_ci95"] = _ends(difference_interval(mine, real))
    row["difference_ci95_missing"] = missing(mine, real) or None
    return row


def _of_one_picture(given: list[Answer]) -> dict[str, Any]:
    """The share of one picture: its answers are of different raters, and independent."""
    row = _share(given)
    enough = row["answers"] > 0
    return row | {"ci95": list(wilson(row["share"], row["answers"])) if enough else None}


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
                {"name": name, **_of_one_picture(cells.get((place, k), []))}
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
