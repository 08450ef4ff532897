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
    pixels, numbers = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    for number, hint in enumerate(hints):
        disc = _disc(*hint.in_pixels(height, width), height, width)
        if not len(disc):
            notes.append(f"hint {hint} is ignored: it is outside the picture of {width} × {height}")
        pixels.append(disc)
        numbers.append(np.full(len(disc), number, np.intp))
    set_pixels, set_by = np.concatenate(pixels), np.concatenate(numbers)
    order = np.argsort(set_pixels, kind="stable")  # the later hint of a pixel is the later entry
    set_pixels, set_by = set_pixels[order], set_by[order]
    colors = np.array([_chroma(hint) for hint in hints], np.float32).reshape(-1, 2)
    replaced = np.append(set_pixels[1:] == set_pixels[:-1], False)[: len(set_pixels)]
    first, second = set_by[:-1][replaced[:-1]], set_by[1:][replaced[:-1]]
    against = _differ(colors[first], colors[second])
    pairs = np.unique(np.stack([second[against], first[against]], 1), axis=0)
    for later, earlier in pairs:
        first_hint, later_hint = hints[int(earlier)], hints[int(later)]
        notes.append(
            f"hint {first_hint} is ignored where hint {later_hint}, which is later, sets another "
            "color"
        )
    indices, source = set_pixels[~replaced], set_by[~replaced]
    rows, columns = np.divmod(indices, width)
    ab = colors[source]
    possible = _in_gamut(lightness[rows, columns], ab)
    changes = np.zeros(len(hints), np.float32)
    differences = np.nan_to_num(np.linalg.norm(possible - ab, axis=1))  # NaN: the color is kept
    np.maximum.at(changes, source, differences)
    notes += [
        f"hint {hints[int(number)]} is paler than given: sRGB has no such color at the lightness "
        "of that point"
        for number in np.flatnonzero(changes > NOTABLE_CHANGE)
    ]
    return Constraints(rows, columns, possible, (height, width), notes)


def _disc(x: float, y: float, radius: float, height: int, width: int) -> Any:
    """Return the pixels within ``radius`` of a point, at least one, as row * width + column."""
    if not (-0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5):
        return np.empty(0, np.intp)
    column, row = min(round(x), width - 1), min(round(y), height - 1)
    reach = int(radius)
    top, left = max(0, row - reach), max(0, column - reach)
    near = np.s_[top : min(height, row + reach + 1), left : min(width, column + reach + 1)]
    rows, columns = np.mgrid[near]
    inside = (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    inside |= (rows == row) & (columns == column)
    return (rows[inside] * width + columns[inside]).astype(np.intp)


def _chroma(hint: Hint) -> tuple[float, float]:
    if hint.color is None:
        return (0.0, 0.0) if hint.neutral else (np.nan, np.nan)
    lab = rgb_to_lab(np.array([[hint.color]], np.uint8))
    return float(lab[0, 0, 1]), float(lab[0, 0, 2])


def _differ(first: Float32, second: Float32) -> Any:
    """Return whether colors (N, 2) contradict each other, bool (N,); NaN keeps the prediction."""
    kept, kept_later = np.isnan(first[:, 0]), np.isnan(second[:, 0])
    far = np.linalg.norm(first - second, axis=1) > SAME_COLOR  # False if one is NaN
    return np.where(kept | kept_later, kept != kept_later, far)


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
