"""From predicted chroma to chroma that an sRGB picture of the given lightness can hold.

The source slide (Team 2, module 4) asks for two things: the ratio of A to B stays, and the
intensity of each pixel of the colour picture is that of the grey one. ``ratio`` keeps both,
exactly: it moves a colour towards grey along its hue until it lies in the sRGB gamut, so that
nothing is left for clipping to change. The slide's own closed form is ``slide``.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from colortk._opencv import cv2
from colortk.color.cielab import RGB_TO_XYZ, WHITE, decode_f
from colortk.types import Array, Float32

_HUES = 180
_LEVELS = 101
_WIDEST = 140.0  # no sRGB colour has more chroma (blue: 133.8)


@lru_cache(maxsize=1)
def gamut_table() -> Float32:
    """Most chroma inside sRGB, float32 (101, 181): L* in units, hue in steps of 2°."""
    turn = np.deg2rad(np.arange(_HUES + 1) * (360 / _HUES))[None, :]
    lightness = np.linspace(0, 100, _LEVELS)[:, None]
    low = np.zeros((_LEVELS, _HUES + 1))
    step = _WIDEST / 2
    for _ in range(12):  # bisection: the gamut is star-shaped around grey, see the tests
        trial = low + step
        low[_inside(lightness, trial * np.cos(turn), trial * np.sin(turn))] += step
        step /= 2
    low[0] = low[-1] = 0
    return low.astype(np.float32)


def _inside(lightness: Array, a: Array, b: Array) -> Array:
    """Whether sRGB holds a colour, give or take a hundredth of an 8-bit level."""
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
    """Keep a*:b* and L*; reduce chroma into the sRGB gamut.

    ``lightness``: float32 (H, W), 0..100. ``ab``: float32 (H, W, 2). Returns the same shape.
    """
    a, b = np.ascontiguousarray(ab[..., 0]), np.ascontiguousarray(ab[..., 1])
    chroma, hue = cv2.cartToPolar(a, b, angleInDegrees=True)
    np.multiply(hue, np.float32(_HUES / 360), out=hue)
    # Its rows are L* itself, and what is beyond them is what their ends are.
    share = cv2.remap(
        gamut_table(), hue, lightness, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    np.add(chroma, np.float32(1e-6), out=chroma)  # grey has none to be divided by
    np.divide(share, chroma, out=share)
    # The lesser of it and 1. NumPy's takes several times as long, minding NaN.
    cv2.threshold(share, 1, 0, cv2.THRESH_TRUNC, share)
    out = np.empty((2, *lightness.shape), np.float32)
    np.multiply(a, share, out=out[0])
    np.multiply(b, share, out=out[1])
    return np.moveaxis(out, 0, -1)


def slide(lightness: Float32, ab: Float32) -> Float32:
    """Team 2's closed form: X = 2L / (1 + y/x), Y = 2L / (1 + x/y), with its misprint corrected.

    The slide prints 1 − x/y in the second, which cannot keep the ratio x/y that it asks for.
    Written as X = 2L·x / (x + y), Y = 2L·y / (x + y), it is defined where x or y is 0; where
    x + y is 0 it has no value, and near there it runs away: chroma is bounded by 2L, and
    colours with x + y = 0 stay as predicted. Shapes as in :func:`ratio`.
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
    """Leave chroma as predicted; what is outside sRGB is clipped, which changes L* and hue."""
    return ab
