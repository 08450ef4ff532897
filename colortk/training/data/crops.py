"""Square crops of training pictures, and their conversion to L* and a*b*."""

from __future__ import annotations

import numpy as np

from colortk._opencv import cv2
from colortk.color.cielab import rgb_to_lab
from colortk.types import Array, Float32


def squeeze(picture: Array, side: int) -> Array:
    """Return the whole picture, uint8 (H, W, 3), resized to (side, side, 3) whatever its ratio."""
    return _resize(picture, side)


def center_crop(picture: Array, side: int) -> Array:
    """Return the largest centered square of the picture, resized to (side, side, 3)."""
    height, width = picture.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    return _resize(picture[top : top + short, left : left + short], side)


def random_crop(
    picture: Array, side: int, zoom: tuple[float, float], rng: np.random.Generator
) -> Array:
    """Return a random square of a picture, resized, and mirrored with probability 0.5.

    Parameters
    ----------
    picture : ndarray
        sRGB, uint8 (H, W, 3).
    side : int
        Pixels of the result.
    zoom : tuple of float
        Smallest and largest side of the square, as a share of the short side of the picture.
    rng : numpy.random.Generator
        Draws size, position and mirroring.

    Returns
    -------
    ndarray
        uint8 (side, side, 3).
    """
    height, width = picture.shape[:2]
    short = min(height, width)
    size = min(short, max(2, round(short * rng.uniform(*zoom))))
    top, left = rng.integers(height - size + 1), rng.integers(width - size + 1)
    view = picture[top : top + size, left : left + size]
    return _resize(view[:, ::-1] if rng.random() < 0.5 else view, side)


def to_lab(views: Array) -> tuple[Float32, Float32]:
    """Convert pictures to CIELAB.

    Parameters
    ----------
    views : ndarray
        sRGB, uint8 (N, H, W, 3).

    Returns
    -------
    tuple of ndarray
        L*, float32 (N, H, W), 0 to 100; a* and b*, float32 (N, H, W, 2).
    """
    count, height, width = views.shape[:3]
    lab = rgb_to_lab(views.reshape(count * height, width, 3)).reshape(count, height, width, 3)
    return np.ascontiguousarray(lab[..., 0]), np.ascontiguousarray(lab[..., 1:])


def lab_to_bytes(lightness: Float32, ab: Float32) -> Array:
    """Round L* and a*b* to 8-bit CIELAB as OpenCV scales it: 255/100 L*, a* + 128, b* + 128.

    Parameters
    ----------
    lightness : ndarray
        L*, float32 (...), 0 to 100.
    ab : ndarray
        a* and b*, float32 (..., 2).

    Returns
    -------
    ndarray
        uint8 (..., 3).
    """
    packed = np.empty((*lightness.shape, 3), np.uint8)
    packed[..., 0] = np.rint(lightness * np.float32(2.55))
    packed[..., 1:] = np.clip(np.rint(ab) + 128, 0, 255)
    return packed


def lab_from_bytes(packed: Array) -> tuple[Float32, Float32]:
    """Return L*, float32 (...), and a*b*, float32 (..., 2), of 8-bit CIELAB (..., 3)."""
    lightness = packed[..., 0] * np.float32(1 / 2.55)
    return lightness, packed[..., 1:] - np.float32(128)


def _resize(view: Array, side: int) -> Array:
    if view.shape[:2] == (side, side):
        return np.ascontiguousarray(view)
    interpolation = cv2.INTER_AREA if min(view.shape[:2]) > side else cv2.INTER_CUBIC
    resized: Array = cv2.resize(
        np.ascontiguousarray(view), (side, side), interpolation=interpolation
    )
    return resized
