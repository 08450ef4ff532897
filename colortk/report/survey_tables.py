"""What a survey found, as tables: for the terminal and as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

Table = tuple[list[str], list[list[str]]]


def percent(value: float | None, sign: bool = False) -> str:
    """A share as "62.5 %", a difference of shares as "+3.1"; "-" for None."""
    if value is None:
        return "-"
    return f"{100 * value:+.1f}" if sign else f"{100 * value:.1f} %"


def interval(bounds: list[float] | None, sign: bool = False) -> str:
    """An interval of shares in per cent, "-" for None."""
    if bounds is None:
        return "-"
    if sign:
        return " to ".join(f"{100 * bound:+.1f}" for bound in bounds)
    return " – ".join(f"{100 * bound:.1f}" for bound in bounds)


def plural(count: int, word: str) -> str:
    """A count of something that takes an s."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def conditions(report: dict[str, Any]) -> Table:
    """Head and rows: what was shown, answers, share of "real", and against the real pictures."""
    head = ["shown", "answers", "called real", "95 %", "minus real", "95 % of it"]
    rows = []
    for row in report["conditions"]:
        cells = [row["name"], str(row["answers"]), percent(row["share"]), interval(row["ci95"])]
        if row["colorized"]:
            cells += [
                percent(row["difference"], sign=True),
                interval(row["difference_ci95"], sign=True),
            ]
        else:
            cells += ["-", "-"]
        rows.append(cells)
    return head, rows


def without_interval(report: dict[str, Any]) -> list[str]:
    """Why shares or differences have no interval, one line for each reason."""
    reasons: dict[str, list[str]] = {}
    for row in report["conditions"]:
        for key, what in (("ci95_missing", ""), ("difference_ci95_missing", " minus real")):
            if row.get(key) and row["answers"]:
                reasons.setdefault(row[key], []).append(row["name"] + what)
    return [f"no interval for {', '.join(names)}: {why}" for why, names in reasons.items()]


def exclusions(report: dict[str, Any]) -> list[str]:
    """The rule by which raters are excluded, and to whom it applies."""
    raters = report["raters"]
    count = len(raters["uniform"])
    if not count:
        return [raters["uniform_rule"], "No rater is excluded by this rule."]
    given = ", ".join(
        f"{row['rater']} ({row['answers']} times {'real' if row['real'] else 'not real'})"
        for row in raters["uniform"]
    )
    verb = "is" if count == 1 else "are"
    if raters["excluded"]:
        return [raters["uniform_rule"], f"{plural(count, 'rater')} {verb} excluded: {given}."]
    kept = f"{plural(count, 'rater')} to whom it applies {verb} kept (--keep-uniform): {given}."
    return [raters["uniform_rule"], kept]


#: What the intervals say.
ABOUT_INTERVALS = (
    "The 95 % intervals are for other raters and other pictures: both are taken as drawn at random."
)


def caption(report: dict[str, Any]) -> list[str]:
    """What is to be known of the numbers, one line each."""
    raters = report["raters"]
    seconds = report["seconds_median"]
    lines = [
        f"“{report['question']}” {plural(report['answers'], 'answer')} of"
        f" {plural(raters['counted'], 'rater')}, {raters['finished']} of {raters['came']} finished;"
        f" {plural(len(report['pictures']), 'picture')},"
        f" {report['each']} a rater"
        + (f"; median {seconds:.1f} s an answer" if seconds is not None else "")
    ]
    return [*lines, *exclusions(report), ABOUT_INTERVALS, *without_interval(report)]


def as_csv(report: dict[str, Any]) -> str:
    """One line a picture and condition, and one a condition over all pictures, without a picture.

    With the answers in the report: one line an answer instead.
    """
    out = io.StringIO()
    if "records" in report:
        names = ["rater", "picture", "sha256", "condition", "said_real", "shown", "answered"]
        writer = csv.DictWriter(out, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "said_real": int(row["said_real"])} for row in report["records"])
        return out.getvalue()
    names = ["picture", "sha256", "condition", "answers", "real", "share", "low", "high"]
    names += ["difference", "difference_low", "difference_high"]
    plain = csv.writer(out, lineterminator="\n")
    plain.writerow(names)
    for row in report["conditions"]:
        against = [row.get("difference"), *(row.get("difference_ci95") or (None, None))]
        plain.writerow(["", "", row["name"], *_cells(row), *against])
    for picture in report["pictures"]:
        for row in picture["conditions"]:
            mine = [picture["name"], picture["sha256"], row["name"], *_cells(row)]
            plain.writerow([*mine, None, None, None])
    return out.getvalue()


def _cells(row: dict[str, Any]) -> list[Any]:
    return [row["answers"], row["real"], row["share"], *(row["ci95"] or (None, None))]
