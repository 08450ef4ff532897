"""Write a comparison and its thumbnails, which are in the store, as an HTML page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from colortk.harness.comparison import Comparison
from colortk.harness.records import Key, readable
from colortk.harness.results import Results
from colortk.harness.sources import Source
from colortk.harness.thumbnails import BINS, unpack_histogram
from colortk.report.comparison_page import FilmSheets, write_page
from colortk.report.picture_images import PictureImages
from colortk.report.text_tables import table_metrics
from colortk.store.location import store_folder

#: Pictures that a page shows at most: a page of several hundred megabytes is of no use.
MAX_REPORT_PICTURES = 1000


def write_html(file: BinaryIO, comparison: Comparison, store: Path | None = None) -> None:
    """Write the page of a comparison.

    The scores include all pictures. If there are more than 1,000 pictures, only some of them,
    evenly spread, are shown.

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
    with Results(store_folder(store)) as results:
        write_page(
            file,
            comparison.summary(per_image=True),
            _sheets(comparison, results),
            _histograms(comparison, results),
            None if films is None else FilmSheets(table_metrics(films), _sheets(films, results)),
            table_metrics(comparison),
            comparison.hints,
        )


def _sheets(comparison: Comparison, results: Results) -> Iterator[PictureImages]:
    """Read the thumbnails of one picture after the other."""
    for source in comparison.readable[:: math.ceil(len(comparison.readable) / MAX_REPORT_PICTURES)]:
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
    used_pictures = {source.picture for source in comparison.used}
    keys: dict[str, Key | None] = {"truth": None}
    keys |= {variant.label: variant.key for variant in comparison.variants}
    totals = {}
    for label, key in keys.items():
        total = np.zeros((BINS, BINS), np.int64)
        for picture, packed in results.histograms(comparison.protocol, key).items():
            if picture in used_pictures:
                total += unpack_histogram(packed)
        totals[label] = total.tolist()
    return totals
