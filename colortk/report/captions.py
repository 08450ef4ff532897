"""The caption of a table: the scored pictures, and warnings for the reader."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from colortk.harness.comparison import MIN_RELIABLE_PICTURES
from colortk.harness.films.film_variants import KEYFRAMED, OF_PLUGIN, STEADIED
from colortk.harness.records import MetricInfo, readable
from colortk.harness.second_predictions import ROUNDING_TOLERANCE, RepeatSummary
from colortk.harness.set_scores import MIN_SET_PICTURES
from colortk.harness.standard_sets import STANDARD_SETS
from colortk.harness.summary import ComparisonSummary
from colortk.harness.summary_rows import (
    PluginRow,
)
from colortk.report.wording import plural
from colortk.runtime.sandbox import ASPECTS

#: Gray originals, and files with the pixels of another, that a caption names; JSON names all.
MAX_NAMES = 20
#: Marks a plugin that is not deterministic in tables.
NONDETERMINISTIC_MARK = "†"


class NamedRow(Protocol):
    """A row of a table: the label of a plugin, and whether its second predictions are the same."""

    @property
    def name(self) -> str: ...

    @property
    def repeats(self) -> RepeatSummary | None: ...


class ScoredTable(Protocol):
    """A table of a comparison or of the leaderboard."""

    @property
    def kind(self) -> str: ...

    @property
    def gray_originals(self) -> list[str]: ...

    @property
    def gray_rule(self) -> str: ...

    @property
    def plugins(self) -> Sequence[NamedRow]: ...


def caption(summary: ComparisonSummary) -> list[str]:
    """Return lines that describe the scored pictures, and one line for each warning."""
    protocol, films = summary.protocol, summary.kind == "films"
    item = "film" if films else "picture"
    scored = plural(summary.images, item)
    if summary.gray_only:
        scored = f"{plural(summary.images, 'gray original')}, for which only gray is right"
    if films:
        frames = sum(film.frames for film in summary.originals or () if film.scored)
        scored += f", {plural(frames, 'frame')}"
    lines = [f"protocol {protocol.name} ({protocol.hash[:12]}), {scored}"]
    if summary.dataset is not None:
        lines.append(
            f"the pictures are {STANDARD_SETS[summary.dataset].label}, by their file names"
        )
    if summary.common:
        lines.append(
            f"the {summary.images} of {plural(summary.candidates, item)} that every plugin"
            " has a score of"
        )
    if films and any(row.name.endswith(STEADIED) for row in summary.plugins):
        lines.append(f"NAME{STEADIED}: colors averaged along motion, as colortk video does")
    if films and any(KEYFRAMED in row.name for row in summary.plugins):
        lines.append(
            f"NAME{KEYFRAMED}: colors moved along motion from keyframes, as colortk video does"
        )
    if films and any(row.name.endswith(OF_PLUGIN) for row in summary.plugins):
        lines.append(f"NAME{OF_PLUGIN}: the plugin gets the frames in order and steadies colors")
    if not summary.gray_only:
        lines += gray_lines(summary)
    if summary.enlarged:
        were = "was" if summary.enlarged == 1 else "were"
        lines.append(f"{summary.enlarged} {were} smaller than the protocol's size and enlarged")
    if summary.repeated:
        lines.append(f"{summary.repeated} more with the content of another were left out")
    lines += [
        f"left out: '{name}' has the pixels of '{other}'"
        for name, other in list(summary.same_pixels.items())[:MAX_NAMES]
    ]
    if summary.images < MIN_RELIABLE_PICTURES:
        lines.append(f"with so few {item}s, the results are not reliable")
    lines += skipped_notes(summary)
    lines += set_notes(summary)
    lines += seen_notes(summary)
    return lines + repeat_notes(summary) + sealing_notes(summary.plugins)


def skipped_notes(summary: ComparisonSummary) -> list[str]:
    """Return a line for each plugin whose means lack originals that it was not run on."""
    item = "film" if summary.kind == "films" else "picture"
    return [
        f"not run on {plural(row.skipped, item)}: {row.name}, which was given up after failures or"
        f" could not be loaded; its means are of {row.n} of {summary.images}, so it has no rank"
        " here and is not on the leaderboard"
        for row in summary.plugins
        if row.skipped is not None and 0 < row.n < summary.images
    ]


def seen_notes(summary: ComparisonSummary) -> list[str]:
    """Return how many of the pictures each plugin has seen in its training, in up to two lines."""
    lines, parts, unknown = [], [], []
    if summary.left_out_seen:
        count = plural(summary.left_out_seen, "picture")
        lines.append(f"left out by --unseen: {count} that a plugin was trained on")
    for row in summary.plugins:
        if row.seen is None:
            continue
        if row.seen.pictures is None:
            unknown.append(row.name)
        elif row.seen.pictures or not row.seen.complete:
            more = "" if row.seen.complete else " (at least: pretrained)"
            parts.append(f"{row.name} {row.seen.pictures}{more}")
    if unknown:
        parts.append(f"unknown of {', '.join(unknown)}")
    if parts:
        lines.append(f"pictures seen in training: {'; '.join(parts)}")
    return lines


def set_notes(summary: ComparisonSummary) -> list[str]:
    """Return a warning if the values of metrics of sets depend much on the number of pictures."""
    names = [name for name, metric in summary.metrics.items() if metric.of_set]
    counts = [
        row.metrics[name].n for row in summary.plugins for name in names if name in row.metrics
    ]
    if not counts or min(counts) >= MIN_SET_PICTURES:
        return []
    labels = ", ".join(summary.metrics[name].label for name in names)
    return [
        f"{labels}: with under {MIN_SET_PICTURES:,} pictures, compare values only with those of the"
        " same pictures"
    ]


def gray_lines(table: ScoredTable) -> list[str]:
    """Return a line that names the gray originals and their treatment, or no line."""
    names = [Path(readable(name)).name for name in table.gray_originals]
    if not names:
        return []
    rest_text = f" and {len(names) - MAX_NAMES} more" if names[MAX_NAMES:] else ""
    listed = ", ".join(names[:MAX_NAMES]) + rest_text
    rule = {
        "left out": "left out of every metric (--keep-gray scores them in a second table)",
        "separate table": "scored in a second table",
        "counted": "counted in every metric",
    }.get(table.gray_rule, table.gray_rule)
    return [f"{plural(len(names), 'gray original')}, {rule}: {listed}"]


def marked_name(row: NamedRow) -> str:
    """Return the label of a plugin, with a mark if it is not deterministic."""
    return f"{row.name} {NONDETERMINISTIC_MARK}" if _is_nondeterministic(row) else row.name


def _is_nondeterministic(row: NamedRow) -> bool:
    return row.repeats is not None and row.repeats.deterministic is False


def repeat_notes(table: ScoredTable) -> list[str]:
    """Return a line for each plugin that is not deterministic, or fails at second predictions."""
    lines = []
    item = "film" if table.kind == "films" else "picture"
    for row in table.plugins:
        repeats = row.repeats
        if repeats is None:
            continue
        if _is_nondeterministic(row):
            lines.append(
                f"{NONDETERMINISTIC_MARK} {row.name} is not deterministic: on {repeats.differ} of"
                f" {plural(repeats.pictures, item)} predicted twice,"
                f" a* or b* differs by up to {repeats.max_difference:.3g}"
                f" (by more than {ROUNDING_TOLERANCE:g} on {repeats.share:.1%} of the pixels)"
            )
        elif repeats.failed:
            lines.append(
                f"{row.name} failed on {repeats.failed} of {repeats.pictures} {item}s"
                " when it predicted them a second time"
            )
    return lines


def sealing_notes(plugins: Sequence[PluginRow]) -> list[str]:
    """Return which ways to the originals were closed to the plugins, in one line or none."""
    parts = []
    for aspect in ASPECTS:
        states = {row.name: row.sealed[aspect] for row in plugins if row.sealed}
        if not states:
            return []
        for state, word in ((False, "not sealed"), (None, "not recorded"), (True, "sealed")):
            names = [name for name, sealed in states.items() if sealed is state]
            if names:
                which = "" if len(names) == len(states) else f" ({', '.join(names)})"
                parts.append(f"{aspect} {word}{which}")
    return [f"While a plugin was scored: {'; '.join(parts)} (docs/protocol.md)"]


def definitions(infos: dict[str, MetricInfo], metrics: Sequence[str]) -> list[str]:
    """Return the definitions of metrics, one line each."""
    return [f"{infos[name].label}: {infos[name].definition}" for name in metrics]


def title(summary: ComparisonSummary) -> str:
    """Return the heading of a table; empty for pictures in color."""
    items = "Films" if summary.kind == "films" else "Pictures"
    if summary.gray_only:
        return f"Gray originals ({items.lower()})"
    return items if summary.kind == "films" else ""
