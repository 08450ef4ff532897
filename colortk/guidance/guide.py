"""Hints and masks applied to the chroma of one picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from colortk.color.upsample import chroma_field, resize
from colortk.guidance.constraints import Constraints
from colortk.guidance.enlarge import SpreadField
from colortk.guidance.masks import region_factor
from colortk.guidance.options import Region
from colortk.guidance.patches import Patch, make_patches
from colortk.guidance.propagate import propagation
from colortk.types import Float32

#: Short side at which differences are spread. Time grows with its square.
SPREAD_SIDE = 160
#: Share of the prediction's own variation that is kept around a hint. With more of it, wrong
#: predictions show through; with none, the area is flat.
TEXTURE = 0.3
#: Rounds in which the error that up-sampling leaves at hints is added to the spread differences.
ROUNDS = 2
#: Share of the hints' pixels around which colors are blurred, above which a note says so.
NOTABLE_SHARE = 0.01
#: Rows that are evaluated together at most where hints are dense.
BAND = 128


class ChromaSource(Protocol):
    """Full-size chroma that is evaluated block by block, as ``ChromaField``."""

    def chroma_of_block(self, top: int, left: int, lightness: Float32) -> Float32:
        """Return chroma, float32 (n, m, 2), of the block at ``top``, ``left``."""
        ...


class _Hinted:
    """A prediction that gives way to spread hints.

    ``field`` has three values: the difference (a*, b*) of hints to their share of the prediction,
    and how far these hints count, 0 to 1.
    """

    def __init__(self, prediction: ChromaSource, field: SpreadField) -> None:
        self._prediction, self._field = prediction, field

    def chroma_of_block(self, top: int, left: int, lightness: Float32) -> Float32:
        """Return chroma, float32 (n, m, 2), of the block at ``top``, ``left``."""
        values = self._field.values_of_block(top, left, lightness)
        return self._mixed(self._prediction.chroma_of_block(top, left, lightness), values)

    def chroma_at(self, at: Constraints, lightness: Float32, predicted: Float32) -> Float32:
        """Return chroma, float32 (N, 2), at some pixels where ``predicted`` is the prediction."""
        light = lightness[at.rows, at.columns]
        return self._mixed(predicted, self._field.values_at(at.rows, at.columns, light))

    def _mixed(self, predicted: Float32, values: Float32) -> Float32:
        keep = 1 - np.float32(1 - TEXTURE) * values[..., 2:]
        hinted: Float32 = predicted * keep
        hinted += values[..., :2]
        return hinted


class _Exact:
    """Chroma with patches, and exact at given pixels."""

    def __init__(self, chroma: ChromaSource, patches: list[Patch], exact: Constraints) -> None:
        self._chroma, self._patches = chroma, patches
        order = np.argsort(exact.rows, kind="stable")
        self._rows, self._columns, self._ab = exact.rows[order], exact.columns[order], exact.ab
        self._order = order

    def chroma_of_block(self, top: int, left: int, lightness: Float32) -> Float32:
        """Return chroma, float32 (n, m, 2), of the block at ``top``, ``left``."""
        out = np.array(self._chroma.chroma_of_block(top, left, lightness))
        rows, columns = lightness.shape
        for patch in self._patches:
            high, wide = patch.ab.shape[:2]
            y0, x0 = max(top, patch.top), max(left, patch.left)
            y1, x1 = min(top + rows, patch.top + high), min(left + columns, patch.left + wide)
            if y0 < y1 and x0 < x1:
                out[y0 - top : y1 - top, x0 - left : x1 - left] += patch.ab[
                    y0 - patch.top : y1 - patch.top, x0 - patch.left : x1 - patch.left
                ]
        start, stop = np.searchsorted(self._rows, (top, top + rows))
        y, x = self._rows[start:stop] - top, self._columns[start:stop] - left
        inside = (x >= 0) & (x < columns)
        out[y[inside], x[inside]] = self._ab[self._order[start:stop][inside]]
        return out


class _Scaled:
    """Chroma that is multiplied by a factor at every pixel."""

    def __init__(self, chroma: ChromaSource, factor: Float32) -> None:
        self._chroma, self._factor = chroma, factor

    def chroma_of_block(self, top: int, left: int, lightness: Float32) -> Float32:
        """Return chroma, float32 (n, m, 2), of the block at ``top``, ``left``."""
        rows, columns = lightness.shape
        factor = self._factor[top : top + rows, left : left + columns, None]
        scaled: Float32 = self._chroma.chroma_of_block(top, left, lightness) * factor
        return scaled


@dataclass(frozen=True)
class Guide:
    """The colors that a user set for one picture.

    Parameters
    ----------
    constraints : Constraints
        Pixels with the chroma that is set there.
    factor : float32 array of shape (H, W), or None
        Factor on the chroma of the result, 0 to 1: a mask.
    regions : tuple of Region
        Factors on the predicted chroma.
    notes : list of str
        A sentence for each hint that could not be used as given.
    palette : tuple of (int, int, int)
        sRGB colors to which predicted colors are moved; empty: they stay.
    """

    constraints: Constraints
    factor: Float32 | None = None
    regions: tuple[Region, ...] = ()
    notes: list[str] = field(default_factory=list)
    palette: tuple[tuple[int, int, int], ...] = ()

    def resolved(self, lightness: Float32, predict: Callable[[], Float32]) -> Guide:
        """Return the guide whose constraints do not depend on the prediction: this one."""
        return self

    def chroma(self, ab: Float32, small: Float32, lightness: Float32) -> ChromaSource:
        """Return the chroma of the picture.

        Parameters
        ----------
        ab : float32 array of shape (h, w, 2)
            The colorizer's chroma at its working size, with the requested strength.
        small : float32 array of shape (h, w)
            CIE L* at the working size.
        lightness : float32 array of shape (H, W)
            CIE L* of the picture.

        Returns
        -------
        ChromaSource
        """
        shape = small.shape[0], small.shape[1]
        size = lightness.shape[0], lightness.shape[1]
        strength, notes = region_factor(self.regions, shape, size)
        self.notes.extend(note for note in notes if note not in self.notes)
        if self.palette:
            from colortk.guidance.palette import apply_palette

            ab = apply_palette(ab, small, self.palette)
        if strength is not None:
            ab = ab * strength[..., None]
        notes = []
        chroma = guided_chroma(ab, small, lightness, self.constraints, notes=notes)
        self.notes.extend(note for note in notes if note not in self.notes)
        return chroma if self.factor is None else _Scaled(chroma, self.factor)

    def part(self, top: int, left: int, shape: tuple[int, int]) -> Guide:
        """Return the guide of a part of the picture, of size ``shape``, as of a whole picture."""
        factor = self.factor
        if factor is not None:
            factor = factor[top : top + shape[0], left : left + shape[1]]
        height, width = self.constraints.shape
        regions = tuple(
            Region(
                region.x * (width if region.fractions else 1) - left,
                region.y * (height if region.fractions else 1) - top,
                region.width * (width if region.fractions else 1),
                region.height * (height if region.fractions else 1),
                region.strength,
            )
            for region in self.regions
        )
        constraints = self.constraints.moved(top, left, shape)
        return replace(self, constraints=constraints, factor=factor, regions=regions)


def guided_chroma(
    ab: Float32,
    small: Float32,
    lightness: Float32,
    constraints: Constraints,
    notes: list[str] | None = None,
) -> ChromaSource:
    """Change a colorizer's chroma so that it has the colors that a user set.

    Parameters
    ----------
    ab : float32 array of shape (h, w, 2)
        The colorizer's chroma at its working size, with the requested strength.
    small : float32 array of shape (h, w)
        CIE L* at the working size.
    lightness : float32 array of shape (H, W)
        CIE L* of the full-size picture.
    constraints : Constraints
        Pixels of the full-size picture whose chroma is set.
    notes : list of str, optional
        Receives a sentence if there are too many hints to sharpen the colors around all of them.

    Returns
    -------
    ChromaSource
        The changed chroma of the full-size picture, equal to ``constraints`` at their pixels.
    """
    prediction = chroma_field(lightness, ab, small=small)
    if not len(constraints):
        return prediction
    height, width = lightness.shape
    scale = min(1.0, SPREAD_SIDE / min(height, width))
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    coarse = np.ascontiguousarray(resize(lightness, (columns, rows)))
    cells = (constraints.rows * rows // height) * columns + constraints.columns * columns // width
    used, cell_of = np.unique(cells, return_inverse=True)
    is_hint = np.zeros(rows * columns, bool)
    is_hint[used] = True
    spreader = propagation(coarse).spreader(is_hint.reshape(rows, columns))
    predicted = _at(prediction, lightness, constraints)
    kept = np.isnan(constraints.ab[:, :1])
    target = np.where(kept, predicted, constraints.ab)
    replaced = _means(1.0 - kept, cell_of, len(used))  # 0 where the prediction is to be kept
    differences = np.zeros((len(used), 2))
    rest = target - predicted * (1 - (1 - TEXTURE) * replaced[cell_of])
    for _ in range(1 + ROUNDS):
        differences += _means(rest, cell_of, len(used))
        spread = spreader.spread(np.hstack([differences, replaced]))
        hinted = _Hinted(prediction, SpreadField(spread, coarse, (height, width)))
        rest = target - hinted.chroma_at(constraints, lightness, predicted)
    exact = Constraints(
        constraints.rows, constraints.columns, target.astype(np.float32), constraints.shape
    )
    patches, blurred = make_patches(rest, lightness, constraints)
    if notes is not None and blurred > NOTABLE_SHARE * len(constraints):
        notes.append(
            f"the hints have many small details: around {blurred:,} of their pixels colors are"
            " blurred as by enlarging"
        )
    return _Exact(hinted, patches, exact)


def _means(values: Any, groups: Any, count: int) -> Any:
    """Return the mean of the values (N, C) of each group, (count, C)."""
    sizes = np.bincount(groups, minlength=count)[:, None]
    sums = [np.bincount(groups, column, count) for column in values.T]
    return np.stack(sums, -1) / np.maximum(sizes, 1)


def _at(field: ChromaSource, lightness: Float32, constraints: Constraints) -> Any:
    """Return the chroma of a field at the constraints' pixels, float32 (N, 2).

    Neighboring rows are evaluated together, as far as they have constraints.
    """
    out = np.empty((len(constraints), 2), np.float32)
    order = np.argsort(constraints.rows, kind="stable")
    rows, columns = constraints.rows[order], constraints.columns[order]
    start = 0
    while start < len(order):
        reachable = rows[start : np.searchsorted(rows, rows[start] + BAND)]
        gaps = np.flatnonzero(np.diff(reachable) > 1)
        stop = start + (int(gaps[0]) + 1 if len(gaps) else len(reachable))
        top, bottom = int(rows[start]), int(rows[stop - 1]) + 1
        band = columns[start:stop]
        left, right = int(band.min()), int(band.max()) + 1
        part = np.ascontiguousarray(lightness[top:bottom, left:right])
        chroma = field.chroma_of_block(top, left, part)
        out[order[start:stop]] = chroma[rows[start:stop] - top, band - left]
        start = stop
    return out
