"""A comparison and its thumbnails, as the HTML report wants them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from colortk.harness.comparison import Comparison
from colortk.harness.records import Key, readable
from colortk.harness.results import Results
from colortk.harness.thumbnails import BINS, unpack
from colortk.report.html import Films, Sheet, write
from colortk.report.text_tables import headline
from colortk.store.location import store_folder

#: Pictures that a report shows at most: a page of some hundred megabytes helps nobody.
MOST = 1000


def write_report(file: BinaryIO, comparison: Comparison, store: Path | None = None) -> None:
    """Write the report of a comparison whose results are in ``store``.

    Scores are those of all pictures; of more than 1,000 some are shown, evenly spread.
    """
    clips = comparison.films if comparison.films is not None and comparison.films.readable else None
    with Results(store_folder(store)) as results:
        write(
            file,
            comparison.as_dict(per_image=True),
            _sheets(comparison, results),
            _histograms(comparison, results),
            None if clips is None else Films(headline(clips), _sheets(clips, results)),
            headline(comparison),
        )


def _sheets(comparison: Comparison, results: Results) -> Iterator[Sheet]:
    for source in comparison.readable[:: math.ceil(len(comparison.readable) / MOST)]:
        truth, grey = results.thumbnails(comparison.protocol, source.picture)
        made: dict[str, bytes] = {}
        heats: dict[str, bytes] = {}
        for variant in comparison.variants:
            made[variant.label], heats[variant.label] = results.views(
                comparison.protocol, source.picture, variant.key
            )
        yield Sheet(
            source.picture,
            readable(Path(source.name).name),
            grey,
            truth,
            source.picture in comparison.near_gray,
            {label: data for label, data in made.items() if data},
            {label: data for label, data in heats.items() if data},
        )


def _histograms(comparison: Comparison, results: Results) -> dict[str, list[list[int]]]:
    wanted = {source.picture for source in comparison.used}
    keys: dict[str, Key | None] = {"truth": None}
    keys |= {variant.label: variant.key for variant in comparison.variants}
    found = {}
    for label, key in keys.items():
        total = np.zeros((BINS, BINS), np.int64)
        for picture, packed in results.histograms(comparison.protocol, key).items():
            if picture in wanted:
                total += unpack(packed)
        found[label] = total.tolist()
    return found
