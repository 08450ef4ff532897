"""The result of a survey of pairs as one HTML page that loads nothing and runs no script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from colortk.report.environment import content_policy, environment, resource, safe
from colortk.report.pair_tables import (
    ABOUT_SCORES,
    agreement_text,
    exclusion_text,
    pair_table,
    strength_table,
    win_table,
)
from colortk.report.survey_page import MIN_RELIABLE_RATERS, WIDTH, Bar
from colortk.report.wording import plural
from colortk.survey.pairs.findings import PairFindings
from colortk.survey.pairs.result_rows import Strength


@dataclass(frozen=True)
class ScoreRow:
    """A row of the table of scores, as texts."""

    name: str
    count: str
    score: str
    interval: str
    elo: str
    elo_interval: str
    rank: str
    bar: Bar


def pair_page(findings: PairFindings) -> Iterator[str]:
    """Yield the page in pieces."""
    style = resource("report.css") + resource("survey_page.css")
    ends = [end for row in findings.strengths for end in (row.ci95 or [row.score])]
    limit = max(1e-3, *(abs(end) for end in ends)) * 1.05
    return (
        environment()
        .get_template("pairs.html")
        .generate(
            policy=content_policy(style),
            title=f"Survey {findings.survey}: {findings.question}",
            style=safe(style),
            command="colortk survey report --html",
            findings=findings,
            counts=_counts(findings),
            warnings=_warnings(findings),
            about_scores=ABOUT_SCORES,
            axis=(f"−{limit:.1f}", f"+{limit:.1f}"),
            scores=_score_rows(findings, limit),
            pairs=pair_table(findings),
            wins=win_table(findings),
            rater_notes=_rater_notes(findings),
        )
    )


def _counts(findings: PairFindings) -> list[tuple[str, str]]:
    raters, seconds = findings.raters, findings.seconds_median
    exposure = "no limit" if findings.exposure_ms is None else f"{findings.exposure_ms} ms"
    return [
        (plural(raters.counted, "rater"), f"{raters.finished} of {raters.came} finished"),
        (plural(findings.choices, "choice"), "" if seconds is None else f"median {seconds:.1f} s"),
        (plural(findings.pictures, "picture"), f"{findings.each} shown to each rater"),
        (exposure, "time for which a pair is visible"),
    ]


def _warnings(findings: PairFindings) -> list[str]:
    lines = []
    if findings.raters.counted < MIN_RELIABLE_RATERS:
        count = plural(findings.raters.counted, "rater")
        lines.append(f"Only {count}: the results are not reliable.")
    if findings.missing:
        lines.append(f"No intervals: {findings.missing}.")
    if findings.raters.excluded:
        lines.append(exclusion_text(findings))
    return lines


def _rater_notes(findings: PairFindings) -> list[str]:
    raters = findings.raters
    lines = [
        f"{raters.came} began, {raters.answered} answered something, {raters.finished} finished.",
        *raters.rules,
        exclusion_text(findings),
    ]
    if findings.left_chosen is not None:
        lines.append(f"The left side was chosen in {100 * findings.left_chosen:.1f} %.")
    return [*lines, agreement_text(findings)]


def _score_rows(findings: PairFindings, limit: float) -> list[ScoreRow]:
    rows = []
    for row, cells in zip(findings.strengths, strength_table(findings).rows, strict=True):
        name, choices, share, score, interval, elo, elo_interval, rank = cells
        count = f"preferred in {share} of {choices}"
        rows.append(
            ScoreRow(name, count, score, interval, elo, elo_interval, rank, _bar(row, limit))
        )
    return rows


def _bar(row: Strength, limit: float) -> Bar:
    """Return the score and its interval on a line from -limit to limit, with a mark at 0."""

    def position(value: float) -> float:
        return WIDTH * (value + limit) / (2 * limit)

    low, high = (position(end) for end in row.ci95 or [row.score] * 2)
    return Bar(
        f"{low:.1f}",
        f"{high:.1f}",
        f"{position(row.score) - 1.5:.1f}",
        f"score {row.score:+.2f}",
        row.name == "real",
        f"{position(0):.1f}",
    )
