"""Dense SIFT descriptors on a grid, from shared orientation maps.

SIFT (Lowe 2004, section 6) describes a square of 4 × 4 cells by 8 orientations. Its weights are
separable: bilinear in x and y over the cells, times a Gaussian of two cells. For all points of a
grid at once, a cell is therefore

    cell[o] = Wy @ map[o] @ Wx.T

where ``map[o]`` is the gradient magnitude with its bilinear share of orientation ``o``, and ``Wy``
and ``Wx`` hold the weights of the cells along one axis, (grid points × 4, pixels). Two matrix
products replace one histogram for each point. `cv2.SIFT.compute` gives the same descriptors
(upright, with the same smoothing) in more time; ``tox -e bench`` measures both.

References
----------
Lowe (2004), "Distinctive Image Features from Scale-Invariant Keypoints", IJCV 60.
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
    """Return ``count`` positions in pixels, the centers of equal parts of ``size`` pixels."""
    return (np.arange(count) + 0.5) * size / count - 0.5


@lru_cache(maxsize=64)
def _weights(size: int, count: int, cell: float) -> Float32:
    """Return the weights of the pixels of a row in the 4 cells of each point, (count × 4, size)."""
    offset = (np.arange(size)[None, :] - grid_positions(size, count)[:, None]) / cell
    window = np.exp(-(offset**2) / (2 * (CELLS / 2) ** 2))
    centers = np.arange(CELLS) - (CELLS - 1) / 2
    tent = np.maximum(0, 1 - np.abs(offset[:, None, :] - centers[None, :, None]))
    weights: Float32 = (tent * window[:, None, :]).reshape(count * CELLS, size).astype(np.float32)
    return weights


def orientation_maps(image: Float32) -> Float32:
    """Return the gradient magnitude of a picture in 8 orientations.

    Parameters
    ----------
    image : ndarray
        float32 (H, W).

    Returns
    -------
    ndarray
        float32 (8, H, W).
    """
    padded = cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    dx = padded[1:-1, 2:] - padded[1:-1, :-2]
    dy = padded[:-2, 1:-1] - padded[2:, 1:-1]
    magnitude, angle = cv2.cartToPolar(dx, dy)
    position = angle * np.float32(ORIENTATIONS / (2 * np.pi))
    maps = np.empty((ORIENTATIONS, *image.shape), np.float32)
    for orientation, share in enumerate(maps):
        np.subtract(position, np.float32(orientation), out=share)
        np.abs(share, out=share)
        if orientation < 2:  # orientations are circular: 7.9 is next to 0
            np.minimum(share, ORIENTATIONS - share, out=share)
        np.subtract(np.float32(1), share, out=share)
        np.maximum(share, np.float32(0), out=share)
        share *= magnitude
    return maps


def _normalize(cells: Float32) -> Float32:
    """Normalize to unit length, clip at 0.2, normalize again (Lowe 2004, section 6.1)."""
    tiny = np.float32(1e-7)
    cells /= np.maximum(np.linalg.norm(cells, axis=-1, keepdims=True), tiny)
    np.minimum(cells, np.float32(0.2), out=cells)
    cells /= np.maximum(np.linalg.norm(cells, axis=-1, keepdims=True), tiny)
    return cells


def dense_sift(lightness: Float32, rows: int, columns: int, cell: float) -> tuple[Float32, Float32]:
    """Compute descriptors on a grid of points.

    Parameters
    ----------
    lightness : ndarray
        L*, float32 (H, W), 0 to 100.
    rows, columns : int
        Points of the grid.
    cell : float
        Side of one of the 4 × 4 cells in pixels. The picture is smoothed by 0.3 of it, against
        aliasing.

    Returns
    -------
    descriptors : ndarray
        float32 (rows, columns, 128), unit length, in the order of OpenCV (cell row, cell column,
        orientation).
    contrast : ndarray
        Length before normalization, float32 (rows, columns), in L* per pixel.
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
    """Return the permutation between the descriptors of a picture and of its mirror image."""
    index = np.arange(DESCRIPTOR).reshape(CELLS, CELLS, ORIENTATIONS)
    opposite = (ORIENTATIONS // 2 - np.arange(ORIENTATIONS)) % ORIENTATIONS
    return index[:, ::-1, opposite].reshape(-1)
