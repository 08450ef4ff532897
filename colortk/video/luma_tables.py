"""Tables between the luma of a film and lightness, for every chroma.

The luma Y' of a film is a sum of R'G'B' after the transfer function and not a function of
luminance: with another Cb and Cr, the same Y' has another lightness. So there are two tables for
every (Cb, Cr): from Y' to the Y' of the gray with the same L*, and back. Two look-ups per pixel
replace conversions to CIELAB and back, and they keep the lightness of the displayed frame, chroma
subsampling included.

Y', Cb, Cr have 8 or 10 bits, in limited range (ITU-R BT.601/709: black 16, white 235 of 8 bits) or
in full range (:class:`Levels`). The transfer function is the one of sRGB, as everywhere in colortk.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from colortk._opencv import cv2
from colortk.color.cielab import RGB_TO_XYZ, luminance_to_lightness, srgb_to_linear
from colortk.types import Float32

#: A plane of a frame: uint8, or uint16 with 10 bits.
Plane = NDArray[Any]

#: Levels of 8 bits in limited range.
BLACK, WHITE, NEUTRAL = 16, 235, 128
#: Step of Cb and Cr in the tables, in levels of 8 bits. Half a step changes Y' by less than 0.3.
STEP = 2
_LEVELS = 256 // STEP
#: Factor on the values of tables for 10 bits, whose values between two entries are interpolated.
_FRACTIONS = 16
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


class Levels(NamedTuple):
    """Which numbers stand for black, white and neutral chroma.

    Parameters
    ----------
    bits : int
        8 or 10.
    full : bool
        Full range: black is 0. Otherwise limited range: black is 16, of 8 bits.
    """

    bits: int = 8
    full: bool = False

    @property
    def highest(self) -> int:
        """The highest level."""
        return (1 << self.bits) - 1

    @property
    def black(self) -> int:
        """Y' of black."""
        return 0 if self.full else BLACK << (self.bits - 8)

    @property
    def white(self) -> int:
        """Y' of white."""
        return self.highest if self.full else WHITE << (self.bits - 8)

    @property
    def neutral(self) -> int:
        """Cb and Cr without color."""
        return NEUTRAL << (self.bits - 8)

    @property
    def chroma(self) -> int:
        """Difference between the highest and the lowest Cb."""
        return self.highest if self.full else 224 << (self.bits - 8)

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        """Type of the numbers."""
        return np.uint8 if self.bits == 8 else np.uint16

    @property
    def entry(self) -> float:
        """Difference of Y' between two of the 256 entries of a table."""
        return self.highest / 255 if self.full else float(1 << (self.bits - 8))


#: 8 bits, limited range: what nearly all films have.
LIMITED = Levels()

BT601, BT709 = Weights(0.299, 0.114), Weights(0.2126, 0.0722)
BT2020, SMPTE240 = Weights(0.2627, 0.0593), Weights(0.212, 0.087)
#: A number of the color matrix in ITU-T H.273 for each weights.
MATRIX_NUMBERS = {BT709: 1, BT601: 6, SMPTE240: 7, BT2020: 9}


def rgb_weights(weights: Weights, levels: Levels = LIMITED) -> NDArray[np.float64]:
    """Return the matrix from R'G'B' to chroma.

    Parameters
    ----------
    weights : Weights
        Weights of luma.
    levels : Levels
        Levels of the result.

    Returns
    -------
    float64 array of shape (2, 3)
        From R'G'B', 0 to 1, to the differences of Cb and Cr to neutral, in levels.
    """
    red, blue = weights
    luma = np.array([red, 1 - red - blue, blue])
    cb = (np.array([0, 0, 1]) - luma) / (2 * (1 - blue))
    cr = (np.array([1, 0, 0]) - luma) / (2 * (1 - red))
    return levels.chroma * np.stack([cb, cr])


@lru_cache(maxsize=8)
def gray_lightness(levels: Levels = LIMITED) -> Float32:
    """Return L* of every gray Y', float32 (2 ** bits,): 0 below black, 100 above white."""
    luma = np.arange(levels.highest + 1)
    ramp = np.clip((luma - levels.black) / (levels.white - levels.black), 0, 1)
    return luminance_to_lightness(srgb_to_linear(ramp)).astype(np.float32)


def lightness_of(gray: Plane, levels: Levels = LIMITED) -> Float32:
    """Return L*, float32 (H, W), of a gray plane (H, W)."""
    table = gray_lightness(levels)
    light: Float32 = cv2.LUT(gray, table) if gray.dtype == np.uint8 else table.take(gray)
    return light


def _luminance(luma: NDArray[np.float64], weights: Weights, levels: Levels) -> NDArray[np.float64]:
    """Return the luminance, 0 to 1, of ``luma`` (n,) for every coarse Cb and Cr: (n, k, k)."""
    red, blue = weights
    count = 256 // _COARSE
    # Cb and Cr of 8 bits, so that a table has as many rows for 10 bits.
    eight = Levels(8, levels.full)
    chroma = ((np.arange(count) + 0.5) * _COARSE - 0.5 - NEUTRAL) / eight.chroma
    y = ((luma - levels.black) / (levels.white - levels.black))[:, None, None]
    cb, cr = chroma[None, :, None], chroma[None, None, :]
    r = y + 2 * (1 - red) * cr + 0 * cb
    b = y + 2 * (1 - blue) * cb + 0 * cr
    g = (y - red * r - blue * b) / (1 - red - blue)
    total = np.zeros(r.shape)
    for value, share in zip((r, g, b), RGB_TO_XYZ[1], strict=True):
        total += share * srgb_to_linear(np.clip(value, 0, 1))
    return total


