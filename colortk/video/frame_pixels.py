"""Convert decoded frames to gray planes and to sRGB."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from colortk.video.film_properties import Film
from colortk.video.luma_tables import Plane, gray_luma

#: Ranges of luma, as FFmpeg numbers them.
_LIMITED, _FULL = 1, 2


def gray_plane(frame: Any, film: Film) -> Plane:
    """Return the gray frame with the lightness of a decoded frame.

    Parameters
    ----------
    frame : av.VideoFrame
        The frame.
    film : Film
        Properties of the film.

    Returns
    -------
    uint8 array of shape (H, W)
        Y', limited range, in separate memory.
    """
    plain = "yuv420p" if not (film.width % 2 or film.height % 2) else "yuv444p"
    full = frame.color_range == _FULL
    name = frame.format.name
    if (
        name.startswith("gray")
        and frame.format.components[0].bits == 8
        and frame.color_range == _LIMITED
    ):
        return plane(frame.planes[0]).copy()
    if name != plain or full:
        number = film.matrix_number
        frame = frame.reformat(
            format=plain,
            src_colorspace=None if frame.format.is_rgb else number,
            dst_colorspace=number,
            src_color_range=_FULL if full or name.startswith("gray") else None,
            dst_color_range=_LIMITED,
        )
    luma, cb, cr = (plane(stored) for stored in frame.planes)
    gray = gray_luma(luma, cb, cr, film.weights)
    return gray.copy() if gray is luma else gray


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
        src_colorspace=None if frame.format.is_rgb else film.matrix_number,
        src_color_range=_FULL if full else None,
        dst_color_range=_FULL,
    )
    pixels: NDArray[np.uint8] = converted.to_ndarray()
    return pixels


def plane(stored: Any) -> Plane:
    """Return a plane of a frame, uint8 (h, w), without a copy."""
    flat = np.frombuffer(memoryview(stored), np.uint8)
    rows: Plane = flat[: stored.height * stored.line_size].reshape(stored.height, stored.line_size)
    return rows[:, : stored.width]
