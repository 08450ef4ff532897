"""The inputs of the two networks: SIFT at four scales, luminance, position and context.

The paper uses SIFT features and luminance. One descriptor at one scale cannot tell whether a
smooth patch is sky or wall, so that each point of the grid also gets coarser descriptors, the
luminance around it, its position, and features of the whole picture (mean descriptors, luminance).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from colortk.plugin import Float32

from .dense_sift import DESCRIPTOR, dense_sift, grid_positions

#: (octave, side of a cell in pixels of that octave): windows of 10, 20, 40 and 80
#: pixels of a picture whose short side is 128.
SCALES = ((0, 2.5), (0, 5.0), (1, 5.0), (2, 5.0))
#: Widths, in pixels, of the Gaussian windows over which luminance is summarized.
WINDOWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
#: Distances, in pixels, of the two rings of eight neighbors.
RINGS = (10.0, 28.0)
SIFT_WIDTH = len(SCALES) * DESCRIPTOR
LUMINANCE_WIDTH = 2 * len(WINDOWS) + 8 * len(RINGS) + len(SCALES)
HISTOGRAM, THUMB = 16, 4
#: Inputs that belong to a point, and to its whole picture.
POINT_WIDTH = SIFT_WIDTH + LUMINANCE_WIDTH + 2
PICTURE_WIDTH = HISTOGRAM + THUMB**2 + SIFT_WIDTH
#: All inputs of the networks.
WIDTH = POINT_WIDTH + PICTURE_WIDTH


@dataclass(frozen=True)
class Features:
    """Features of a picture of (H, W) pixels on a grid of (R, C) points.

    Parameters
    ----------
    sift : ndarray
        uint8 (R, C, 4, 128), descriptors × 510, fine to coarse.
    luminance : ndarray
        float16 (R, C, 32), L* / 100 around a point: means, deviations and differences.
    whole : ndarray
        float16 (32,), square root of the histogram, and a 4 × 4 thumbnail of L* / 100.
    context : ndarray
        float16 (512,), mean of ``sift`` over the picture, / 255.
    """

    sift: NDArray[np.uint8]
    luminance: NDArray[np.float16]
    whole: NDArray[np.float16]
    context: NDArray[np.float16]


def extract_features(lightness: Float32, rows: int, columns: int) -> Features:
    """Compute the features of a picture on a grid of points.

    Parameters
    ----------
    lightness : ndarray
        L*, float32 (H, W), 0 to 100.
    rows, columns : int
        Points of the grid.
    """
    sift, contrasts = [], []
    for octave, cell in SCALES:
        scaled = lightness if octave == 0 else _shrink(lightness, 2**octave)
        descriptors, contrast = dense_sift(scaled, rows, columns, cell)
        sift.append(np.minimum(descriptors * np.float32(510), 255).astype(np.uint8))
        contrasts.append(np.log1p(contrast))
    luminance = np.stack(
        [*_luminance_around(lightness / np.float32(100), rows, columns), *contrasts], -1
    )
    described = np.stack(sift, 2)
    return Features(
        described,
        luminance.astype(np.float16),
        _picture_luminance(lightness).astype(np.float16),
        (described.mean((0, 1), np.float32).ravel() / 255).astype(np.float16),
    )


def _picture_luminance(lightness: Float32) -> Float32:
    counts = np.histogram(np.clip(lightness, 0, 100), HISTOGRAM, (0, 100))[0]
    thumb = cv2.resize(lightness, (THUMB, THUMB), interpolation=cv2.INTER_AREA) / 100
    picture_features: Float32 = np.concatenate([np.sqrt(counts / lightness.size), thumb.ravel()])
    return picture_features


def _shrink(image: Float32, factor: int) -> Float32:
    height, width = image.shape
    size = (max(8, round(width / factor)), max(8, round(height / factor)))
    small: Float32 = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return small


def _luminance_around(light: Float32, rows: int, columns: int) -> list[Float32]:
    """Return mean and deviation in growing windows, then the two rings, each (R, C)."""
    height, width = light.shape
    ys, xs = (
        grid_positions(height, rows).astype(np.float32),
        grid_positions(width, columns).astype(np.float32),
    )

    def sample(image: Float32, dy: float = 0, dx: float = 0) -> Float32:
        map_x = np.repeat(xs[None, :] + np.float32(dx), rows, 0)
        map_y = np.repeat(ys[:, None] + np.float32(dy), columns, 1)
        values: Float32 = cv2.remap(
            image, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return values

    out = []
    for window in WINDOWS:
        mean, square = _blur(light, window), _blur(light * light, window)
        center = sample(mean)
        out += [center, np.sqrt(np.maximum(sample(square) - center**2, 0))]
    center = out[2]
    for distance in RINGS:
        blurred = _blur(light, distance / 3)
        for turn in np.arange(8) * np.pi / 4:
            out.append(sample(blurred, distance * np.sin(turn), distance * np.cos(turn)) - center)
    return out


def _blur(image: Float32, sigma: float) -> Float32:
    """Blur by a Gaussian; a wide one is computed on a smaller copy, nearly the same."""
    factor = 2 ** max(0, int(np.log2(sigma / 2)))
    small = image if factor == 1 else _shrink(image, factor)
    blurred: Float32 = cv2.GaussianBlur(
        small, (0, 0), sigma / factor, borderType=cv2.BORDER_REPLICATE
    )
    if factor > 1:
        blurred = cv2.resize(blurred, image.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return blurred


def grid_coordinates(rows: int, columns: int) -> NDArray[np.float16]:
    """Return row and column of every point of a grid, -1 to 1, float16 (R, C, 2)."""
    y = (np.arange(rows) + 0.5) / rows * 2 - 1
    x = (np.arange(columns) + 0.5) / columns * 2 - 1
    return np.stack(np.broadcast_arrays(y[:, None], x[None, :]), -1).astype(np.float16)


def join_inputs(
    sift: NDArray[Any],
    luminance: NDArray[Any],
    where: NDArray[Any],
    whole: NDArray[Any],
    context: NDArray[Any],
) -> Float32:
    """Return the inputs of the networks, in the order of the arguments.

    Parameters
    ----------
    sift : ndarray
        (N, 4, 128).
    luminance : ndarray
        (N, 32).
    where : ndarray
        Row and column, (N, 2).
    whole : ndarray
        (N, 32) or (32,).
    context : ndarray
        (N, 512) or (512,).

    Returns
    -------
    ndarray
        float32 (N, 1090).
    """
    points = len(sift)
    out = np.empty((points, WIDTH), np.float32)
    out[:, :SIFT_WIDTH] = sift.reshape(points, -1)
    out[:, SIFT_WIDTH : POINT_WIDTH - 2] = luminance
    out[:, POINT_WIDTH - 2 : POINT_WIDTH] = where
    out[:, POINT_WIDTH:-SIFT_WIDTH] = whole
    out[:, -SIFT_WIDTH:] = context
    return out


def network_inputs(features: Features) -> Float32:
    """Return the inputs of the networks at every point of a grid, row by row, float32 (N, 1090)."""
    rows, columns = features.sift.shape[:2]
    return join_inputs(
        features.sift.reshape(-1, len(SCALES), DESCRIPTOR),
        features.luminance.reshape(rows * columns, -1),
        grid_coordinates(rows, columns).reshape(-1, 2),
        features.whole,
        features.context,
    )
