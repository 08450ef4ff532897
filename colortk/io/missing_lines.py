"""Missing lines of a damaged picture, and the repaired file that its usual decoder can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from colortk.types import Array

Ranges = list[tuple[int, int]]
#: First pixel and steps of the passes of Adam7 (PNG, section 8.2), and the blocks that they fill.
PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
           (1, 0, 2, 1))  # fmt: skip
_BLOCKS = ((8, 8), (8, 4), (4, 4), (4, 2), (2, 2), (2, 1), (1, 1))


@dataclass(frozen=True)
class Missing:
    """Lines of a picture that a damaged file does not hold.

    Parameters
    ----------
    lost : list of (int, int)
        First and last line, counted from 0, of which pixels are missing.
    reduced : list of (int, int)
        Lines that are there with less detail, or that may be wrong.
    lines : int
        All lines of the picture.
    axis : str
        "rows", or "columns" if the picture was rotated by 90 degrees on reading.
    """

    lost: Ranges
    reduced: Ranges
    lines: int
    axis: str = "rows"

    def turned(self, transpose: bool, flip_rows: bool, flip_columns: bool) -> Missing:
        """Return the same lines after a rotation: transposed first, then mirrored."""
        axis = "columns" if transpose else "rows"
        if not (flip_columns if transpose else flip_rows):
            return replace(self, axis=axis)
        lost, reduced = (
            [(self.lines - 1 - last, self.lines - 1 - first) for first, last in reversed(ranges)]
            for ranges in (self.lost, self.reduced)
        )
        return Missing(lost, reduced, self.lines, axis)

    def as_dict(self) -> dict[str, Any]:
        """Return the ranges for JSON, first and last line counted from 0."""
        pairs = {"lost": self.lost, "reduced": self.reduced}
        ranges = {key: [list(pair) for pair in value] for key, value in pairs.items()}
        return {"axis": self.axis, "lines": self.lines, **ranges}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Missing:
        """Return the lines from :meth:`as_dict`. Raises ``KeyError`` or ``ValueError``."""
        lost, reduced = (
            [(int(first), int(last)) for first, last in content[key]] for key in ("lost", "reduced")
        )
        return cls(lost, reduced, int(content["lines"]), str(content["axis"]))

    def __str__(self) -> str:
        parts = []
        for ranges, label in (
            (self.lost, "are missing"),
            (self.reduced, "have less detail or may be wrong"),
        ):
            if ranges:
                range_texts = ", ".join(f"{first} to {last}" for first, last in ranges[:5])
                rest_text = f" and {len(ranges) - 5} more ranges" if len(ranges) > 5 else ""
                parts.append(
                    f"{self.axis} {range_texts}{rest_text} (of 0 to {self.lines - 1}) {label}"
                )
        return ", ".join(parts)

    @property
    def present(self) -> Array:
        """Whether each line is there, bool (lines,)."""
        is_present = np.ones(self.lines, bool)
        for first, last in self.lost:
            is_present[first : last + 1] = False
        return is_present


@dataclass(frozen=True)
class Repaired:
    """A file that its decoder can read. ``rows``: present rows per pass of an interlaced PNG."""

    data: bytes
    missing: Missing
    rows: list[int] = field(default_factory=list)
    fill: bool = False

    def filled(self, pixels: Array, alpha: Array | None) -> tuple[Array, Array | None]:
        """Return decoded pixels (H, W) or (H, W, 3) and alpha, with lost lines gray and opaque."""
        if not self.fill:
            return pixels, alpha
        pixels = pixels.copy()
        alpha = None if alpha is None else alpha.copy()
        if self.rows:
            source = _nearest(pixels.shape[0], pixels.shape[1], self.rows)
            pixels = pixels[source]
            alpha = None if alpha is None else alpha[source]
        is_lost = ~self.missing.present
        maximum = int(np.iinfo(pixels.dtype).max)
        pixels[is_lost] = (maximum + 1) // 2
        if alpha is not None:
            alpha[is_lost] = maximum
        return pixels, alpha


def _nearest(height: int, width: int, rows: list[int]) -> tuple[Array, Array]:
    """Return row and column of the nearest present pixel: itself, or the one of its block."""
    have = np.zeros((height, width), bool)
    for (top, left, down, across), count in zip(PASSES, rows, strict=True):
        have[top::down, left::across][:count] = True
    y, x = np.mgrid[:height, :width]
    for block_rows, block_columns in reversed(_BLOCKS):
        source_y, source_x = y - y % block_rows, x - x % block_columns
        use = ~have[y, x]
        y, x = np.where(use, source_y, y), np.where(use, source_x, x)
    return y, x
