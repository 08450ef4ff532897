"""Hints and strokes as pixels of a picture whose chroma is set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from colortk.color.cielab import rgb_to_lab
from colortk.color.refine import ratio
from colortk.guidance.hint_discs import paint_discs
from colortk.guidance.hints import Hint
from colortk.types import Float32

#: Colors at one pixel that differ by less than this (CIE76) do not contradict each other.
SAME_COLOR = 2.0
#: Change of chroma (CIE76) above which a note says that sRGB lacks the color at that lightness.
NOTABLE_CHANGE = 2.0
#: Notes of one kind that are given singly.
MAX_NOTES = 20


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
    colors = _chroma(hints)

    def contradicting(later: int, earlier: Any) -> Any:
        return _differ(colors[earlier], colors[[later] * len(earlier)])

    discs = [hint.in_pixels(height, width) for hint in hints]
    painted = paint_discs(discs, (height, width), contradicting, MAX_NOTES)
    notes = [
        f"hint {hints[number]} is ignored: it is outside the picture of {width} × {height}"
        for number in painted.outside[:MAX_NOTES]
    ]
    notes += _rest(len(painted.outside), "are ignored: they are outside the picture")
    notes += [
        f"hint {hints[earlier]} is ignored where hint {hints[later]}, which is later, sets another "
        "color"
        for later, earlier in sorted(painted.overlaps)
    ]
    if not painted.is_complete:
        notes.append("more hints are ignored where later ones set another color")
    source = painted.numbers
    rows, columns = np.divmod(painted.pixels, width)
    ab = colors[source]
    possible = _in_gamut(lightness[rows, columns], ab)
    changes = np.zeros(len(hints), np.float32)
    differences = np.nan_to_num(np.linalg.norm(possible - ab, axis=1))  # NaN: the color is kept
    np.maximum.at(changes, source, differences)
    pale = np.flatnonzero(changes > NOTABLE_CHANGE)
    notes += [
        f"hint {hints[int(number)]} is paler than given: sRGB has no such color at the lightness "
        "of that point"
        for number in pale[:MAX_NOTES]
    ]
    notes += _rest(len(pale), "are paler than given, for the same reason")
    return Constraints(rows, columns, possible, (height, width), notes)


def _rest(count: int, what: str) -> list[str]:
    """Return a note on hints beyond the first :data:`MAX_NOTES` of one kind."""
    return [f"{count - MAX_NOTES:,} more hints {what}"] if count > MAX_NOTES else []


def _chroma(hints: Sequence[Hint]) -> Float32:
    """Return a* and b* of hints, float32 (N, 2): 0 if neutral, NaN if the prediction is kept."""
    out = np.full((len(hints), 2), np.nan, np.float32)
    out[[hint.neutral for hint in hints]] = 0
    colored = [number for number, hint in enumerate(hints) if hint.color is not None]
    if colored:
        rgb = np.array([[hints[number].color for number in colored]], np.uint8)
        out[colored] = rgb_to_lab(rgb)[0, :, 1:]
    return out


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
