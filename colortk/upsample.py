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
    """Chroma that can be evaluated for any block of a picture.

    ``functions``: float32 (4, h, W), planes of slope a, slope b, offset a, offset b: as many
    rows as the chroma that was fitted, as many columns as the picture. ``height``: rows of the
    picture.
    """

    functions: Float32
    height: int

    def block(self, top: int, left: int, lightness: Float32) -> Float32:
        """Chroma, float32 (n, m, 2), of the block at ``top``, ``left``; its L* is (n, m)."""
        rows, columns = lightness.shape
        weights, first = self._weights(top, rows)
        source = self.functions[:, first : first + weights.shape[1], left : left + columns]
        slope_a, slope_b, a, b = (weights @ plane for plane in source)
        for plane, slope in ((a, slope_a), (b, slope_b)):
            np.multiply(slope, lightness, out=slope)
            np.add(plane, slope, out=plane)
        # Two whole planes behind an (n, m, 2) view: what works on one of them works on it in order.
        return np.moveaxis(np.stack([a, b]), 0, -1)

    def _weights(self, top: int, rows: int) -> tuple[Float32, int]:
        """Bilinear weights (rows, k) of the ``k`` fitted rows that some rows lie between."""
        fitted = self.functions.shape[1]
        at = (np.arange(top, top + rows) + 0.5) * fitted / self.height - 0.5
        at = np.clip(at, 0, fitted - 1)
        low = np.floor(at).astype(int)
        first = int(low[0])
        count = min(int(low[-1]) + 2, fitted) - first
        tents = 1 - np.abs(at[:, None] - first - np.arange(count)[None, :])
        return np.maximum(tents, 0).astype(np.float32), first


def chroma_field(lightness: Float32, ab: Float32, exact: bool = True) -> ChromaField:
    """Fit chroma ``ab`` (h, w, 2) of a smaller copy to the full ``lightness`` (H, W).

    ``exact``: keep what the fit leaves over, so that chroma at its own size is unchanged;
    without it chroma is smoothed along edges too, which suits a coarse or noisy ``ab``.
    At equal size chroma passes unchanged.
    """
    height, width = lightness.shape
    if exact and ab.shape[:2] == (height, width):
        functions = np.concatenate([np.zeros_like(ab), ab], -1)
    else:
        guide = resize(lightness, (ab.shape[1], ab.shape[0]))
        radius = max(LEAST_WINDOW, round(WINDOW * min(ab.shape[:2])))
        functions = _fit(guide, ab, radius)
        if exact:
            functions[..., 2:] += ab - (functions[..., :2] * guide[..., None] + functions[..., 2:])
    planes = [
        resize(np.ascontiguousarray(functions[..., k]), (width, len(functions))) for k in range(4)
    ]
    return ChromaField(np.stack(planes), height)


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
