"""The result of a survey as one HTML page that loads nothing from elsewhere and runs no script."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from colortk.harness.thumbnails import thumbnail
from colortk.report.environment import base64_text, content_policy, environment, resource, safe
from colortk.report.survey_tables import (
    ABOUT_INTERVALS,
    exclusions,
    interval,
    missing_intervals,
    percent,
)
from colortk.report.wording import plural
from colortk.survey.findings import ColorizedShare, PictureShares, Share, SurveyFindings
from colortk.survey.plan import REAL
from colortk.survey.session import Survey

#: With fewer raters, the page warns that the results are not reliable.
MIN_RELIABLE_RATERS = 10
#: Width of a bar, in units of its picture, and its height.
WIDTH, HEIGHT = 200, 14


@dataclass(frozen=True)
class Bar:
    """A share with its interval on a line from 0 to 100 %; positions are texts in its units."""

    low: str
    high: str
    point: str
    label: str
    is_real: bool
    real_share: str = ""
    width: int = WIDTH
    height: int = HEIGHT
    y: float = HEIGHT / 2


@dataclass(frozen=True)
class ConditionRow:
    """A row of the table of conditions."""

    name: str
    note: str
    share: str
    interval: str
    count: str
    difference: str
    difference_interval: str
    bar: Bar | None


@dataclass(frozen=True)
class Tile:
    """One version of a picture, as base64 text, with how often it was called real."""

    name: str
    image: str
    share: str
    detail: str
    bar: Bar | None


@dataclass(frozen=True)
class PictureTiles:
    """A picture in all conditions."""

    name: str
    enlarged: bool
    tiles: list[Tile]


def page(survey: Survey, findings: SurveyFindings) -> Iterator[str]:
    """Yield the page in pieces.

    Parameters
    ----------
    survey : Survey
        The survey, whose pictures are shown.
    findings : SurveyFindings
        Its result.
    """
    style = resource("report.css") + resource("survey_page.css")
    return (
        environment()
        .get_template("survey.html")
        .generate(
            policy=content_policy(style),
            title=f"Survey {findings.survey}: {findings.question}",
            style=safe(style),
            command="colortk survey report --html",
            findings=findings,
            counts=_counts(findings),
            warnings=_warnings(findings),
            about_intervals=ABOUT_INTERVALS,
            conditions=_condition_rows(findings),
            pictures=_pictures(survey, findings),
            raters=findings.raters,
            exclusions=" ".join(exclusions(findings)),
        )
    )


def _counts(findings: SurveyFindings) -> list[tuple[str, str]]:
    """Return the numbers under the page's title, each with a note."""
    raters, seconds = findings.raters, findings.seconds_median
    return [
        (plural(raters.counted, "rater"), f"{raters.finished} of {raters.came} finished"),
        (plural(findings.answers, "answer"), "" if seconds is None else f"median {seconds:.1f} s"),
        (plural(len(findings.pictures), "picture"), f"{findings.each} shown to each rater"),
        (f"{len(findings.left_out)} left out", "nearly gray, unreadable or not colorized"),
    ]


def _warnings(findings: SurveyFindings) -> list[str]:
    counted = findings.raters.counted
    warnings = [f"Only {plural(counted, 'rater')}: the results are not reliable."]
    lines = warnings if counted < MIN_RELIABLE_RATERS else []
    lines = lines + missing_intervals(findings)
    if findings.raters.uniform:
        lines.append(" ".join(exclusions(findings)))
    return lines


def _condition_rows(findings: SurveyFindings) -> list[ConditionRow]:
    versions = {plugin["label"]: plugin["version"] for plugin in findings.plugins}
    real_share = findings.conditions[REAL].share
    rows = []
    for row in findings.conditions:
        difference, bounds = "–", ""
        if isinstance(row, ColorizedShare) and row.difference is not None:
            difference = _minus(percent(row.difference, True))
            if row.difference_ci95 is not None:
                bounds = _minus(interval(row.difference_ci95, True))
        rows.append(
            ConditionRow(
                row.name,
                f"version {versions[row.name]}" if row.colorized else "the original colors",
                percent(row.share),
                interval(row.ci95),
                f"{row.real:,} of {row.answers:,}",
                difference,
                bounds,
                _bar(row, not row.colorized, real_share),
            )
        )
    return rows


def _minus(text: str) -> str:
    """Replace hyphens by minus signs."""
    return text.replace("-", "−")


def _bar(row: Share, is_real: bool, real_share: float | None = None) -> Bar | None:
    """Return the bar of a share, ``None`` without answers."""
    if row.share is None:
        return None
    low, high = (WIDTH * bound for bound in row.ci95 or [row.share] * 2)
    return Bar(
        f"{low:.1f}",
        f"{high:.1f}",
        f"{WIDTH * row.share - 1.5:.1f}",
        f"{percent(row.share)}, {interval(row.ci95)}",
        is_real,
        "" if real_share is None else f"{WIDTH * real_share:.1f}",
    )


def _pictures(survey: Survey, findings: SurveyFindings) -> Iterator[PictureTiles]:
    """Yield the pictures whose colorized versions were called real most often first."""

    def mean_share(picture: PictureShares) -> float:
        shares = [row.share for row in picture.conditions[1:] if row.share is not None]
        return sum(shares) / len(shares) if shares else -1.0

    pairs = zip(findings.pictures, survey.description.pictures, strict=True)
    for picture, subject in sorted(pairs, key=lambda pair: -mean_share(pair[0])):
        tiles = []
        for k, (row, shown) in enumerate(zip(picture.conditions, subject.versions, strict=True)):
            pixels = np.asarray(Image.open(io.BytesIO(survey.content(shown))))
            tiles.append(
                Tile(
                    row.name,
                    base64_text(thumbnail(pixels)),
                    "no answer" if row.share is None else percent(row.share),
                    f"{row.real} of {row.answers}, {interval(row.ci95)}" if row.answers else "",
                    _bar(row, k == REAL),
                )
            )
        yield PictureTiles(picture.name, picture.enlarged, tiles)
