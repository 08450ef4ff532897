"""Figures whose labels stand at the right: quality against time, and scores against hints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from colortk.harness.comparison import Comparison
from colortk.harness.hint_curves import HintCurves
from colortk.harness.records import MetricInfo
from colortk.report.figures.canvas import COLORS, ROW_HEIGHT, WIDTH, label_text, new_figure
from colortk.report.label_layout import spread_labels
from colortk.report.wording import plural

#: Share of the height in which labels stand.
TOP = 0.98
#: With more powers of ten, the axis of time has no ticks between them.
MAX_FINE_DECADES = 2


def quality_time(comparison: Comparison, metric: str) -> Any:
    """Return the figure of the mean score of each plugin against its time for a picture.

    Parameters
    ----------
    comparison : Comparison
        The comparison.
    metric : str
        A metric of single pictures.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    summary = comparison.summary()
    rows = [
        (label_text(row.name), row.seconds.median, row.metrics[metric].mean)
        for row in summary.plugins
        if row.seconds.median and metric in row.metrics
    ]
    figure, axes = _labeled_axes(len(rows))
    times, values = [row[1] for row in rows], [row[2] for row in rows]
    axes.set_xscale("log")
    for k, (_, time, value) in enumerate(rows):
        axes.plot(time, value, "o", ms=4, color=COLORS[k % len(COLORS)])
    axes.margins(x=0.08, y=0.08)
    decades = np.log10(max(times, default=1) / min(times, default=1))
    factors = (1.0, 2.0, 5.0) if decades <= MAX_FINE_DECADES else (1.0,)
    axes.xaxis.set_major_locator(LogLocator(subs=factors))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda time, _: f"{time:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    item = comparison.kind.removesuffix("s")
    axes.set_xlabel(f"median seconds per {'frame' if item == 'film' else item} (log)")
    info = summary.metrics[metric]
    axes.set_ylabel(f"{info.heading}, mean over {plural(summary.images, item)}")
    _label(axes, [row[0] for row in rows], times, values)
    return figure


def hint_curves(curves: HintCurves, metric: str) -> Any:
    """Return the figure of mean scores against the number of hints, with 95 % intervals.

    Parameters
    ----------
    curves : HintCurves
        The scores with hints.
    metric : str
        A metric of the curves. Plugins without a score at every number are left out.
    """
    rows = []
    for k in curves.verdicts.order:
        points = [curves.mean(metric, k, number) for number in range(len(curves.counts))]
        means = [point for point in points if point is not None]
        if len(means) == len(points):
            rows.append((label_text(curves.plugins[k].label), means))
    figure, axes = _labeled_axes(len(rows))
    x = np.log10(1 + np.asarray(curves.counts, float))
    for k, (_, means) in enumerate(rows):
        color = COLORS[k % len(COLORS)]
        ends = np.array([mean.ci95 or (mean.mean, mean.mean) for mean in means])
        axes.fill_between(x, ends[:, 0], ends[:, 1], color=color, alpha=0.12, linewidth=0)
        axes.plot(x, [mean.mean for mean in means], "o-", ms=3, color=color)
    axes.set_xticks(x, [f"{count:,}" for count in curves.counts])
    axes.set_xlabel("number of hints")
    info = MetricInfo.of(curves.metrics[metric])
    pictures = plural(len(curves.scores.used), "picture")
    axes.set_ylabel(f"{info.heading}, mean over {pictures}")
    last = [means[-1].mean for _, means in rows]
    _label(axes, [name for name, _ in rows], [x[-1]] * len(rows), last)
    return figure


def _labeled_axes(labels: int) -> tuple[Any, Any]:
    """Return a figure that is high enough for its labels, and its axes."""
    figure = new_figure(max(3.2, 0.8 + ROW_HEIGHT * labels), WIDTH)
    axes = figure.add_subplot()
    axes.grid(color="#e0e0e0", linewidth=0.5)
    axes.set_axisbelow(True)
    return figure, axes


def _label(axes: Any, names: Sequence[str], x: Sequence[float], y: Sequence[float]) -> None:
    """Write names at the right of the axes, each with a line to its point."""
    low, high = axes.get_ylim()
    # The axes are lower than the figure by about the height of their own labels.
    gap = ROW_HEIGHT / (axes.figure.get_figheight() - 0.7)
    heights = spread_labels([(value - low) / (high - low) for value in y], gap, 0.0, TOP)
    for k, (name, height) in enumerate(zip(names, heights, strict=True)):
        axes.annotate(
            name,
            (x[k], y[k]),
            (1.03, height),
            textcoords="axes fraction",
            va="center",
            color=COLORS[k % len(COLORS)],
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": "#b0b0b0", "linewidth": 0.5, "shrinkB": 3},
        )
