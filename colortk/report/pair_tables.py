"""The result of a survey of pairs as tables: for the terminal, and as CSV with a codebook."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import fields

from colortk.report.text_tables import Table
from colortk.report.wording import plural
from colortk.survey.pairs.findings import PairFindings
from colortk.survey.pairs.power import NeededRaters
from colortk.survey.pairs.result_rows import ChoiceRecord, PairResult, Strength

#: Explanation of the scores and their intervals.
ABOUT_SCORES = (
    "Bradley-Terry scores: the odds that a version is preferred to another one are e to the power"
    " of the difference of their scores; scores add up to 0. Elo is the same on another scale: 1500"
    " + 400 / ln 10 times the score. The 95 % intervals are for other raters and other pictures"
    " (two-way bootstrap). p is adjusted for the number of pairs (Holm)."
)
#: Columns of the two CSV files and what they hold.
CHOICE_CODEBOOK = {
    "rater": "number of the rater, from 1, in the order in which they began",
    "position": "place of the question in the rater's order, from 1",
    "kind": "comparison, or check: an attention check",
    "picture": "file name of the original",
    "sha256": "SHA-256 of the original's file",
    "left": "version shown on the left: real (the original) or a plugin; of a check: original, "
    "gray, hue rotated",
    "right": "version shown on the right",
    "chosen": "version that the rater chose as more natural",
    "side": "side that the rater chose: left or right",
    "excluded": "why the rater is left out of the results; empty if the rater counts",
    "views": "how often the question was shown; more than 1 if the page was loaded again",
    "shown": "time of the last view, seconds since 1970-01-01 00:00 UTC",
    "answered": "time of the choice, seconds since 1970-01-01 00:00 UTC",
    "seconds": "answered minus shown",
}
SCORE_CODEBOOK = {
    "version": "real (the original) or a plugin",
    "choices": "choices between this version and others, without attention checks",
    "wins": "choices in which this version was preferred",
    "score": "Bradley-Terry log strength; the scores add up to 0",
    "low": "lower end of its 95 % interval; empty without an interval",
    "high": "upper end of its 95 % interval",
    "elo": "1500 + 400 / ln 10 times the score",
    "elo_low": "lower end of its 95 % interval",
    "elo_high": "upper end of its 95 % interval",
    "best_rank": "best rank that the pairwise tests leave (Holm, 5 %)",
    "worst_rank": "worst rank that the pairwise tests leave",
}


def _signed(value: float) -> str:
    return f"{value:+.2f}"


def _bounds(ends: Sequence[float] | None, digits: int = 2, sign: bool = True) -> str:
    if ends is None:
        return "-"
    return " to ".join(f"{end:{'+' if sign else ''}.{digits}f}" for end in ends)


def p_text(value: float | None) -> str:
    """Return a p-value with two digits, "< 0.001" below that, and "-" for ``None``."""
    if value is None:
        return "-"
    return "< 0.001" if value < 0.001 else f"{value:.2g}"


def _ranks(row: Strength) -> str:
    if row.ranks is None:
        return "-"
    low, high = row.ranks
    return str(low) if low == high else f"{low}-{high}"


def strength_table(findings: PairFindings) -> Table:
    """Return the versions in the order of their scores."""
    head = ["version", "choices", "preferred", "score", "95 %", "Elo", "95 % of Elo", "rank"]
    rows = [
        [
            row.name,
            str(row.choices),
            f"{100 * row.wins / row.choices:.1f} %" if row.choices else "-",
            _signed(row.score),
            _bounds(row.ci95),
            f"{row.elo:.0f}",
            _bounds(row.elo_ci95, 0, sign=False),
            _ranks(row),
        ]
        for row in findings.strengths
    ]
    return Table(head, rows)


def pair_table(findings: PairFindings) -> Table:
    """Return the versions two by two: share preferred, difference, p and power."""
    head = ["pair", "choices", "first preferred", "difference", "95 %", "p", "raters needed"]
    return Table(head, [_pair_row(row) for row in findings.pairs])


def _pair_row(row: PairResult) -> list[str]:
    return [
        f"{row.first} > {row.second}",
        str(row.choices),
        "-" if row.share is None else f"{100 * row.share:.1f} %",
        _signed(row.difference),
        _bounds(row.ci95),
        p_text(row.p_holm),
        needed_text(row.needed),
    ]


def needed_text(needed: NeededRaters | None) -> str:
    """Return how many raters a pair needs, in words."""
    if needed is None:
        return "-"
    if needed.total is None:
        return "more pictures"
    return f"{needed.total:,}" + (f" ({needed.more:,} more)" if needed.more else "")


def win_table(findings: PairFindings) -> Table:
    """Return how often the version of a row was preferred to that of a column."""
    names = [row.name for row in findings.strengths]
    rows = [
        [name, *("-" if i == j else str(wins) for j, wins in enumerate(line))]
        for i, (name, line) in enumerate(zip(names, findings.win_matrix, strict=True))
    ]
    return Table(["preferred to →", *names], rows)


def notes(findings: PairFindings) -> list[str]:
    """Return explanations of the numbers, one line each."""
    raters, seconds = findings.raters, findings.seconds_median
    exposure = "no time limit" if findings.exposure_ms is None else f"{findings.exposure_ms} ms"
    lines = [
        f"“{findings.question}” {plural(findings.choices, 'choice')} of"
        f" {plural(raters.counted, 'rater')}, {raters.finished} of {raters.came} finished;"
        f" {plural(findings.pictures, 'picture')}, {findings.each} a rater; shown {exposure}"
        + (f"; median {seconds:.1f} s a choice" if seconds is not None else "")
    ]
    lines += raters.rules
    lines.append(exclusion_text(findings))
    if findings.left_chosen is not None:
        lines.append(f"The left side was chosen in {100 * findings.left_chosen:.1f} %.")
    lines.append(agreement_text(findings))
    lines.append(ABOUT_SCORES)
    if findings.missing:
        lines.append(f"no intervals: {findings.missing}")
    else:
        lines.append(
            "Raters needed: in all, to find a true difference of the size observed in 80 % of"
            " surveys of these pictures (5 %, two-sided)."
        )
    return lines


def exclusion_text(findings: PairFindings) -> str:
    """Return who is excluded, or that nobody is."""
    rows = findings.raters.excluded
    if not rows:
        return "No rater is excluded."
    names = ", ".join(f"{row.rater} ({row.reason})" for row in rows)
    if findings.raters.kept:
        return f"Kept (--keep-excluded) although a rule applies: {names}."
    return f"{plural(len(rows), 'rater')} excluded: {names}."


def agreement_text(findings: PairFindings) -> str:
    """Return the agreement between raters in words."""
    found = findings.agreement
    if found.same_share is None:
        return "Agreement between raters: no question has two answers."
    alpha = "-" if found.alpha is None else f"{found.alpha:.2f}"
    return (
        f"Agreement between raters: Krippendorff's alpha {alpha}; two raters agree in"
        f" {100 * found.same_share:.1f} % ({found.questions:,} questions with at least two"
        f" answers, {found.answers:,} answers)."
    )


def to_csv(findings: PairFindings) -> str:
    """Return the scores as CSV, or, if the findings have them, every choice."""
    if findings.records is not None:
        names = [field.name for field in fields(ChoiceRecord)]
        return _csv(names, ([getattr(row, name) for name in names] for row in findings.records))
    rows = (
        [
            row.name, row.choices, row.wins, row.score, *(row.ci95 or (None, None)), row.elo,
            *(row.elo_ci95 or (None, None)), *(row.ranks or (None, None)),
        ]
        for row in findings.strengths
    )  # fmt: skip
    return _csv(list(SCORE_CODEBOOK), rows)


def codebook(findings: PairFindings) -> str:
    """Return, as CSV, what each column of :func:`to_csv` holds."""
    book = SCORE_CODEBOOK if findings.records is None else CHOICE_CODEBOOK
    return _csv(["column", "meaning"], (list(item) for item in book.items()))


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()
