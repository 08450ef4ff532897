"""The result of a survey as tables: for the terminal and as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

from colortk.report.text_tables import Table
from colortk.report.wording import plural
from colortk.survey.findings import ColorizedShare, ConditionShare, Share, SurveyFindings

#: Explanation of the intervals.
ABOUT_INTERVALS = (
    "The 95 % intervals are for other raters and other pictures: both are taken as drawn at random."
)


def percent(value: float | None, sign: bool = False) -> str:
    """Return a share as "62.5 %", a difference of shares as "+3.1", ``None`` as "-"."""
    if value is None:
        return "-"
    return f"{100 * value:+.1f}" if sign else f"{100 * value:.1f} %"


def interval(bounds: list[float] | None, sign: bool = False) -> str:
    """Return an interval of shares in per cent, ``None`` as "-"."""
    if bounds is None:
        return "-"
    if sign:
        return " to ".join(f"{100 * bound:+.1f}" for bound in bounds)
    return " – ".join(f"{100 * bound:.1f}" for bound in bounds)


def condition_table(findings: SurveyFindings) -> Table:
    """Return the table of conditions: answers, share of "real", and difference to real pictures."""
    head = ["shown", "answers", "called real", "95 %", "minus real", "95 % of it"]
    rows = []
    for row in findings.conditions:
        cells = [row.name, str(row.answers), percent(row.share), interval(row.ci95)]
        if isinstance(row, ColorizedShare):
            cells += [
                percent(row.difference, sign=True),
                interval(row.difference_ci95, sign=True),
            ]
        else:
            cells += ["-", "-"]
        rows.append(cells)
    return Table(head, rows)


def missing_intervals(findings: SurveyFindings) -> list[str]:
    """Return why shares or differences have no interval, one line for each reason."""
    reasons: dict[str, list[str]] = {}
    for row in findings.conditions:
        if not row.answers:
            continue
        if row.ci95_missing:
            reasons.setdefault(row.ci95_missing, []).append(row.name)
        if isinstance(row, ColorizedShare) and row.difference_ci95_missing:
            reasons.setdefault(row.difference_ci95_missing, []).append(f"{row.name} minus real")
    return [f"no interval for {', '.join(names)}: {reason}" for reason, names in reasons.items()]


def exclusions(findings: SurveyFindings) -> list[str]:
    """Return the rule by which raters are excluded, and to whom it applies."""
    raters = findings.raters
    count = len(raters.uniform)
    if not count:
        return [raters.uniform_rule, "No rater is excluded by this rule."]
    names = ", ".join(
        f"{row.rater} ({row.answers} times {'real' if row.real else 'not real'})"
        for row in raters.uniform
    )
    verb = "is" if count == 1 else "are"
    if raters.excluded:
        return [raters.uniform_rule, f"{plural(count, 'rater')} {verb} excluded: {names}."]
    kept_text = (
        f"{plural(count, 'rater')} to whom it applies {verb} kept (--keep-uniform): {names}."
    )
    return [raters.uniform_rule, kept_text]


def caption(findings: SurveyFindings) -> list[str]:
    """Return explanations of the numbers, one line each."""
    raters = findings.raters
    seconds = findings.seconds_median
    lines = [
        f"“{findings.question}” {plural(findings.answers, 'answer')} of"
        f" {plural(raters.counted, 'rater')}, {raters.finished} of {raters.came} finished;"
        f" {plural(len(findings.pictures), 'picture')},"
        f" {findings.each} a rater"
        + (f"; median {seconds:.1f} s an answer" if seconds is not None else "")
    ]
    return [*lines, *exclusions(findings), ABOUT_INTERVALS, *missing_intervals(findings)]


def to_csv(findings: SurveyFindings) -> str:
    """Return the shares as CSV.

    Returns
    -------
    str
        One line for each condition over all pictures, without a picture, then one for each picture
        and condition. If the findings have the answers: one line for each answer instead.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if findings.records is not None:
        names = ["rater", "picture", "sha256", "condition", "said_real", "shown", "answered"]
        writer.writerow(names)
        for record in findings.records:
            values = [getattr(record, name) for name in names]
            writer.writerow([int(v) if isinstance(v, bool) else v for v in values])
        return out.getvalue()
    names = ["picture", "sha256", "condition", "answers", "real", "share", "low", "high"]
    names += ["difference", "difference_low", "difference_high"]
    writer.writerow(names)
    for condition in findings.conditions:
        writer.writerow(["", "", condition.name, *_cells(condition), *_difference(condition)])
    for picture in findings.pictures:
        for row in picture.conditions:
            writer.writerow(
                [picture.name, picture.sha256, row.name, *_cells(row), None, None, None]
            )
    return out.getvalue()


def _cells(row: Share) -> list[Any]:
    return [row.answers, row.real, row.share, *(row.ci95 or (None, None))]


def _difference(row: ConditionShare) -> list[Any]:
    if not isinstance(row, ColorizedShare):
        return [None, None, None]
    return [row.difference, *(row.difference_ci95 or (None, None))]
