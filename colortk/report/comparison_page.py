"""A comparison as one HTML file that loads nothing from elsewhere.

The scores are in the page as JSON. The images of every picture are a separate JSON block, which the
page parses when that picture scrolls into view, so that thousands of images do not slow it down.
The file is written piece by piece and is never held in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from colortk.harness.comparison import MIN_RELIABLE_PICTURES
from colortk.harness.hint_curves import HintCurves
from colortk.harness.records import MetricInfo
from colortk.harness.summary import ComparisonSummary
from colortk.harness.summary_rows import (
    FilmInfo,
)
from colortk.report import hint_figure
from colortk.report.captions import caption, gray_lines, repeat_notes, sealing_notes, title
from colortk.report.environment import (
    base64_text,
    content_policy,
    environment,
    resource,
    safe,
    script_json,
)
from colortk.report.hint_tables import caption as hint_caption
from colortk.report.hint_tables import hint_table
from colortk.report.html_ranking import ranking_columns, ranking_rows
from colortk.report.picture_images import PictureImages
from colortk.report.text_tables import Table, paired_table, ranking_table
from colortk.report.verdict_notes import pairing_title, verdict_lines
from colortk.report.wording import plural

__all__ = ["FilmSheets", "PictureImages", "page", "write_page"]

SCRIPTS = ("page.js", "charts.js", "sheets.js")


@dataclass(frozen=True)
class FilmSheets:
    """Content of the section of films: metrics, and a frame of each film, which are read once."""

    metrics: list[str]
    frames: Iterable[PictureImages]


@dataclass(frozen=True)
class Section:
    """The tables of films, or of gray originals."""

    title: str
    notes: str
    ranking: Table
    metrics: list[MetricInfo]
    paired_title: str
    paired: Table | None
    failures: Table | None


@dataclass(frozen=True)
class Strip:
    """A frame of the original film and of each plugin's result, as base64 text by name."""

    name: str
    note: str
    images: dict[str, str]


def write_page(
    file: BinaryIO,
    summary: ComparisonSummary,
    sheets: Iterable[PictureImages],
    histograms: dict[str, list[list[int]]],
    films: FilmSheets | None = None,
    gray_metrics: Sequence[str] = (),
    hints: HintCurves | None = None,
    left_out: Sequence[str] = (),
) -> None:
    """Write the page of a comparison.

    Parameters
    ----------
    file : binary file
        Where the page is written, UTF-8.
    summary : ComparisonSummary
        The comparison, with ``per_image``.
    sheets : iterable of PictureImages
        The pictures; read once, one at a time.
    histograms : dict of str to list
        By plugin, and "truth" for the originals: 22×22 counts of (a*, b*) in bins of 10 from -110
        to 110; the first axis is a*.
    films : FilmSheets, optional
        Metrics and frames of the section of films, whose summary is ``summary.films``.
    gray_metrics : sequence of str
        Columns of the table of gray originals, whose summary is ``summary.gray``.
    hints : HintCurves, optional
        The scores with hints.
    left_out : sequence of str
        What the page does not show, as notes.
    """
    for part in page(summary, sheets, histograms, films, gray_metrics, hints, left_out):
        file.write(part.encode())


def page(
    summary: ComparisonSummary,
    sheets: Iterable[PictureImages],
    histograms: dict[str, list[list[int]]],
    films: FilmSheets | None = None,
    gray_metrics: Sequence[str] = (),
    hints: HintCurves | None = None,
    left_out: Sequence[str] = (),
) -> Iterator[str]:
    """Yield the page in pieces. Takes the arguments of :func:`write_page`."""
    script, style = "".join(resource(name) for name in SCRIPTS), resource("report.css")
    pictures = films is None or summary.images > 0
    leading = summary if pictures or summary.films is None else summary.films
    columns = ranking_columns(summary)
    verdicts = summary.verdicts or {}
    return (
        environment()
        .get_template("comparison.html")
        .generate(
            policy=content_policy(style, script),
            title=f"Colorizers compared: protocol {leading.protocol.name},"
            f" {leading.images} {leading.kind}",
            style=safe(style),
            script=safe(script),
            command="colortk compare --html",
            leading=leading,
            summary=summary,
            pictures=pictures,
            counts=_counts(leading),
            notes=[*left_out, *gray_lines(leading), *sealing_notes(leading.plugins)],
            warnings=_warnings(leading),
            verdict_lines=verdict_lines(summary),
            columns=columns,
            rows=ranking_rows(summary, columns),
            gray=None if summary.gray is None else _section(summary.gray, gray_metrics),
            films=None
            if films is None or summary.films is None
            else _film_section(summary.films, films),
            hints=None if hints is None else _hint_section(hints),
            report_json=script_json(summary.as_dict()),
            histograms_json=script_json(histograms),
            verdict_lines_json=script_json(
                {
                    metric: verdict_lines(summary, metric, verdict)
                    for metric, verdict in verdicts.items()
                }
            ),
            sheets=sheets,
            images_json=_images_json,
        )
    )


