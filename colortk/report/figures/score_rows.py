"""Rows of scores, the best plugin first: box plots, and means with group letters."""

from __future__ import annotations

from typing import Any

import numpy as np

from colortk.harness.comparison import Comparison
from colortk.harness.records import MetricInfo
from colortk.report.figures.canvas import COLORS, ROW_HEIGHT, label_text, new_figure
from colortk.report.wording import plural

#: Ticks of the axis of scores: few, because long names make the axis short.
MAX_TICKS = 4


def box_plot(comparison: Comparison, metric: str) -> Any:
    """Return the figure of the scores of all pictures, one box for each plugin.

    A box has the quartiles and the median, whiskers end at the last score within 1.5 times the
    quartile range, points are the scores beyond, and a diamond is the mean.

    Parameters
    ----------
    comparison : Comparison
        The comparison.
    metric : str
        A metric of single pictures.
    """
    from matplotlib.cbook import boxplot_stats

    figure, axes, order = _rows(comparison, metric, "box: quartiles; diamond: mean")
    table = comparison.values(metric)
    for y, k in enumerate(order):
        values = table[:, k][~np.isnan(table[:, k])]
        if not len(values):
            continue
        (box,) = boxplot_stats(values)
        axes.hlines(y, box["whislo"], box["whishi"], color="black", linewidth=0.8)
        width = box["q3"] - box["q1"]
        axes.barh(y, width, 0.6, box["q1"], color="#cfe3f1", edgecolor=COLORS[0], linewidth=0.8)
        axes.vlines(box["med"], y - 0.3, y + 0.3, color=COLORS[0])
        axes.plot(box["fliers"], np.full(len(box["fliers"]), y), "o", ms=2, mfc="none", mec="#777")
        axes.plot(box["mean"], y, "D", ms=3, color="black")
    return figure


def letter_display(comparison: Comparison, metric: str) -> Any:
    """Return the figure of means with 95 % intervals and the letters of the groups.

    Two plugins share a letter if and only if the pictures do not separate them.

    Parameters
    ----------
    comparison : Comparison
        The comparison.
    metric : str
        A metric of single pictures with a better direction.
    """
    note = "mean, 95 % interval; plugins with a common letter do not differ"
    figure, axes, order = _rows(comparison, metric, note)
    verdict = comparison.verdicts_by(metric)
    for y, k in enumerate(order):
        mean = comparison.summaries[metric][k]
        if mean is None:
            continue
        if mean.ci95 is not None:
            axes.hlines(y, *mean.ci95, color=COLORS[0])
        axes.plot(mean.mean, y, "o", ms=4, color=COLORS[0])
    letters = sorted({letter for text in verdict.letters for letter in text})
    # Each letter has its own column, so that a group is a column of equal letters.
    columns = axes.secondary_yaxis("right")
    columns.set_yticks(
        range(len(order)),
        [" ".join(x if x in verdict.letters[k] else "\u2007" for x in letters) for k in order],
        family="DejaVu Sans Mono",
    )
    columns.tick_params(length=0)
    columns.spines["right"].set_visible(False)
    return figure


def _rows(comparison: Comparison, metric: str, note: str) -> tuple[Any, Any, list[int]]:
    """Return an empty figure with a row for each plugin, its axes, and the order of the rows."""
    from matplotlib.ticker import MaxNLocator

    info = MetricInfo.of(comparison.metrics[metric])
    order = comparison.verdicts_by(metric).order
    figure = new_figure(0.75 + ROW_HEIGHT * len(order))
    axes = figure.add_subplot()
    counts = comparison.verdicts_by(metric).counts
    used = len(comparison.used)
    names = [_name(comparison.variants[k].label, counts[k], used) for k in order]
    axes.set_yticks(range(len(order)), names)
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#e0e0e0", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_locator(MaxNLocator(MAX_TICKS))
    unit = f" ({info.unit})" if info.unit else ""
    pictures = plural(used, comparison.kind.removesuffix("s"))
    # A label of the axis would be as wide as the axis at most, which long names make short.
    figure.supxlabel(f"{info.heading}{unit}, {pictures}; {note}", fontsize=8)
    return figure, axes, order


def _name(label: str, count: int, pictures: int) -> str:
    return label_text(label) + ("" if count == pictures else f" (n={count})")
