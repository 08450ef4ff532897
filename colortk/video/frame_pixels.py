"""Convert decoded frames to gray planes and to sRGB."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from colortk.video.film_properties import Film
from colortk.video.luma_tables import LIMITED, MATRIX_NUMBERS, Levels, Plane, gray_luma

#: Ranges of luma, as FFmpeg numbers them.
_LIMITED, _FULL = 1, 2


def gray_plane(frame: Any, film: Film, levels: Levels = LIMITED) -> Plane:
    """Return the gray frame with the lightness of a decoded frame.

    Parameters
    ----------
    frame : av.VideoFrame
        The frame.
    film : Film
        Properties of the film.
    levels : Levels
        Levels of the result.

    Returns
    -------
    uint8 or uint16 array of shape (H, W)
        Y', in separate memory.
    """
    name = frame.format.name
    is_gray = name.startswith("gray")
    full = frame.color_range == _FULL or name.startswith("yuvj")
    suffix = "10le" if levels.bits == 10 else ""
    if name == f"gray{suffix}" and full == levels.full and (full or frame.color_range == _LIMITED):
        return _copy(frame.planes[0], levels)
    kept = [f"yuv{sampling}p{suffix}" for sampling in ("420", "422", "444")]
    if name.replace("yuvj", "yuv") not in kept or full != levels.full:
        odd = film.width % 2 or film.height % 2
        # At full size, chroma of two fields is not mixed.
        plain = kept[2] if odd or film.interlaced else kept[0]
        number = MATRIX_NUMBERS[film.weights]
        frame = frame.reformat(
            format=plain,
            src_colorspace=None if frame.format.is_rgb else number,
            dst_colorspace=number,
            src_color_range=_FULL if full or is_gray else None,
            dst_color_range=_FULL if levels.full else _LIMITED,
        )
    luma, cb, cr = (plane(stored, levels) for stored in frame.planes)
    if levels.bits == 10:  # a damaged film may exceed 10 of the 16 bits
        luma, cb, cr = (np.minimum(values, levels.highest) for values in (luma, cb, cr))
    shared = film.interlaced and cb.shape[0] < luma.shape[0]
    gray = gray_luma(swap_fields(luma) if shared else luma, cb, cr, film.weights, levels)
    if shared:
        return swap_fields(gray)
    return gray.copy() if gray is luma and levels.bits == 8 else gray


def swap_fields(plane: Plane) -> Plane:
    """Bring lines of the same field together that share chroma, or back: lines 0, 2, 1, 3.

    In an interlaced frame with chroma of half the height, the first line of chroma belongs to the
    lines 0 and 2 of luma, and the second one to the lines 1 and 3.
    """
    swapped = plane.copy()
    end = len(plane) // 4 * 4
    swapped[1:end:4], swapped[2:end:4] = plane[2:end:4], plane[1:end:4]
    return swapped


def _copy(stored: Any, levels: Levels) -> Plane:
    copied: Plane = np.minimum(plane(stored, levels), levels.dtype(levels.highest))
    return copied


def rgb(frame: Any, film: Film) -> NDArray[np.uint8]:
    """Return a decoded frame as sRGB, without applying the rotation.

    Parameters
    ----------
    frame : av.VideoFrame
        The frame.
    film : Film
        Properties of the film.

    Returns
    -------
    uint8 array of shape (H, W, 3)
        sRGB, full range.
    """
    limited = frame.color_range == _LIMITED
    full = frame.color_range == _FULL or (frame.format.name.startswith("gray") and not limited)
    converted = frame.reformat(
        format="rgb24",
        src_colorspace=None if frame.format.is_rgb else MATRIX_NUMBERS[film.weights],
        src_color_range=_FULL if full else None,
        dst_color_range=_FULL,
    )
    pixels: NDArray[np.uint8] = converted.to_ndarray()
    return pixels


def plane(stored: Any, levels: Levels = LIMITED) -> Plane:
    """Return a plane of a frame, uint8 or uint16 (h, w), without a copy."""
    flat = np.frombuffer(memoryview(stored), levels.dtype)
    length = stored.line_size // flat.itemsize
    rows: Plane = flat[: stored.height * length].reshape(stored.height, length)
    return rows[:, : stored.width]
