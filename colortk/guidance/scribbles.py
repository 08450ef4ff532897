"""Colored strokes on a picture, as other programs write them.

Two kinds of file are read: a copy of the picture with strokes drawn over it (as the ``_marked.bmp``
of Levin 2004), and a transparent layer that holds only strokes (as the "color spots" of G'MIC). In
a copy without losses, all changed pixels are strokes: pale and gray ones, too. In other copies,
such as JPEG, only a change of chroma is told from the losses.

Soft edges of strokes are mixtures of the stroke and what is below; they are left out, so that no
color counts that nobody has drawn.

References
----------
.. [1] Levin, Lischinski, Weiss: Colorization using Optimization. SIGGRAPH 2004.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from colortk._opencv import cv2
from colortk.color.cielab import rgb_to_lab
from colortk.color.refine import ratio
from colortk.errors import UsageError
from colortk.guidance.constraints import Constraints
from colortk.types import Float32, UInt8

#: Alpha (0 to 255) from which on a pixel of a layer belongs to a stroke.
OPAQUE = 250
#: Difference of a marked pixel from the picture, in chroma (CIE76), that makes it part of a stroke.
#: JPEG noise and rounding stay below it.
MARKED = 12.0
#: Pillow's names of formats that may lose details. Around lines on flat paper, which stays equal,
#: losses look like gray strokes.
LOSSY_FORMATS = {"JPEG", "MPO", "JPEG2000", "JXL", "WEBP", "AVIF", "HEIF"}
#: Share of equal pixels from which on a copy in another format is one without losses.
LOSSLESS_SHARE = 0.5
#: Change of a value (0 to 255) in a copy without losses that makes a pixel part of a stroke.
CHANGED = 3
#: Neighbors in a stroke whose chroma differs by less than this (CIE76) are one color.
UNIFORM = 6.0


def strokes(
    marked: UInt8,
    lightness: Float32,
    alpha: UInt8 | None = None,
    original: UInt8 | None = None,
    source_format: str = "PNG",
) -> Constraints:
    """Return the pixels that strokes set.

    Parameters
    ----------
    marked : uint8 array of shape (H, W, 3)
        sRGB of the marked copy, or of the layer.
    lightness : float32 array of shape (H, W)
        CIE L*, 0 to 100, of the picture.
    alpha : uint8 array of shape (H, W), optional
        Of a layer: 0 where there is no stroke. ``None`` for a marked copy.
    original : uint8 array of shape (H, W, 3), optional
        The picture of which ``marked`` is a copy. ``None``: it is gray.
    source_format : str
        Pillow's name of the format in which the copy was stored.

    Returns
    -------
    Constraints
        The inner pixels of strokes. Gray strokes of a layer, and of a copy without losses, mean "no
        color here".

    Raises
    ------
    UsageError
        The sizes differ, or no stroke is found.
    """
    if marked.shape[:2] != lightness.shape:
        raise UsageError(
            "the strokes do not fit the picture",
            f"they are {marked.shape[1]} × {marked.shape[0]} pixels, the picture has "
            f"{lightness.shape[1]} × {lightness.shape[0]}",
            "draw them on a copy of the same size",
        )
    ab = np.ascontiguousarray(rgb_to_lab(marked)[..., 1:], np.float32)
    lossy = source_format in LOSSY_FORMATS
    stroke = _changed(marked, ab, original, lossy) if alpha is None else alpha >= OPAQUE
    inner = stroke & _uniform(ab, stroke)
    rows, columns = np.nonzero(inner)
    if not len(rows):
        raise UsageError(
            "there are no strokes",
            "no area of one color differs from the picture"
            if alpha is None
            else "the layer has no opaque area of one color",
            "draw strokes at least three pixels wide",
        )
    light = np.ascontiguousarray(lightness[rows, columns][:, None])
    possible = ratio(light, np.ascontiguousarray(ab[rows, columns][:, None]))[:, 0]
    return Constraints(rows, columns, possible, (lightness.shape[0], lightness.shape[1]))


def _changed(marked: UInt8, ab: Float32, original: UInt8 | None, lossy: bool) -> Any:
    """Return where a marked copy has strokes, bool (H, W). ``ab``: its chroma."""
    if original is None:
        return np.hypot(ab[..., 0], ab[..., 1]) > MARKED
    difference = cv2.absdiff(np.ascontiguousarray(marked), np.ascontiguousarray(original)).max(-1)
    if not lossy and (difference == 0).mean() >= LOSSLESS_SHARE:
        return difference >= CHANGED
    change = ab - rgb_to_lab(original)[..., 1:]
    return np.hypot(change[..., 0], change[..., 1]) > MARKED


def _uniform(ab: Float32, stroke: Any) -> Any:
    """Return the pixels of strokes whose eight neighbors in the stroke have their color.

    At an anti-aliased border the neighbors differ; a border of a stroke without soft edges stays.
    """
    kernel = np.ones((3, 3), np.uint8)
    span = np.zeros(ab.shape[:2], np.float32)
    for channel in (np.ascontiguousarray(ab[..., k]) for k in range(2)):
        highest = cv2.dilate(np.where(stroke, channel, np.float32(-1e6)), kernel)
        lowest = cv2.erode(np.where(stroke, channel, np.float32(1e6)), kernel)
        span = np.maximum(span, highest - lowest)
    return span < UNIFORM
