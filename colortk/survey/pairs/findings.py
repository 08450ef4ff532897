"""The result of a survey of pairs: strengths, wins, agreement between raters, and power."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from colortk.harness.json_values import OMIT_NONE, to_json_value
from colortk.survey.pairs.agreement import Agreement, agreement
from colortk.survey.pairs.answers import Choice
from colortk.survey.pairs.bradley_terry import (
    ELO_MEAN,
    ELO_SCALE,
    Floats,
    connected,
    strengths,
)
from colortk.survey.pairs.description import CHECK_VERSIONS, PairDescription
from colortk.survey.pairs.exclusion import ExcludedRater, excluded_raters, exclusion_rules
from colortk.survey.pairs.power import needed_raters
from colortk.survey.pairs.result_rows import ChoiceRecord, PairRaters, PairResult, Strength
from colortk.survey.pairs.session import PairSurvey
from colortk.survey.pairs.two_way_bootstrap import Comparisons, Uncertainty, uncertainty
from colortk.survey.proportions import wilson


@dataclass(frozen=True)
class PairFindings:
    """The result of a survey of pairs.

    ``left_chosen`` is the share of choices of the left side: far from one half, raters prefer a
    side. ``missing`` says why there are no intervals.
    """

    survey: str
    question: str
    created: str
    colortk: str
    seed: int
    each: int
    checks: int
    exposure_ms: int | None
    protocol: dict[str, Any]
    plugins: list[dict[str, Any]]
    left_out: list[dict[str, str]]
    pictures: int
    raters: PairRaters
    choices: int
    seconds_median: float | None
    left_chosen: float | None
    missing: str | None
    strengths: list[Strength]
    pairs: list[PairResult]
    win_matrix: list[list[int]]
    agreement: Agreement
    design: str = "pairs"
    records: list[ChoiceRecord] | None = field(default=None, metadata=OMIT_NONE)

    def as_dict(self) -> dict[str, Any]:
        """Return the findings as ``colortk survey report --json`` prints them."""
        values: dict[str, Any] = to_json_value(self)
        return values


def pair_findings(
    survey: PairSurvey, keep_excluded: bool = False, per_answer: bool = False
) -> PairFindings:
    """Compute the result of a survey of pairs; raters may still be answering.

    Parameters
    ----------
    survey : PairSurvey
        The survey.
    keep_excluded : bool
        Count the raters to whom a rule of exclusion applies, too.
    per_answer : bool
        Add every choice, those of excluded raters and the attention checks included.
    """
    about = survey.description
    made, raters = survey.answers.choices(), survey.answers.raters()
    excluded = excluded_raters(made, len(about.checks), about.each)
    dropped = set() if keep_excluded else {row.rater - 1 for row in excluded}
    counted = [c for c in made if c.rater not in dropped and not c.trial.check]
    comparisons = _comparisons(about, counted)
    names = about.compared_names
    wins = comparisons.wins
    values = strengths(wins)
    missing = _missing(comparisons)
    spread = None if missing else uncertainty(comparisons, about.seed)
    pairs = _pair_results(names, wins, values, spread)
    order = np.argsort(-values, kind="stable")
    return PairFindings(
        survey=Path(survey.folder).absolute().name,
        question=about.question,
        created=about.created,
        colortk=about.colortk,
        seed=about.seed,
        each=about.each,
        checks=len(about.checks),
        exposure_ms=about.exposure_ms,
        protocol=about.protocol,
        plugins=list(about.plugins),
        left_out=list(about.left_out),
        pictures=len(about.pictures),
        raters=PairRaters(
            came=len(raters),
            answered=len({c.rater for c in made}),
            finished=sum(answered == total for answered, total in raters.values()),
            counted=len({c.rater for c in counted}),
            excluded=excluded,
            rules=exclusion_rules(len(about.checks), about.each),
            kept=keep_excluded,
        ),
        choices=len(counted),
        seconds_median=statistics.median(c.answered - c.shown for c in counted)
        if counted
        else None,
        left_chosen=statistics.mean(not c.chose_right for c in counted) if counted else None,
        missing=missing,
        strengths=[_strength(i, names, wins, values, spread, pairs) for i in order],
        pairs=pairs,
        win_matrix=[[int(wins[i, j]) for j in order] for i in order],
        agreement=_agreement(counted),
        records=[_record(about, c, excluded) for c in made] if per_answer else None,
    )


def _comparisons(about: PairDescription, choices: Sequence[Choice]) -> Comparisons:
    place = {condition: index for index, condition in enumerate(about.compared)}
    _, raters = np.unique(np.array([c.rater for c in choices], np.intp), return_inverse=True)
    _, pictures = np.unique(
        np.array([c.trial.picture for c in choices], np.intp), return_inverse=True
    )
    winners, losers = (
        np.array([place[version] for version in versions], np.intp)
        for versions in ([c.winner for c in choices], [c.loser for c in choices])
    )
    return Comparisons(raters, pictures, winners, losers, len(about.compared))


def _missing(comparisons: Comparisons) -> str | None:
    """Return why intervals cannot be computed."""
    if not len(comparisons.raters):
        return "no choices"
    for axis, name in ((comparisons.raters, "rater"), (comparisons.pictures, "picture")):
        if axis.max() == 0:
            return f"only one {name}: how {name}s differ is not known"
    if not connected(comparisons.wins):
        return "the choices so far do not connect all versions"
    return None


def _contrast(count: int, first: int, second: int | None = None) -> Floats:
    """Return the weights of one score, or of the difference of two."""
    weights = np.zeros(count)
    weights[first] = 1
    if second is None:
        weights -= 1 / count
    else:
        weights[second] = -1
    return weights


def _pair_results(
    names: Sequence[str], wins: Floats, values: Floats, spread: Uncertainty | None
) -> list[PairResult]:
    order = [int(i) for i in np.argsort(-values, kind="stable")]
    pairs = [(i, j) for k, i in enumerate(order) for j in order[k + 1 :]]
    contrasts = {pair: _contrast(len(names), *pair) for pair in pairs}
    differences = {(i, j): float(values[i] - values[j]) for i, j in pairs}
    p_values = (
        [spread.p_value(contrasts[pair], differences[pair]) for pair in pairs] if spread else []
    )
    adjusted = holm(p_values)
    rows = []
    for k, (i, j) in enumerate(pairs):
        won, count = int(wins[i, j]), int(wins[i, j] + wins[j, i])
        share = won / count if count else None
        difference = differences[i, j]
        rows.append(
            PairResult(
                names[i], names[j], count, won, share,
                None if share is None else list(wilson(share, count)),
                difference,
                list(spread.interval(contrasts[i, j], difference)) if spread else None,
                p_values[k] if spread else None,
                adjusted[k] if spread else None,
                needed_raters(spread, contrasts[i, j], difference) if spread else None,
            )
        )  # fmt: skip
    return rows


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values that are adjusted for their number (Holm 1979), in the same order."""
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def _strength(
    index: int,
    names: Sequence[str],
    wins: Floats,
    values: Floats,
    spread: Uncertainty | None,
    pairs: Sequence[PairResult],
) -> Strength:
    name, score = names[index], float(values[index])
    ci95 = list(spread.interval(_contrast(len(names), index), score)) if spread else None
    ranks = None
    if spread:
        significant = [row for row in pairs if row.p_holm is not None and row.p_holm < 0.05]
        worse = sum(row.first == name for row in significant)
        better = sum(row.second == name for row in significant)
        ranks = [1 + better, len(names) - worse]
    return Strength(
        name,
        int(wins[index].sum() + wins[:, index].sum()),
        int(wins[index].sum()),
        score,
        ci95,
        ELO_MEAN + ELO_SCALE * score,
        [ELO_MEAN + ELO_SCALE * end for end in ci95] if ci95 else None,
        ranks,
    )


