"""Hints and strokes as pixels of a picture whose chroma is set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from colortk.color.cielab import rgb_to_lab
from colortk.color.refine import ratio
from colortk.guidance.hints import Hint
from colortk.types import Float32

#: Colors at one pixel that differ by less than this (CIE76) do not contradict each other.
SAME_COLOR = 2.0
#: Change of chroma (CIE76) above which a note says that sRGB lacks the color at that lightness.
NOTABLE_CHANGE = 2.0


@dataclass(frozen=True)
class Constraints:
    """Pixels of a picture with the chroma that is set there.

    Parameters
    ----------
    rows, columns : int array of shape (N,)
        The pixels, each once.
    ab : float32 array of shape (N, 2)
        CIE a* and b*; NaN where the colorizer's own chroma is to be kept.
    shape : tuple of int
        Height and width of the picture.
    notes : list of str
        A sentence for each hint that could not be used as it was given.
    """

    rows: Any
    columns: Any
    ab: Float32
    shape: tuple[int, int]
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """Return the number of pixels."""
        return len(self.rows)

    def select(self, mask: Any) -> Constraints:
        """Return the constraints at which ``mask``, bool (N,), is true."""
        return Constraints(
            self.rows[mask], self.columns[mask], self.ab[mask], self.shape, self.notes
        )

    def joined(self, later: Constraints) -> Constraints:
        """Return these and ``later`` constraints, which count at pixels that both set."""
        rows = np.concatenate([later.rows, self.rows])
        columns = np.concatenate([later.columns, self.columns])
        ab = np.concatenate([later.ab, self.ab])
        _, first = np.unique(rows * self.shape[1] + columns, return_index=True)
        return Constraints(
            rows[first], columns[first], ab[first], self.shape, [*self.notes, *later.notes]
        )

    def moved(self, top: int, left: int, shape: tuple[int, int]) -> Constraints:
        """Return the constraints of a part of the picture, of size ``shape``, as its own."""
        rows, columns = self.rows - top, self.columns - left
        inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
        return Constraints(rows[inside], columns[inside], self.ab[inside], shape, self.notes)


def constraints_of(hints: Sequence[Hint], lightness: Float32) -> Constraints:
    """Return the pixels that hints set, with the nearest possible color of each.

    Of hints that contradict each other at a pixel the later one counts.

    Parameters
    ----------
    hints : sequence of Hint
        Hints of this picture.
    lightness : float32 array of shape (H, W)
        CIE L*, 0 to 100, of the full-size picture.
    """
    height, width = lightness.shape
    notes: list[str] = []
    chosen: dict[int, tuple[float, float]] = {}
    source: dict[int, Hint] = {}
    for hint in hints:
        x, y, radius = hint.in_pixels(height, width)
        pixels = _disc(x, y, radius, height, width)
        if not len(pixels):
            notes.append(f"hint {hint} is ignored: it is outside the picture of {width} × {height}")
            continue
        ab = _chroma(hint)
        against = {
            source[pixel] for pixel in pixels if pixel in chosen and _differ(chosen[pixel], ab)
        }
        notes += [
            f"hint {other} is ignored where hint {hint}, which is later, sets another color"
            for other in against
        ]
        chosen |= dict.fromkeys(pixels, ab)
        source |= dict.fromkeys(pixels, hint)
    indices = np.array(sorted(chosen), np.intp)
    ab_of_pixels = np.array([chosen[index] for index in indices], np.float32).reshape(-1, 2)
    rows, columns = np.divmod(indices, width)
    possible = _in_gamut(lightness[rows, columns], ab_of_pixels)
    changes = np.linalg.norm(possible - ab_of_pixels, axis=1)
    for hint in dict.fromkeys(source.values()):
        own = [k for k, index in enumerate(indices) if source[int(index)] is hint]
        worst = max((float(changes[k]) for k in own), default=0.0)
        if worst > NOTABLE_CHANGE:
            notes.append(
                f"hint {hint} is paler than given: sRGB has no such color at the lightness "
                "of that point"
            )
    return Constraints(rows, columns, possible, (height, width), notes)


def _disc(x: float, y: float, radius: float, height: int, width: int) -> list[int]:
    """Return the pixels within ``radius`` of a point, at least one, as row * width + column."""
    if not (-0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5):
        return []
    column, row = min(round(x), width - 1), min(round(y), height - 1)
    reach = int(radius)
    top, left = max(0, row - reach), max(0, column - reach)
    near = np.s_[top : min(height, row + reach + 1), left : min(width, column + reach + 1)]
    rows, columns = np.mgrid[near]
    inside = (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    inside |= (rows == row) & (columns == column)
    return [int(index) for index in rows[inside] * width + columns[inside]]


def _chroma(hint: Hint) -> tuple[float, float]:
    if hint.color is None:
        return (0.0, 0.0) if hint.neutral else (np.nan, np.nan)
    lab = rgb_to_lab(np.array([[hint.color]], np.uint8))
    return float(lab[0, 0, 1]), float(lab[0, 0, 2])


def _differ(first: tuple[float, float], second: tuple[float, float]) -> bool:
    if np.isnan(first[0]) or np.isnan(second[0]):
        return bool(np.isnan(first[0]) != np.isnan(second[0]))
    return bool(np.hypot(first[0] - second[0], first[1] - second[1]) > SAME_COLOR)


def _in_gamut(lightness: Float32, ab: Float32) -> Float32:
    """Return the chroma of the same hue that sRGB has at this lightness; NaN stays."""
    if not len(ab):
        return ab
    kept = np.isnan(ab[:, 0])
    refined = ratio(
        np.ascontiguousarray(lightness[:, None], np.float32),
        np.ascontiguousarray(np.nan_to_num(ab)[:, None], np.float32),
    )[:, 0]
    out: Float32 = np.where(kept[:, None], np.float32(np.nan), refined)
    return out
