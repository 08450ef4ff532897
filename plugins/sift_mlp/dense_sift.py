"""Dense SIFT descriptors on a grid, from shared orientation maps.

SIFT (Lowe 2004, section 6) describes a square of 4 × 4 cells by 8 orientations.
Its weights are separable: bilinear in x and y over the cells, times a Gaussian of
two cells. So for every grid point at once a cell is

    cell[o] = Wy @ map[o] @ Wx.T

with ``map[o]`` the gradient magnitude shared out to orientation ``o`` (bilinear too)
and ``Wy``, ``Wx`` the (grid points × 4, pixels) weights of the cells along one axis.
Two matrix products replace one histogram a point: `cv2.SIFT.compute` gives the same
descriptors (upright, of the same smoothing) in more time (`tox -e bench` says how much).
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from colortk.plugin import Float32

CELLS = 4
ORIENTATIONS = 8
DESCRIPTOR = CELLS * CELLS * ORIENTATIONS


def grid_positions(size: int, count: int) -> NDArray[np.float64]:
    """``count`` positions, in pixels, at the middles of equal parts of ``size`` pixels."""
    return (np.arange(count) + 0.5) * size / count - 0.5


@lru_cache(maxsize=64)
def _weights(size: int, count: int, cell: float) -> Float32:
    """(count × 4, size): weight of every pixel of a row in the 4 cells of every point."""
    offset = (np.arange(size)[None, :] - grid_positions(size, count)[:, None]) / cell
    window = np.exp(-(offset**2) / (2 * (CELLS / 2) ** 2))
    centers = np.arange(CELLS) - (CELLS - 1) / 2
    tent = np.maximum(0, 1 - np.abs(offset[:, None, :] - centers[None, :, None]))
    weights: Float32 = (tent * window[:, None, :]).reshape(count * CELLS, size).astype(np.float32)
    return weights


def orientation_maps(image: Float32) -> Float32:
    """Gradient magnitude of ``image`` (H, W) in 8 orientations, float32 (8, H, W)."""
    padded = cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    dx = padded[1:-1, 2:] - padded[1:-1, :-2]
    dy = padded[:-2, 1:-1] - padded[2:, 1:-1]
    magnitude, angle = cv2.cartToPolar(dx, dy)
    position = angle * np.float32(ORIENTATIONS / (2 * np.pi))
    maps = np.empty((ORIENTATIONS, *image.shape), np.float32)
    for orientation, share in enumerate(maps):
        np.subtract(position, np.float32(orientation), out=share)
        np.abs(share, out=share)
        if orientation < 2:  # distances go around: 7.9 is next to 0
            np.minimum(share, ORIENTATIONS - share, out=share)
        np.subtract(np.float32(1), share, out=share)
        np.maximum(share, np.float32(0), out=share)
        share *= magnitude
    return maps


def _normalize(cells: Float32) -> Float32:
    """Unit length, clipped at 0.2, unit length again (Lowe 2004, section 6.1)."""
    tiny = np.float32(1e-7)
    cells /= np.maximum(np.linalg.norm(cells, axis=-1, keepdims=True), tiny)
    np.minimum(cells, np.float32(0.2), out=cells)
    cells /= np.maximum(np.linalg.norm(cells, axis=-1, keepdims=True), tiny)
    return cells


def dense_sift(lightness: Float32, rows: int, columns: int, cell: float) -> tuple[Float32, Float32]:
    """Descriptors of a ``rows`` × ``columns`` grid over a picture.

    ``lightness``: float32 (H, W), 0..100. ``cell``: side of one of the 4 × 4 cells in
    pixels; the picture is smoothed by 0.3 of it, so that coarse cells don't alias.
    Returns descriptors, float32 (rows, columns, 128) of unit length in OpenCV's order
    (cell row, cell column, orientation), and their length before normalization,
    float32 (rows, columns): the contrast, in L* per pixel, that normalization discards.
    """
    height, width = lightness.shape
    smooth = cv2.GaussianBlur(
        lightness, (0, 0), max(0.3 * cell, 0.5), borderType=cv2.BORDER_REPLICATE
    )
    maps = orientation_maps(smooth)
    wy, wx = _weights(height, rows, cell), _weights(width, columns, cell)
    across = maps.reshape(-1, width) @ wx.T
    across = across.reshape(ORIENTATIONS, height, columns * CELLS)
    both = np.matmul(wy, across).reshape(ORIENTATIONS, rows, CELLS, columns, CELLS)
    cells = np.ascontiguousarray(both.transpose(1, 3, 2, 4, 0)).reshape(rows, columns, DESCRIPTOR)
    contrast = np.linalg.norm(cells, axis=-1) / np.float32(cell * cell)
    return _normalize(cells), contrast


@lru_cache(maxsize=1)
def mirror_permutation() -> NDArray[np.intp]:
    """Permutation that turns a descriptor into that of the picture mirrored left to right."""
    index = np.arange(DESCRIPTOR).reshape(CELLS, CELLS, ORIENTATIONS)
    opposite = (ORIENTATIONS // 2 - np.arange(ORIENTATIONS)) % ORIENTATIONS
    return index[:, ::-1, opposite].reshape(-1)
