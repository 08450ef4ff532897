"""Luma of a film's frame for a given lightness, whatever chroma comes with it, and back.

A film's Y' is a sum of R'G'B' after the transfer function, not a function of luminance: with
another Cb and Cr, the same Y' shows another lightness. So for every (Cb, Cr) there are two tables:
from Y' to the Y' of the grey with the same L*, and from that grey back. two look-ups a pixel replace
a conversion to CIELAB and one from it, and what is right in the end is the lightness of what is
shown, chroma subsampling included. Y', Cb, Cr are 8-bit "limited range" (ITU-R BT.601/709: black 16,
white 235); the transfer function is sRGB's, as everywhere in colortk.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from colortk._opencv import cv2
from colortk.color.cielab import RGB_TO_XYZ, luminance_to_lightness, srgb_to_linear
from colortk.types import Float32

Plane = NDArray[np.uint8]

BLACK, WHITE, NEUTRAL = 16, 235, 128
#: Cb and Cr are told apart in steps of so many levels; half a step changes Y' by under 0.3.
STEP = 2
_LEVELS = 256 // STEP
#: OpenCV's remapping, which is the fastest look-up, takes no side beyond this.
_REMAP = 1 << 14
#: The tables are computed at every so many levels of Cb and Cr and interpolated.
_COARSE = 8


class Weights(NamedTuple):
    """Shares of R' and B' in Y'; G' has the rest (``name`` as in ITU-R's recommendations)."""

    red: float
    blue: float


BT601, BT709 = Weights(0.299, 0.114), Weights(0.2126, 0.0722)
BT2020, SMPTE240 = Weights(0.2627, 0.0593), Weights(0.212, 0.087)


def rgb_weights(weights: Weights) -> NDArray[np.float64]:
    """Rows Cb, Cr; columns R', G', B': from R'G'B' in 0..1 to levels away from neutral."""
    red, blue = weights
    luma = np.array([red, 1 - red - blue, blue])
    cb = (np.array([0, 0, 1]) - luma) / (2 * (1 - blue))
    cr = (np.array([1, 0, 0]) - luma) / (2 * (1 - red))
    return 224 * np.stack([cb, cr])


@lru_cache(maxsize=1)
def gray_lightness() -> Float32:
    """L* of every grey Y', float32 (256,); below black 0, above white 100."""
    ramp = np.clip((np.arange(256) - BLACK) / (WHITE - BLACK), 0, 1)
    return luminance_to_lightness(srgb_to_linear(ramp)).astype(np.float32)


def _luminance(luma: NDArray[np.float64], weights: Weights) -> NDArray[np.float64]:
    """Luminance, 0..1, of ``luma`` (n,) for every coarse Cb and Cr: (n, k, k)."""
    red, blue = weights
    count = 256 // _COARSE
    chroma = ((np.arange(count) + 0.5) * _COARSE - 0.5 - NEUTRAL) / 224
    y = ((luma - BLACK) / (WHITE - BLACK))[:, None, None]
    cb, cr = chroma[None, :, None], chroma[None, None, :]
    r = y + 2 * (1 - red) * cr + 0 * cb
    b = y + 2 * (1 - blue) * cb + 0 * cr
    g = (y - red * r - blue * b) / (1 - red - blue)
    total = np.zeros(r.shape)
    for value, share in zip((r, g, b), RGB_TO_XYZ[1], strict=True):
        total += share * srgb_to_linear(np.clip(value, 0, 1))
    return total


@lru_cache(maxsize=4)
def _tables(weights: Weights) -> tuple[Plane, Plane]:
    """To the grey of the same L*, and from it; each uint8 (Cb and Cr, Y')."""
    levels = np.arange(256.0)
    shown = luminance_to_lightness(_luminance(levels, weights))
    grey = luminance_to_lightness(srgb_to_linear((levels[BLACK : WHITE + 1] - BLACK) / 219))
    to_grey = np.interp(shown, grey, levels[BLACK : WHITE + 1])
    count = 256 // _COARSE
    from_grey = np.empty((256, count, count))
    wanted = gray_lightness()
    slope = np.arange(256) * 1e-9  # where clipping makes it flat, the first Y' that reaches it
    for i in range(count):
        for j in range(count):
            from_grey[:, i, j] = np.interp(wanted, shown[:, i, j] + slope, levels)
    outside = np.r_[
        0:BLACK, WHITE + 1 : 256
    ]  # blacker than black and whiter than white: as they are
    to_grey[outside] = from_grey[outside] = levels[outside][:, None, None]
    return _fine(to_grey), _fine(from_grey)


def _fine(table: NDArray[np.float64]) -> Plane:
    """A coarse table (256, k, k) at every step of Cb and Cr, rounded: uint8 (k², 256)."""
    planes = [
        cv2.resize(plane.astype(np.float32), (_LEVELS, _LEVELS), interpolation=cv2.INTER_LINEAR)
        for plane in table
    ]
    fine: Plane = np.clip(np.rint(np.stack(planes, -1)), 0, 255).astype(np.uint8).reshape(-1, 256)
    return fine


def _look_up(table: Plane, luma: Plane, cb: Plane, cr: Plane) -> Plane:
    """``table`` at every pixel of ``luma`` (H, W); ``cb``, ``cr`` of its size or half of it."""
    row = cv2.addWeighted(cb >> 1, _LEVELS, cr >> 1, 1, 0, dtype=cv2.CV_16S)
    height, width = luma.shape
    if row.shape != luma.shape:  # each chroma for its 2 × 2 pixels, as it will be shown
        even = (2 * row.shape[1], 2 * row.shape[0])
        row = cv2.resize(row, even, interpolation=cv2.INTER_NEAREST)[:height, :width]
    out = np.empty_like(luma)
    for left in range(0, width, _REMAP):
        for top in range(0, height, _REMAP):
            at = slice(top, top + _REMAP), slice(left, left + _REMAP)
            places = cv2.merge([luma[at].astype(np.int16), row[at]])
            out[at] = cv2.remap(table, places, None, cv2.INTER_NEAREST)
    return out


def is_gray(cb: Plane, cr: Plane) -> bool:
    """Whether there is no colour at all, to the last bit."""
    return bool((cb == NEUTRAL).all() and (cr == NEUTRAL).all())


def gray_luma(luma: Plane, cb: Plane, cr: Plane, weights: Weights) -> Plane:
    """Y' of the grey frame with the lightness of this one, uint8 (H, W)."""
    return luma if is_gray(cb, cr) else _look_up(_tables(weights)[0], luma, cb, cr)


def luma_of(grey: Plane, cb: Plane, cr: Plane, weights: Weights) -> Plane:
    """Y' that shows the lightness of ``grey`` with this chroma, uint8 (H, W)."""
    return grey if is_gray(cb, cr) else _look_up(_tables(weights)[1], grey, cb, cr)
