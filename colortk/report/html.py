"""Write a comparison and its thumbnails, which are in the store, as an HTML page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from colortk.harness.comparison import Comparison
from colortk.harness.records import Key, readable
from colortk.harness.results import Results
from colortk.harness.sources import Source
from colortk.harness.summary import ComparisonSummary
from colortk.report.comparison_page import FilmSheets, write_page
from colortk.report.picture_images import PictureImages
from colortk.report.text_tables import table_metrics
from colortk.store.location import store_folder

#: Pictures and images that a page shows at most: a page of several hundred megabytes is of no use.
MAX_REPORT_PICTURES, MAX_REPORT_IMAGES = 1000, 10_000
#: Pictures on which a plugin is best, and worst, that are always shown.
EXTREMES = 5
#: Failures that a page lists.
MAX_REPORT_FAILURES = 1000


def write_html(file: BinaryIO, comparison: Comparison, store: Path | None = None) -> None:
    """Write the page of a comparison.

    Ranks, means and charts are those of all pictures. If there are very many, some are shown:
    evenly spread ones, and the best and the worst of each plugin.

    Parameters
    ----------
    file : binary file
        Where the page is written, UTF-8.
    comparison : Comparison
        The comparison.
    store : Path, optional
        Folder of the store that has its results.
    """
    films = comparison.films if comparison.films is not None and comparison.films.readable else None
    sources = _shown(comparison)
    with Results(store_folder(store)) as results:
        write_page(
            file,
            _bounded(comparison, comparison.summary(per_image=True), sources),
            _sheets(comparison, sources, results),
            _histograms(comparison, results),
            None
            if films is None
            else FilmSheets(table_metrics(films), _sheets(films, _shown(films), results)),
            table_metrics(comparison),
            comparison.hints,
            _left_out_notes(comparison, sources),
        )


def _shown(comparison: Comparison) -> Sequence[Source]:
    """Return the pictures that the page shows, in their order."""
    images = 2 * (1 + len(comparison.variants))  # gray and truth; results and maps of differences
    limit = min(MAX_REPORT_PICTURES, max(1, MAX_REPORT_IMAGES // images))
    sources = comparison.readable
    if len(sources) <= limit:
        return sources
    chosen = {source.picture for source in sources[:: math.ceil(len(sources) / limit)]}
    if comparison.used:
        scores = comparison.values(comparison.lead)
        for column in scores.T:
            order = [k for k in np.argsort(column).tolist() if not np.isnan(column[k])]
            ends = order[:EXTREMES] + order[-EXTREMES:]
            chosen |= {comparison.used[k].picture for k in ends}
    return [source for source in sources if source.picture in chosen]


def _bounded(
    comparison: Comparison, summary: ComparisonSummary, sources: Sequence[Source]
) -> ComparisonSummary:
    """Return a summary with the records of the shown pictures, and not too many failures."""
    gray = None
    if comparison.gray is not None and summary.gray is not None:
        gray = _bounded(comparison.gray, summary.gray, sources)
    return replace(
        summary,
        records=comparison.records({source.picture for source in sources}),
        failures=summary.failures[:MAX_REPORT_FAILURES],
        gray=gray,
    )


def _left_out_notes(comparison: Comparison, sources: Sequence[Source]) -> list[str]:
    """Say what the page does not show."""
    notes = []
    if len(sources) < len(comparison.readable):
        label = comparison.metrics[comparison.lead].label or comparison.lead
        notes.append(
            f"Tables and charts are of all pictures. {len(sources):,} of"
            f" {len(comparison.readable):,} pictures are shown: evenly spread ones, and each"
            f" plugin's best and worst by {label}. --csv and --json with --per-image have the"
            " scores of all"
        )
    if len(comparison.failures) > MAX_REPORT_FAILURES:
        notes.append(
            f"{MAX_REPORT_FAILURES:,} of {len(comparison.failures):,} failures are listed;"
            " --json has all"
        )
    return notes


def _sheets(
    comparison: Comparison, sources: Sequence[Source], results: Results
) -> Iterator[PictureImages]:
    """Read the thumbnails of one picture after the other."""
    for source in sources:
        yield picture_images(comparison, results, source)


def picture_images(comparison: Comparison, results: Results, source: Source) -> PictureImages:
    """Read the thumbnails of one picture from the store."""
    truth, gray = results.thumbnails(comparison.protocol, source.picture)
    images: dict[str, bytes] = {}
    heats: dict[str, bytes] = {}
    for variant in comparison.variants:
        images[variant.label], heats[variant.label] = results.result_thumbnails(
            comparison.protocol, source.picture, variant.key
        )
    return PictureImages(
        source.picture,
        readable(Path(source.name).name),
        gray,
        truth,
        source.picture in comparison.near_gray,
        {label: data for label, data in images.items() if data},
        {label: data for label, data in heats.items() if data},
    )


def _histograms(comparison: Comparison, results: Results) -> dict[str, list[list[int]]]:
    """Add up the histograms of all pictures, for the originals and for each plugin."""
    used = [source.picture for source in comparison.used]
    keys: dict[str, Key | None] = {"truth": None}
    keys |= {variant.label: variant.key for variant in comparison.variants}
    return {
        label: results.histogram(comparison.protocol, key, used).tolist()
        for label, key in keys.items()
    }
