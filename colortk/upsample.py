"""Chroma of the working size to chroma of the picture, along the picture's own edges.

The fast guided filter (He, Sun 2015, "Fast Guided Filter"): in every window chroma is a
linear function of lightness, ab = slope · L* + offset. The functions are fitted at the size of
the chroma, where lightness is as blurred as chroma is, and evaluated on the full-size L*: a
colour edge becomes as sharp as the lightness edge, at any size, and 24 megapixels cost a few
multiplications each. What the functions leave over at the chroma's size is added to the
offset, so that the plugin's chroma is kept there and only what lies between is filled in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from colortk._cv import cv2
from colortk.color import Float32

#: Half the window in which chroma is a function of lightness, in pixels of the chroma, and the
#: share of the short side that it is when chroma has many pixels.
LEAST_WINDOW, WINDOW = 2, 1 / 64
#: A lightness difference under this (L*) is texture, one above it is an edge.
EDGE = 4.0


@dataclass(frozen=True)
class ChromaField:
    """Chroma that can be evaluated for any band of rows of a picture.

    ``functions``: float32 (h, w, 4), slope a, slope b, offset a, offset b.
    ``shape``: (H, W) of the full picture.
    """

    functions: Float32
    shape: tuple[int, int]

    def block(self, top: int, left: int, lightness: Float32) -> Float32:
        """Chroma, float32 (n, m, 2), of the block at ``top``, ``left``; its L* is (n, m)."""
        height, width = self.functions.shape[:2]
        if (height, width) == self.shape:
            bottom, right = top + lightness.shape[0], left + lightness.shape[1]
            part = self.functions[top:bottom, left:right]
        else:
            sy, sx = height / self.shape[0], width / self.shape[1]
            move = np.array([[sx, 0, (left + 0.5) * sx - 0.5], [0, sy, (top + 0.5) * sy - 0.5]])
            part = cv2.warpAffine(
                self.functions,
                move,
                lightness.shape[::-1],
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )
        ab: Float32 = part[..., :2] * lightness[..., None]
        ab += part[..., 2:]
        return ab


def chroma_field(lightness: Float32, ab: Float32, exact: bool = True) -> ChromaField:
    """Fit chroma ``ab`` (h, w, 2) of a smaller copy to the full ``lightness`` (H, W).

    ``exact``: keep what the fit leaves over, so that chroma at its own size is unchanged;
    without it chroma is smoothed along edges too, which suits a coarse or noisy ``ab``.
    At equal size chroma passes unchanged.
    """
    shape = lightness.shape[0], lightness.shape[1]
    if exact and ab.shape[:2] == shape:
        return ChromaField(np.concatenate([np.zeros_like(ab), ab], -1), shape)
    guide = resize(lightness, (ab.shape[1], ab.shape[0]))
    radius = max(LEAST_WINDOW, round(WINDOW * min(ab.shape[:2])))
    functions = _fit(guide, ab, radius)
    if exact:
        functions[..., 2:] += ab - (functions[..., :2] * guide[..., None] + functions[..., 2:])
    return ChromaField(functions, shape)


def resize(image: Float32, size: tuple[int, int]) -> Float32:
    """``image`` at ``size`` (width, height): averaged when it shrinks, bilinear when it grows."""
    if (image.shape[1], image.shape[0]) == size:
        return image
    shrinks = size[0] * size[1] < image.shape[0] * image.shape[1]
    out: Float32 = cv2.resize(
        image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    return out


def _fit(guide: Float32, chroma: Float32, radius: int) -> Float32:
    """Per-pixel linear functions of ``guide`` that follow ``chroma``, (H, W, 4)."""

    def mean(image: Float32) -> Float32:
        side = 2 * radius + 1
        out: Float32 = cv2.blur(image, (side, side), borderType=cv2.BORDER_REFLECT)
        return out

    centre = mean(guide)
    variance = np.maximum(mean(guide * guide) - centre * centre, 0)
    average = mean(chroma)
    covariance = mean(chroma * guide[..., None]) - average * centre[..., None]
    slope = covariance / (variance + np.float32(EDGE**2))[..., None]
    offset = average - slope * centre[..., None]
    return mean(np.concatenate([slope, offset], -1))
