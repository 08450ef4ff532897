"""Factors on the chroma of a picture: masks, regions, and borders of scans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from colortk._opencv import cv2
from colortk.errors import UsageError
from colortk.guidance.options import Region
from colortk.io.picture import Picture
from colortk.types import Float32

#: Difference of the aspect ratios of a mask and a picture, as a share, that rounding may cause.
ASPECT_TOLERANCE = 0.01


def mask_factor(mask: Picture, shape: tuple[int, int]) -> Float32:
    """Return the factor on chroma that a mask sets: 1 where it is white, 0 where it is black.

    Parameters
    ----------
    mask : Picture
        Gray values are the factor; transparent pixels count as black.
    shape : tuple of int
        Height and width of the picture.

    Returns
    -------
    float32 array of shape (H, W)
        From 0 to 1.

    Raises
    ------
    UsageError
        The mask has another aspect ratio than the picture.
    """
    height, width = mask.pixels.shape[:2]
    if abs(width * shape[0] / (height * shape[1]) - 1) > ASPECT_TOLERANCE:
        raise UsageError(
            "the mask does not fit the picture",
            f"it has {width} × {height} pixels, the picture has {shape[1]} × {shape[0]}",
            "draw it on a copy of the picture",
        )
    factor = _unit(mask.pixels)
    if factor.ndim == 3:
        factor = factor.mean(axis=2)
    if mask.alpha is not None:
        factor = factor * _unit(mask.alpha)
    if factor.shape != shape:
        method = cv2.INTER_AREA if height > shape[0] else cv2.INTER_LINEAR
        factor = cv2.resize(factor, (shape[1], shape[0]), interpolation=method)
    return np.ascontiguousarray(factor, np.float32)


def _unit(pixels: Any) -> Any:
    """Return uint8 or uint16 values as float32 from 0 to 1."""
    return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)


def region_factor(
    regions: Sequence[Region], shape: tuple[int, int], picture: tuple[int, int]
) -> tuple[Float32 | None, list[str]]:
    """Return the factor on predicted chroma that regions set, at another size.

    Parameters
    ----------
    regions : sequence of Region
        Where they overlap, the factors multiply.
    shape : tuple of int
        Height and width of the factor, (h, w).
    picture : tuple of int
        Height and width of the picture, in whose pixels regions are given.

    Returns
    -------
    factor : float32 array of shape (h, w), or None
        ``None`` if there are no regions.
    notes : list of str
        A sentence for each region outside the picture.
    """
    if not regions:
        return None, []
    factor = np.ones(shape, np.float32)
    notes = []
    for region in regions:
        scale_x, scale_y = (1, 1) if region.fractions else (1 / picture[1], 1 / picture[0])
        rows = _coverage(region.y * scale_y, region.height * scale_y, shape[0])
        columns = _coverage(region.x * scale_x, region.width * scale_x, shape[1])
        if not rows.any() or not columns.any():
            notes.append(f"the region at {region.x:g},{region.y:g} is outside the picture")
        factor *= 1 + (region.strength - 1) * rows[:, None] * columns[None, :]
    return factor, notes


def _coverage(start: float, length: float, count: int) -> Float32:
    """Return the share of each of ``count`` equal cells of 0..1 that an interval covers."""
    edges = np.arange(count + 1) / count
    low = np.maximum(edges[:-1], start)
    high = np.minimum(edges[1:], start + length)
    coverage: Float32 = np.clip((high - low) * count, 0, 1).astype(np.float32)
    return coverage
