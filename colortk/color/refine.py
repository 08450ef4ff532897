"""Refine predicted chroma, so that an sRGB picture of the same lightness can hold it.

The paper of ``sift_mlp`` (Team 2) has two requirements in its module 4, which is a slide: the ratio
of A to B stays the same, and each pixel of the color picture has the intensity of the gray picture.
``ratio`` meets both exactly: it reduces the chroma of a color at the same hue until the color is in
the sRGB gamut, so that clipping changes nothing. ``slide`` is the formula that the slide prints.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from colortk._opencv import cv2
from colortk.color.cielab import RGB_TO_XYZ, WHITE, decode_f
from colortk.types import Array, Float32

_HUES = 180
_LEVELS = 101
#: Longest side of a block: OpenCV's remapping is limited to 32,767.
_MAX_SIDE = 1 << 14
_MAX_CHROMA = 140.0  # more than any sRGB color has (blue: 133.8)


@lru_cache(maxsize=1)
def gamut_table() -> Float32:
    """Return the largest chroma in sRGB by L* and hue in steps of 2°, float32 (101, 181)."""
    turn = np.deg2rad(np.arange(_HUES + 1) * (360 / _HUES))[None, :]
    lightness = np.linspace(0, 100, _LEVELS)[:, None]
    low = np.zeros((_LEVELS, _HUES + 1))
    step = _MAX_CHROMA / 2
    for _ in range(12):  # bisection: the gamut is star-shaped around gray, which the tests check
        trial = low + step
        low[_inside(lightness, trial * np.cos(turn), trial * np.sin(turn))] += step
        step /= 2
    low[0] = low[-1] = 0
    return low.astype(np.float32)


def _inside(lightness: Array, a: Array, b: Array) -> Array:
    """Return whether colors lie in sRGB, to a hundredth of an 8-bit level."""
    f = (lightness + 16) / 116
    xyz = [
        white * decode_f(t) for white, t in zip(WHITE, (f + a / 500, f, f - b / 200), strict=True)
    ]
    inside = np.ones(a.shape, bool)
    for red, green, blue in np.linalg.inv(RGB_TO_XYZ):
        linear = red * xyz[0] + green * xyz[1] + blue * xyz[2]
        inside &= (linear > -1e-4) & (linear < 1 + 1e-4)
    return inside


def ratio(lightness: Float32, ab: Float32) -> Float32:
    """Reduce chroma into the sRGB gamut; keep the ratio a*:b* (hue) and L*.

    Parameters
    ----------
    lightness : float32 array of shape (H, W)
        CIE L*, 0 to 100.
    ab : float32 array of shape (H, W, 2)
        CIE a* and b*.

    Returns
    -------
    float32 array of shape (H, W, 2)
        CIE a* and b*.
    """
    if max(lightness.shape) > _MAX_SIDE:
        axis = int(np.argmax(lightness.shape))
        pieces = range(_MAX_SIDE, lightness.shape[axis], _MAX_SIDE)
        blocks = zip(np.split(lightness, pieces, axis), np.split(ab, pieces, axis), strict=True)
        return np.concatenate([ratio(np.ascontiguousarray(x), y) for x, y in blocks], axis)
    a, b = np.ascontiguousarray(ab[..., 0]), np.ascontiguousarray(ab[..., 1])
    chroma, hue = cv2.cartToPolar(a, b, angleInDegrees=True)
    np.multiply(hue, np.float32(_HUES / 360), out=hue)
    # The rows of the table are L*; positions beyond the table get the values at its edge.
    share = cv2.remap(
        gamut_table(), hue, lightness, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    np.add(chroma, np.float32(1e-6), out=chroma)  # gray has no chroma to divide by
    np.divide(share, chroma, out=share)
    # Limit the share to 1. cv2.threshold is several times faster than np.minimum, which also
    # handles NaN.
    cv2.threshold(share, 1, 0, cv2.THRESH_TRUNC, share)
    out = np.empty((2, *lightness.shape), np.float32)
    np.multiply(a, share, out=out[0])
    np.multiply(b, share, out=out[1])
    return np.moveaxis(out, 0, -1)


def slide(lightness: Float32, ab: Float32) -> Float32:
    """Apply the formula of the ``sift_mlp`` paper with its misprint corrected.

    It is X = 2L / (1 + y/x) and Y = 2L / (1 + x/y). The slide prints 1 − x/y in the second formula,
    which cannot keep the ratio x/y. Written as X = 2L·x / (x + y) and Y = 2L·y / (x + y), the
    formula is defined where x or y is 0. Where x + y is 0 it has no value, and near that it grows
    without limit: chroma is bounded by 2L, and colors with x + y = 0 stay as predicted.

    Parameters
    ----------
    lightness : float32 array of shape (H, W)
        CIE L*, 0 to 100.
    ab : float32 array of shape (H, W, 2)
        CIE a* and b*.

    Returns
    -------
    float32 array of shape (H, W, 2)
        CIE a* and b*.
    """
    total = ab[..., 0] + ab[..., 1]
    undefined = np.abs(total) < np.float32(1e-6)
    factor = 2 * lightness / np.where(undefined, np.float32(1), total)
    refined = ab * factor[..., None]
    length = np.linalg.norm(refined, axis=-1)
    bound = np.minimum(1, 2 * lightness / np.maximum(length, np.float32(1e-6)))
    refined *= bound[..., None]
    return np.where(undefined[..., None], ab, refined).astype(np.float32)


def none(lightness: Float32, ab: Float32) -> Float32:
    """Return ``ab`` unchanged. Colors outside sRGB will be clipped, which changes L* and hue."""
    return ab