def _counts(summary: ComparisonSummary) -> list[tuple[str, str]]:
    """Return the numbers under the page's title, each with a note."""
    counts = [
        (plural(summary.images, summary.kind.removesuffix("s")), ""),
        (plural(len(summary.plugins), "plugin"), ""),
        (plural(len(summary.gray_originals), "gray original"), summary.gray_rule),
        (f"{summary.enlarged} enlarged", "smaller than the protocol's size"),
    ]
    gaps = [row.colorfulness_gap for row in summary.plugins if row.colorfulness_gap is not None]
    if gaps:
        counts.append((f"CF {gaps[0].truth:.1f}", "mean colorfulness of the originals"))
    return counts


def _warnings(summary: ComparisonSummary) -> list[str]:
    lines = []
    if summary.images < MIN_RELIABLE_PICTURES:
        item = summary.kind.removesuffix("s")
        lines.append(f"Only {plural(summary.images, item)}: the results are not reliable.")
    return lines + [f"{line}." for line in repeat_notes(summary)]


def _section(summary: ComparisonSummary, metrics: Sequence[str]) -> Section:
    """Return the tables of films or of gray originals."""
    pairs = [summary.ranking_metric, "flicker"]
    paired = bool(summary.paired) and summary.images > 1
    failures = [[row.plugin, row.picture, row.error] for row in summary.failures]
    head = ["plugin", summary.kind.removesuffix("s"), "why"]
    return Section(
        title(summary),
        "; ".join([*caption(summary), *verdict_lines(summary)]),
        ranking_table(summary, metrics),
        [summary.metrics[name] for name in metrics],
        pairing_title(summary, pairs) if paired else "",
        paired_table(summary, pairs) if paired else None,
        Table(head, failures) if failures else None,
    )


def _hint_section(curves: HintCurves) -> dict[str, Any]:
    tables = [hint_table(curves, metric) for metric in curves.metrics]
    return {
        "caption": hint_caption(curves),
        "figures": [hint_figure.hint_figure(curves, metric) for metric in curves.metrics],
        "tables": [(title, Table(head, rows)) for title, head, rows in tables],
        "width": hint_figure.WIDTH,
        "height": hint_figure.HEIGHT,
        "left": hint_figure.LEFT,
        "right": hint_figure.RIGHT,
    }


def _film_section(summary: ComparisonSummary, films: FilmSheets) -> dict[str, Any]:
    infos = {film.picture: film for film in summary.originals or ()}
    return {
        "section": _section(summary, films.metrics),
        "gray": None if summary.gray is None else _section(summary.gray, films.metrics),
        "strips": (_strip(sheet, infos[sheet.picture], summary.metrics) for sheet in films.frames),
    }


def _strip(sheet: PictureImages, film: FilmInfo, metrics: dict[str, MetricInfo]) -> Strip:
    notes = [plural(film.frames, "frame"), f"{film.width} × {film.height}"]
    if film.lost_frames:
        notes.append(f"{film.lost_frames} more could not be read")
    if film.near_gray:
        notes.append("gray" if film.scored else "gray: not scored")
    notes += [
        f"{metrics[name].label} {value:.{metrics[name].digits}f}"
        for name, value in film.metrics.items()
        if name in metrics
    ]
    images = {"lightness": sheet.gray, "original": sheet.truth, **sheet.results}
    encoded = {name: base64_text(image) for name, image in images.items()}
    return Strip(sheet.name, ", ".join(notes), encoded)


def _images_json(sheet: PictureImages) -> Any:
    """Return the images of one picture as JSON of base64 texts."""
    return script_json(
        {
            "gray": base64_text(sheet.gray),
            "truth": base64_text(sheet.truth),
            "results": {name: base64_text(image) for name, image in sheet.results.items()},
            "heats": {name: base64_text(image) for name, image in sheet.heats.items()},
        }
    )
