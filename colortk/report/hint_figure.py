"""A figure of scores against the number of hints, as the coordinates of an SVG picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from colortk.harness.hint_curves import HintCurves
from colortk.report.label_layout import spread_labels

#: Size of the picture, and of the part with the curves, in pixels.
WIDTH, HEIGHT = 720, 320
LEFT, RIGHT, TOP, BOTTOM = 56, 190, 16, 40
#: Smallest distance of two labels, in pixels.
LINE_HEIGHT = 15
#: Ticks of the vertical axis.
TICKS = 5
#: Colors that people with the common color deficiencies can tell apart (Okabe and Ito 2008).
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#555555")


@dataclass(frozen=True)
class Curve:
    """One plugin's curve.

    Parameters
    ----------
    label : str
        Name of the plugin.
    color : str
        Color of the line.
    line, band : str
        Coordinates, ``x,y`` separated by spaces: of the means, and of the 95 % intervals.
    label_y : float
        Height at which the label stands.
    """

    label: str
    color: str
    line: str
    band: str
    label_y: float


@dataclass(frozen=True)
class HintFigure:
    """The figure of one metric: title, curves, and ticks as (position, text)."""

    title: str
    curves: list[Curve]
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]


def hint_figure(curves: HintCurves, metric: str) -> HintFigure:
    """Return the figure of a metric. Plugins without a score at every number are left out."""
    spec = curves.metrics[metric]
    numbers = range(len(curves.counts))
    x = np.log10(1 + np.asarray(curves.counts, float))
    x = LEFT + (x - x[0]) / (x[-1] - x[0]) * (WIDTH - LEFT - RIGHT)
    rows = []
    for k in curves.verdicts.order:
        points = [mean for number in numbers if (mean := curves.mean(metric, k, number))]
        if len(points) == len(numbers):
            means = np.array([point.mean for point in points])
            ends = np.array([point.ci95 or (point.mean, point.mean) for point in points])
            rows.append((curves.plugins[k].label, means, ends))
    values = np.concatenate([means for _, means, _ in rows]) if rows else np.array([0.0, 1.0])
    low, high = float(values.min()), float(values.max())
    low, high = low - 0.05 * (high - low), high + 0.05 * (high - low) or 1.0
    scale = (HEIGHT - TOP - BOTTOM) / ((high - low) or 1.0)

    def y(value: float) -> float:
        return float(np.clip(HEIGHT - BOTTOM - (value - low) * scale, TOP, HEIGHT - BOTTOM))

    heights = spread_labels(
        [y(means[-1]) for _, means, _ in rows], LINE_HEIGHT, TOP, HEIGHT - BOTTOM
    )
    drawn = []
    for number, ((label, means, ends), height) in enumerate(zip(rows, heights, strict=True)):
        band = [*zip(x, ends[:, 0], strict=True), *zip(x[::-1], ends[::-1, 1], strict=True)]
        drawn.append(
            Curve(
                label,
                COLORS[number % len(COLORS)],
                " ".join(f"{a:.1f},{y(b):.1f}" for a, b in zip(x, means, strict=True)),
                " ".join(f"{a:.1f},{y(b):.1f}" for a, b in band),
                height,
            )
        )
    ticks = np.linspace(low, high, TICKS)
    return HintFigure(
        f"{curves.heading(metric)} by number of hints",
        drawn,
        [(float(a), f"{count:,}") for a, count in zip(x, curves.counts, strict=True)],
        [(y(value), f"{value:.{spec.digits}f}") for value in ticks],
    )
