"""A comparison as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from colortk.harness.comparison import Comparison
from colortk.harness.records import Repeat
from colortk.report.text_tables import all_parts


class TextOutput(Protocol):
    """A text file that is written."""

    def write(self, text: str, /) -> object: ...


def to_csv(comparison: Comparison, per_image: bool = False) -> str:
    """Return the scores as CSV; see :func:`write_csv`."""
    out = io.StringIO()
    write_csv(out, comparison, per_image)
    return out.getvalue()


def write_csv(file: TextOutput, comparison: Comparison, per_image: bool = False) -> None:
    """Write the scores as CSV, line by line.

    After the scores, a line has: whether second predictions are the same (1 or 0, empty if there
    are none) and their largest difference of a* or b*; protocol, version of the plugin, SHA-256 of
    its weights. If there are several tables, a last column ``of`` names the table of a line.

    Parameters
    ----------
    file : text file
        Line ends must not be changed.
    comparison : Comparison
        The comparison.
    per_image : bool
        Write one line for each picture and plugin, not for each plugin and metric.
    """
    writer = csv.writer(file, lineterminator="\n")
    parts = all_parts(comparison)
    of = ["of"] if len(parts) > 1 else []
    names = list(dict.fromkeys(name for part in parts for name in part.metrics))
    if per_image:
        head = ["picture", "name", "plugin", "near_gray", *names, "seconds", "error"]
        head.append("repeat_difference")
    else:
        head = ["plugin", "rank", "group", "ranked_by", "metric", "mean", "median"]
        head += ["low95", "high95", "n", "images", "deterministic", "repeat_difference"]
    writer.writerow([*head, "protocol", "version", "artifact", *of])
    for part in parts:
        protocol = f"{part.protocol.name} ({part.protocol.hash})"
        origins = {v.label: [protocol, v.version, v.key.artifact] for v in part.variants}
        for label, line in _records(part, names) if per_image else _means(part):
            writer.writerow([*line, *origins[label], *(of and [part_name(part)])])


def part_name(comparison: Comparison) -> str:
    """Return the name of a table in the column ``of``."""
    return ("gray " if comparison.gray_only else "") + comparison.kind


def _records(comparison: Comparison, names: Sequence[str]) -> Iterator[tuple[str, list[Any]]]:
    for row in comparison.records():
        yield (
            row.plugin,
            [
                row.picture,
                row.name,
                row.plugin,
                int(row.near_gray),
                *(row.metrics.get(name, "") for name in names),
                row.seconds,
                row.error or "",
                _repeat_difference(row.repeat),
            ],
        )


def _repeat_difference(repeat: Repeat | None) -> float | str:
    """Return the largest difference of a second prediction; empty if there is none."""
    return "" if repeat is None or repeat.error is not None else repeat.difference


def _means(comparison: Comparison) -> Iterator[tuple[str, list[Any]]]:
    summary = comparison.summary()
    for row in summary.plugins:
        repeats = row.repeats
        same = None if repeats is None else repeats.deterministic
        difference = None if repeats is None else repeats.max_difference
        for name, mean in row.metrics.items():
            low, high = mean.ci95 or (None, None)
            line = [
                row.name, row.rank, row.group, summary.ranking_metric, name, mean.mean,
                mean.median, low, high, mean.n, summary.images,
                None if same is None else int(same), difference,
            ]  # fmt: skip
            yield row.name, line
