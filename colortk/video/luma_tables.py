"""Tables between the luma of a film and lightness, for every chroma.

The luma Y' of a film is a sum of R'G'B' after the transfer function and not a function of
luminance: with another Cb and Cr, the same Y' has another lightness. So there are two tables for
every (Cb, Cr): from Y' to the Y' of the gray with the same L*, and back. Two look-ups per pixel
replace conversions to CIELAB and back, and they keep the lightness of the displayed frame, chroma
subsampling included.

Y', Cb, Cr are 8-bit "limited range" (ITU-R BT.601/709: black 16, white 235). The transfer function
is the one of sRGB, as everywhere in colortk.
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
#: Step of Cb and Cr in the tables, in levels. Half a step changes Y' by less than 0.3.
STEP = 2
_LEVELS = 256 // STEP
#: Largest side that the remapping of OpenCV accepts, which is the fastest look-up.
_MAX_FRAME_SIDE = 1 << 14
#: Step of Cb and Cr at which the tables are computed, in levels. In between they are interpolated.
_COARSE = 8


class Weights(NamedTuple):
    """Weights of R' and B' in Y', as recommendations of the ITU-R define them. G' has the rest.

    Parameters
    ----------
    red, blue : float
        Weights, 0 to 1.
    """

    red: float
    blue: float


BT601, BT709 = Weights(0.299, 0.114), Weights(0.2126, 0.0722)
BT2020, SMPTE240 = Weights(0.2627, 0.0593), Weights(0.212, 0.087)


def rgb_weights(weights: Weights) -> NDArray[np.float64]:
    """Return the matrix from R'G'B' to chroma.

    Parameters
    ----------
    weights : Weights
        Weights of luma.

    Returns
    -------
    float64 array of shape (2, 3)
        From R'G'B', 0 to 1, to the differences of Cb and Cr to neutral, in levels.
    """
    red, blue = weights
    luma = np.array([red, 1 - red - blue, blue])
    cb = (np.array([0, 0, 1]) - luma) / (2 * (1 - blue))
    cr = (np.array([1, 0, 0]) - luma) / (2 * (1 - red))
    return 224 * np.stack([cb, cr])


@lru_cache(maxsize=1)
def gray_lightness() -> Float32:
    """Return L* of every gray Y', float32 (256,): 0 below black, 100 above white."""
    ramp = np.clip((np.arange(256) - BLACK) / (WHITE - BLACK), 0, 1)
    return luminance_to_lightness(srgb_to_linear(ramp)).astype(np.float32)


def _luminance(luma: NDArray[np.float64], weights: Weights) -> NDArray[np.float64]:
    """Return the luminance, 0 to 1, of ``luma`` (n,) for every coarse Cb and Cr: (n, k, k)."""
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
    """Return the tables to the gray of the same L*, and back: uint8 (Cb and Cr, Y') each."""
    levels = np.arange(256.0)
    lightness = luminance_to_lightness(_luminance(levels, weights))
    gray = luminance_to_lightness(srgb_to_linear((levels[BLACK : WHITE + 1] - BLACK) / 219))
    to_gray = np.interp(lightness, gray, levels[BLACK : WHITE + 1])
    count = 256 // _COARSE
    from_gray = np.empty((256, count, count))
    target = gray_lightness()
    slope = np.arange(256) * 1e-9  # where clipping makes the curve flat, choose the lowest Y'
    for i in range(count):
        for j in range(count):
            from_gray[:, i, j] = np.interp(target, lightness[:, i, j] + slope, levels)
    outside = np.r_[
        0:BLACK, WHITE + 1 : 256
    ]  # blacker than black and whiter than white: not changed
    to_gray[outside] = from_gray[outside] = levels[outside][:, None, None]
    return _fine(to_gray), _fine(from_gray)


def _fine(table: NDArray[np.float64]) -> Plane:
    """Interpolate a coarse table (256, k, k) to every step of Cb and Cr: uint8 (n², 256)."""
    planes = [
        cv2.resize(plane.astype(np.float32), (_LEVELS, _LEVELS), interpolation=cv2.INTER_LINEAR)
        for plane in table
    ]
    fine: Plane = np.clip(np.rint(np.stack(planes, -1)), 0, 255).astype(np.uint8).reshape(-1, 256)
    return fine


def _look_up(table: Plane, luma: Plane, cb: Plane, cr: Plane) -> Plane:
    """Look up every pixel of ``luma`` (H, W); ``cb`` and ``cr`` have its size or half of it."""
    row = cv2.addWeighted(cb >> 1, _LEVELS, cr >> 1, 1, 0, dtype=cv2.CV_16S)
    height, width = luma.shape
    if row.shape != luma.shape:  # each chroma value covers 2 × 2 pixels, as in the displayed frame
        even = (2 * row.shape[1], 2 * row.shape[0])
        row = cv2.resize(row, even, interpolation=cv2.INTER_NEAREST)[:height, :width]
    out = np.empty_like(luma)
    for left in range(0, width, _MAX_FRAME_SIDE):
        for top in range(0, height, _MAX_FRAME_SIDE):
            at = slice(top, top + _MAX_FRAME_SIDE), slice(left, left + _MAX_FRAME_SIDE)
            positions = cv2.merge([luma[at].astype(np.int16), row[at]])
            out[at] = cv2.remap(table, positions, None, cv2.INTER_NEAREST)
    return out


def is_gray(cb: Plane, cr: Plane) -> bool:
    """Return whether all chroma is exactly neutral."""
    return bool((cb == NEUTRAL).all() and (cr == NEUTRAL).all())


def gray_luma(luma: Plane, cb: Plane, cr: Plane, weights: Weights) -> Plane:
    """Return the gray frame with the lightness of a color frame.

    Parameters
    ----------
    luma : uint8 array of shape (H, W)
        Y' of the frame.
    cb, cr : uint8 arrays of shape (H, W), or half of it, rounded up
        Its chroma.
    weights : Weights
        Weights of luma.

    Returns
    -------
    uint8 array of shape (H, W)
        Y' of the gray frame.
    """
    return luma if is_gray(cb, cr) else _look_up(_tables(weights)[0], luma, cb, cr)


def luma_of(gray: Plane, cb: Plane, cr: Plane, weights: Weights) -> Plane:
    """Return the luma with which a chroma has the lightness of a gray frame.

    Parameters
    ----------
    gray : uint8 array of shape (H, W)
        Y' of the gray frame.
    cb, cr : uint8 arrays of shape (H, W), or half of it, rounded up
        Chroma.
    weights : Weights
        Weights of luma.

    Returns
    -------
    uint8 array of shape (H, W)
        Y' of the color frame.
    """
    return gray if is_gray(cb, cr) else _look_up(_tables(weights)[1], gray, cb, cr)