def _agreement(choices: Sequence[Choice]) -> Agreement:
    """Return the agreement of raters who compared the same versions of the same picture."""
    questions: dict[tuple[int, int, int], list[int]] = {}
    for c in choices:
        low, high = sorted((c.trial.left, c.trial.right))
        questions.setdefault((c.trial.picture, low, high), []).append(int(c.winner == high))
    return agreement(questions.values())


def _record(
    about: PairDescription, choice: Choice, excluded: Sequence[ExcludedRater]
) -> ChoiceRecord:
    trial = choice.trial
    names = CHECK_VERSIONS if trial.check else tuple(about.conditions)
    subject = (about.checks if trial.check else about.pictures)[trial.picture]
    reasons = {row.rater: row.reason for row in excluded}
    return ChoiceRecord(
        rater=choice.rater + 1,
        position=choice.position + 1,
        kind="check" if trial.check else "comparison",
        picture=subject.name,
        sha256=subject.sha256,
        left=names[trial.left],
        right=names[trial.right],
        chosen=names[choice.winner],
        side="right" if choice.chose_right else "left",
        excluded=reasons.get(choice.rater + 1, ""),
        views=choice.views,
        shown=choice.shown,
        answered=choice.answered,
        seconds=choice.answered - choice.shown,
    )
