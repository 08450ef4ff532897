"""The pixels that hints set: discs painted into a map of the picture, later ones over earlier ones.

The cost is the number of painted pixels, and the memory that of the picture, for any number of
hints.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from colortk.errors import UsageError

#: Pixels that all discs together may have: painting them takes several seconds.
MAX_PAINTED = 1 << 32
#: A disc: center from the left and from the top, and radius, in pixels.
Disc = tuple[float, float, float]


@dataclass(frozen=True)
class PaintedDiscs:
    """Which disc is on top at each pixel.

    Parameters
    ----------
    pixels : int array of shape (N,)
        The covered pixels, row * width + column, in this order.
    numbers : int array of shape (N,)
        The last disc that covers each of them.
    outside : list of int
        Discs whose center is outside the picture. They cover nothing.
    overlaps : list of (int, int)
        Pairs of a later disc and an earlier one below it that contradict each other.
    is_complete : bool
        Whether ``overlaps`` has all such pairs.
    """

    pixels: Any
    numbers: Any
    outside: list[int]
    overlaps: list[tuple[int, int]]
    is_complete: bool


def paint_discs(
    discs: Sequence[Disc],
    shape: tuple[int, int],
    contradicting: Callable[[int, Any], Any],
    most_overlaps: int,
) -> PaintedDiscs:
    """Paint discs, each over those before it.

    Parameters
    ----------
    discs : sequence of Disc
        Each covers the pixels within its radius, at least the one that is nearest to its center.
    shape : tuple of int
        Height and width of the picture.
    contradicting : callable
        Takes the number of a disc and an array of numbers of earlier discs. Returns whether these
        contradict it, bool.
    most_overlaps : int
        Number of pairs after which no more are looked up.

    Raises
    ------
    UsageError
        The discs have more than :data:`MAX_PAINTED` pixels.
    """
    height, width = shape
    runs = [_runs(*disc, height, width) for disc in discs]
    painted = sum(int((stops - starts).sum()) for _, starts, stops in runs)
    if painted > MAX_PAINTED:
        raise UsageError(
            "the hints are too large",
            f"their {len(discs):,} discs have {painted:,} pixels, over the limit of"
            f" {MAX_PAINTED:,}",
            "give them a smaller radius, or set the colors by strokes",
        )
    top_disc = np.full((height, width), -1, np.int32)
    outside: list[int] = []
    overlaps: list[tuple[int, int]] = []
    for number, (first, starts, stops) in enumerate(runs):
        if not len(starts):
            outside.append(number)
        parts = [
            top_disc[row, start:stop]
            for row, (start, stop) in enumerate(
                zip(starts.tolist(), stops.tolist(), strict=True), first
            )
        ]
        if parts and len(overlaps) <= most_overlaps:
            below = np.flatnonzero(np.bincount(np.concatenate(parts) + 1)[1:])
            against = below[contradicting(number, below)] if len(below) else below
            overlaps += [(number, int(earlier)) for earlier in against]
        for part in parts:
            part[:] = number
    pixels = np.flatnonzero(top_disc >= 0)
    return PaintedDiscs(
        pixels,
        top_disc.ravel()[pixels].astype(np.intp),
        outside,
        overlaps[:most_overlaps],
        len(overlaps) <= most_overlaps,
    )


def _runs(x: float, y: float, radius: float, height: int, width: int) -> tuple[int, Any, Any]:
    """Return the first row of a disc, and the first and the next column of each of its rows."""
    if not (-0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5):
        return 0, np.empty(0, np.intp), np.empty(0, np.intp)
    radius = min(radius, height + width)  # this covers the picture, and its square is finite
    column, row = min(round(x), width - 1), min(round(y), height - 1)
    reach = min(int(radius) + 1, max(height, width))
    rows = np.arange(max(0, row - reach), min(height, row + reach + 1))
    squares = radius**2 - (rows - y) ** 2
    half = np.sqrt(np.maximum(squares, 0))
    starts = np.where(squares >= 0, np.ceil(x - half), width)
    stops = np.where(squares >= 0, np.floor(x + half) + 1, 0)
    starts[rows == row] = np.minimum(starts[rows == row], column)
    stops[rows == row] = np.maximum(stops[rows == row], column + 1)
    starts, stops = np.maximum(starts, 0).astype(np.intp), np.minimum(stops, width).astype(np.intp)
    covered = np.flatnonzero(starts < stops)
    used = slice(int(covered[0]), int(covered[-1]) + 1)
    return int(rows[used.start]), starts[used], stops[used]
