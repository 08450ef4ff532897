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
from typing import Any

import numpy as np

from colortk._opencv import cv2
from colortk.types import Float32, Float64

#: Half the window in which chroma is a function of lightness, in pixels of the chroma, and the
#: share of the short side that it is when chroma has many pixels.
LEAST_WINDOW, WINDOW = 2, 1 / 64
#: A lightness difference under this (L*) is texture, one above it is an edge.
EDGE = 4.0
#: Fitted rows of a block from which on a matrix product would mostly multiply zeros.
FEW_ROWS = 12
#: Pixels of a picture up to which its functions are enlarged at once: OpenCV does both directions in
#: less time than is needed for rows alone, and four planes of it are no burden.
AT_ONCE = 1 << 20


@dataclass(frozen=True)
class ChromaField:
    """Chroma that can be evaluated for any block of a picture.

    ``functions``: float32 (4, h, W), planes of slope a, slope b, offset a, offset b: as many
    columns as the picture, and as many rows as the chroma that was fitted or, of a small picture, as
    it has itself. ``height``: rows of the picture.
    """

    functions: Float32
    height: int

    def block(self, top: int, left: int, lightness: Float32) -> Float32:
        """Chroma, float32 (n, m, 2), of the block at ``top``, ``left``; its L* is (n, m)."""
        rows, columns = lightness.shape
        planes: Any = self.functions[:, :, left : left + columns]
        if planes.shape[1] == self.height:
            planes = planes[:, top : top + rows]
        else:
            planes = _between(planes, self._places(top, rows))
        # Two whole planes behind an (n, m, 2) view: what works on one of them works on it in order.
        out = np.empty((2, rows, columns), np.float32)
        for plane, slope, offset in zip(out, planes[:2], planes[2:], strict=True):
            np.multiply(slope, lightness, out=plane)
            np.add(plane, offset, out=plane)
        return np.moveaxis(out, 0, -1)

    def _places(self, top: int, rows: int) -> Float64:
        """Where some rows of the picture lie among the fitted rows."""
        fitted = self.functions.shape[1]
        places = (np.arange(top, top + rows) + 0.5) * fitted / self.height - 0.5
        clipped: Float64 = np.clip(places, 0, fitted - 1)
        return clipped


def _between(planes: Float32, places: Float64) -> list[Float32]:
    """Rows of every plane (k, h, m) at ``places`` (n,), bilinear: k times (n, m)."""
    low = np.floor(places).astype(np.intp)
    first = int(low[0])
    count = min(int(low[-1]) + 2, planes.shape[1]) - first
    if count < FEW_ROWS:  # a thin band of a large picture: one small matrix product a plane
        tents = 1 - np.abs(places[:, None] - first - np.arange(count)[None, :])
        weights = np.maximum(tents, 0).astype(np.float32)
        return [weights @ plane for plane in planes[:, first : first + count]]
    share = (places - low).astype(np.float32)[:, None]
    high = np.minimum(low + 1, planes.shape[1] - 1)
    found = []
    for plane in planes:
        lower, upper = plane[low], plane[high]
        np.subtract(upper, lower, out=upper)
        np.multiply(upper, share, out=upper)
        found.append(np.add(lower, upper, out=lower))
    return found


def chroma_field(
    lightness: Float32, ab: Float32, exact: bool = True, seen: Float32 | None = None
) -> ChromaField:
    """Fit chroma ``ab`` (h, w, 2) of a smaller copy to the full ``lightness`` (H, W).

    ``exact``: keep what the fit leaves over, so that chroma at its own size is unchanged;
    without it chroma is smoothed along edges too, which suits a coarse or noisy ``ab``.
    At equal size chroma passes unchanged. ``seen``: ``lightness`` at the size of ``ab``, if it has
    been computed.
    """
    height, width = lightness.shape
    if exact and ab.shape[:2] == (height, width):
        functions = np.concatenate([np.zeros((2, height, width), np.float32), cv2.split(ab)])
    else:
        guide = resize(lightness, (ab.shape[1], ab.shape[0])) if seen is None else seen
        radius = max(LEAST_WINDOW, round(WINDOW * min(ab.shape[:2])))
        functions = _fit(guide, ab, radius, exact)
    rows = height if height * width <= AT_ONCE else functions.shape[1]
    if functions.shape[1:] == (rows, width):
        return ChromaField(functions, height)
    planes = np.empty((4, rows, width), np.float32)
    for plane, fitted in zip(planes, functions, strict=True):
        cv2.resize(fitted, (width, rows), plane, interpolation=_way(fitted.shape, (rows, width)))
    return ChromaField(planes, height)


def resize(image: Float32, size: tuple[int, int]) -> Float32:
    """``image`` at ``size`` (width, height): averaged when it shrinks, bilinear when it grows."""
    if (image.shape[1], image.shape[0]) == size:
        return image
    out: Float32 = cv2.resize(image, size, interpolation=_way(image.shape, size))
    return out


def _way(before: tuple[int, ...], after: tuple[int, int]) -> int:
    shrinks = after[0] * after[1] < before[0] * before[1]
    return int(cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _fit(guide: Float32, chroma: Float32, radius: int, exact: bool) -> Float32:
    """Per-pixel linear functions of ``guide`` that follow ``chroma``: planes (4, H, W).

    Slope a, slope b, offset a, offset b; with ``exact`` what they leave over is in the offsets.
    """
    side = (2 * radius + 1, 2 * radius + 1)

    def mean(image: Float32) -> Float32:
        out: Float32 = cv2.blur(image, side, borderType=cv2.BORDER_REFLECT)
        return out

    # Plane by plane: passes over (H, W, 2) arrays take several times as long.
    centre = mean(guide)
    variance = mean(guide * guide)
    variance -= centre * centre
    np.maximum(variance, 0, out=variance)
    variance += np.float32(EDGE**2)
    out = np.empty((4, *guide.shape), np.float32)
    for k, channel in enumerate(cv2.split(chroma)):
        average = mean(channel)
        slope = mean(channel * guide)
        slope -= average * centre
        slope /= variance
        cv2.blur(slope, side, out[k], borderType=cv2.BORDER_REFLECT)
        if exact:
            np.multiply(out[k], guide, out=out[2 + k])
            np.subtract(channel, out[2 + k], out=out[2 + k])
        else:
            average -= slope * centre
            cv2.blur(average, side, out[2 + k], borderType=cv2.BORDER_REFLECT)
    return out