@lru_cache(maxsize=4)
def _tables(weights: Weights, levels: Levels = LIMITED) -> tuple[Plane, Plane]:
    """Return the tables to the gray of the same L*, and back: (Cb and Cr, 256 entries of Y').

    The values are uint8, or for 10 bits uint16 and multiplied by ``_FRACTIONS``.
    """
    luma = np.arange(256, dtype=np.float64) * levels.entry
    lightness = luminance_to_lightness(_luminance(luma, weights, levels))
    grays = np.arange(levels.black, levels.white + 1, dtype=np.float64)
    ramp = (grays - levels.black) / (levels.white - levels.black)
    to_gray = np.interp(lightness, luminance_to_lightness(srgb_to_linear(ramp)), grays)
    count = 256 // _COARSE
    from_gray = np.empty((256, count, count))
    shown = np.clip((luma - levels.black) / (levels.white - levels.black), 0, 1)
    target = luminance_to_lightness(srgb_to_linear(shown))
    slope = np.arange(256) * 1e-9  # where clipping makes the curve flat, choose the lowest Y'
    for i in range(count):
        for j in range(count):
            from_gray[:, i, j] = np.interp(target, lightness[:, i, j] + slope, luma)
    # Blacker than black and whiter than white are not changed.
    outside = (luma < levels.black) | (luma > levels.white)
    to_gray[outside] = from_gray[outside] = luma[outside][:, None, None]
    return _fine(to_gray, levels), _fine(from_gray, levels)


def _fine(table: NDArray[np.float64], levels: Levels) -> Plane:
    """Interpolate a coarse table (256, k, k) to every step of Cb and Cr: (n², 256)."""
    planes = [
        cv2.resize(plane.astype(np.float32), (_LEVELS, _LEVELS), interpolation=cv2.INTER_LINEAR)
        for plane in table
    ]
    scale = 1 if levels.bits == 8 else _FRACTIONS
    values = np.rint(np.clip(np.stack(planes, -1), 0, levels.highest) * scale)
    fine: Plane = values.astype(levels.dtype).reshape(-1, 256)
    return fine


def _look_up(table: Plane, luma: Plane, cb: Plane, cr: Plane, levels: Levels) -> Plane:
    """Look up every pixel of ``luma`` (H, W); ``cb`` and ``cr`` have its size or less."""
    shift = levels.bits - 7
    row = cv2.addWeighted(cb >> shift, _LEVELS, cr >> shift, 1, 0, dtype=cv2.CV_16S)
    height, width = luma.shape
    if row.shape != luma.shape:  # each chroma value covers 2 × 2 pixels, as in the displayed frame
        covered = (
            row.shape[1] * (1 if row.shape[1] == width else 2),
            row.shape[0] * (1 if row.shape[0] == height else 2),
        )
        row = cv2.resize(row, covered, interpolation=cv2.INTER_NEAREST)[:height, :width]
    out = np.empty_like(luma)
    for left in range(0, width, _MAX_FRAME_SIDE):
        for top in range(0, height, _MAX_FRAME_SIDE):
            at = slice(top, top + _MAX_FRAME_SIDE), slice(left, left + _MAX_FRAME_SIDE)
            if levels.bits == 8:
                positions = cv2.merge([luma[at].astype(np.int16), row[at]])
                out[at] = cv2.remap(table, positions, None, cv2.INTER_NEAREST)
                continue
            entries = luma[at] * np.float32(1 / levels.entry)
            values = cv2.remap(
                table, cv2.merge([entries, row[at].astype(np.float32)]), None, cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )  # fmt: skip
            out[at] = (values + np.uint16(_FRACTIONS // 2)) // np.uint16(_FRACTIONS)
    return out


def is_gray(cb: Plane, cr: Plane, levels: Levels = LIMITED) -> bool:
    """Return whether all chroma is exactly neutral."""
    return bool((cb == levels.neutral).all() and (cr == levels.neutral).all())


def gray_luma(
    luma: Plane, cb: Plane, cr: Plane, weights: Weights, levels: Levels = LIMITED
) -> Plane:
    """Return the gray frame with the lightness of a color frame.

    Parameters
    ----------
    luma : uint8 or uint16 array of shape (H, W)
        Y' of the frame.
    cb, cr : uint8 or uint16 arrays of shape (H, W), or half of it, rounded up
        Its chroma.
    weights : Weights
        Weights of luma.
    levels : Levels
        Their bits and range.

    Returns
    -------
    uint8 or uint16 array of shape (H, W)
        Y' of the gray frame.
    """
    if is_gray(cb, cr, levels):
        return luma
    return _look_up(_tables(weights, levels)[0], luma, cb, cr, levels)


def luma_of(gray: Plane, cb: Plane, cr: Plane, weights: Weights, levels: Levels = LIMITED) -> Plane:
    """Return the luma with which a chroma has the lightness of a gray frame.

    Parameters
    ----------
    gray : uint8 or uint16 array of shape (H, W)
        Y' of the gray frame.
    cb, cr : uint8 or uint16 arrays of shape (H, W), or half of it, rounded up
        Chroma.
    weights : Weights
        Weights of luma.
    levels : Levels
        Their bits and range.

    Returns
    -------
    uint8 or uint16 array of shape (H, W)
        Y' of the color frame.
    """
    if is_gray(cb, cr, levels):
        return gray
    return _look_up(_tables(weights, levels)[1], gray, cb, cr, levels)
