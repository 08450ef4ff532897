"""Scale chroma from the working size to the size of the picture, along the edges of the picture.

This is the fast guided filter (He and Sun 2015, "Fast Guided Filter"). In each window, chroma is a
linear function of lightness: ab = slope · L* + offset. The functions are fitted at the size of the
chroma, where lightness is as blurred as chroma, and evaluated on the full-size L*. So a color edge
becomes as sharp as the lightness edge, at a cost of a few multiplications per pixel. The residual
of the fit is added to the offset: at its own size the plugin's chroma is kept, and only values in
between are filled in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from colortk._opencv import cv2
from colortk.types import Float32, Float64

#: Half the width of the window in which chroma is a function of lightness: at least so many pixels
#: of the chroma, and else this share of the short side of the chroma.
MIN_WINDOW, WINDOW = 2, 1 / 64
#: Channels that OpenCV resizes at once.
CHANNELS = 4
#: A lightness difference under this (L*) is texture, one above it is an edge.
EDGE = 4.0
#: Number of fitted rows from which on a matrix product would mostly multiply zeros.
MAX_MATRIX_ROWS = 12
#: Up to this number of pixels, the functions are enlarged in both directions at once: OpenCV takes
#: less time for that than rows alone take, and four planes fit into memory.
MAX_ENLARGED_PIXELS = 1 << 20


@dataclass(frozen=True)
class ChromaField:
    """Chroma that can be evaluated for any block of a picture.

    Attributes
    ----------
    slopes_and_offsets : float32 array of shape (4, h, W)
        Planes of slope a, slope b, offset a, offset b, with as many columns as the picture, and as
        many rows as the fitted chroma or, for a small picture, as the picture.
    height : int
        Rows of the picture.
    """

    slopes_and_offsets: Float32
    height: int

    def chroma_of_block(self, top: int, left: int, lightness: Float32) -> Float32:
        """Return the chroma of a block.

        Parameters
        ----------
        top, left : int
            Position of the block in the picture.
        lightness : float32 array of shape (n, m)
            CIE L* of the block.

        Returns
        -------
        float32 array of shape (n, m, 2)
            CIE a* and b*.
        """
        rows, columns = lightness.shape
        planes: Any = self.slopes_and_offsets[:, :, left : left + columns]
        if planes.shape[1] == self.height:
            planes = planes[:, top : top + rows]
        else:
            planes = _between(planes, self._positions(top, rows))
        # Two planes behind a view of shape (n, m, 2): work on one channel then reads memory in
        # order.
        out = np.empty((2, rows, columns), np.float32)
        for plane, slope, offset in zip(out, planes[:2], planes[2:], strict=True):
            np.multiply(slope, lightness, out=plane)
            np.add(plane, offset, out=plane)
        return np.moveaxis(out, 0, -1)

    def _positions(self, top: int, rows: int) -> Float64:
        """Return the positions of rows of the picture among the fitted rows."""
        fitted = self.slopes_and_offsets.shape[1]
        positions = (np.arange(top, top + rows) + 0.5) * fitted / self.height - 0.5
        clipped: Float64 = np.clip(positions, 0, fitted - 1)
        return clipped


def _between(planes: Float32, positions: Float64) -> list[Float32]:
    """Interpolate rows of each plane (k, h, m) at ``positions`` (n,): k arrays of shape (n, m)."""
    low = np.floor(positions).astype(np.intp)
    first = int(low[0])
    count = min(int(low[-1]) + 2, planes.shape[1]) - first
    if count < MAX_MATRIX_ROWS:  # a thin band of a large picture: one small product per plane
        tents = 1 - np.abs(positions[:, None] - first - np.arange(count)[None, :])
        weights = np.maximum(tents, 0).astype(np.float32)
        return [weights @ plane for plane in planes[:, first : first + count]]
    share = (positions - low).astype(np.float32)[:, None]
    high = np.minimum(low + 1, planes.shape[1] - 1)
    rows = []
    for plane in planes:
        lower, upper = plane[low], plane[high]
        np.subtract(upper, lower, out=upper)
        np.multiply(upper, share, out=upper)
        rows.append(np.add(lower, upper, out=lower))
    return rows


def chroma_field(
    lightness: Float32, ab: Float32, exact: bool = True, small: Float32 | None = None
) -> ChromaField:
    """Fit the chroma of a smaller copy to the lightness of a picture.

    Parameters
    ----------
    lightness : float32 array of shape (H, W)
        CIE L* of the picture.
    ab : float32 array of shape (h, w, 2)
        CIE a* and b* of the copy.
    exact : bool, optional
        Add the residual of the fit, so that chroma at its own size does not change. Otherwise
        chroma is smoothed along edges, which suits coarse or noisy chroma.
    small : float32 array of shape (h, w), optional
        ``lightness`` at the size of ``ab``, if the caller has it.

    Returns
    -------
    ChromaField
        The functions. If both sizes are equal and ``exact`` is true, they return ``ab``.

    References
    ----------
    K. He and J. Sun, "Fast Guided Filter", 2015, https://arxiv.org/abs/1505.00996.
    """
    height, width = lightness.shape
    if exact and ab.shape[:2] == (height, width):
        functions = np.concatenate([np.zeros((2, height, width), np.float32), cv2.split(ab)])
    else:
        guide = resize(lightness, (ab.shape[1], ab.shape[0])) if small is None else small
        functions = _fit(guide, ab, window_radius(min(ab.shape[:2])), exact)
    rows = height if height * width <= MAX_ENLARGED_PIXELS else functions.shape[1]
    if functions.shape[1:] == (rows, width):
        return ChromaField(functions, height)
    planes = np.empty((4, rows, width), np.float32)
    for plane, fitted in zip(planes, functions, strict=True):
        cv2.resize(
            fitted, (width, rows), plane, interpolation=_interpolation(fitted.shape, (rows, width))
        )
    return ChromaField(planes, height)


def window_radius(short: int) -> int:
    """Return half the width of the windows in a chroma whose short side has ``short`` pixels."""
    return max(MIN_WINDOW, round(WINDOW * short))


def resize(image: Float32, size: tuple[int, int]) -> Float32:
    """Scale an image: by averages when it shrinks, bilinearly when it grows.

    Parameters
    ----------
    image : float32 array of shape (H, W) or (H, W, C)
        Any image, or features of a network; uint8 and uint16 work too.
    size : tuple of int
        Width and height of the result.
    """
    if (image.shape[1], image.shape[0]) == size:
        return image
    method = _interpolation(image.shape, size)
    if image.ndim == 2 or image.shape[2] <= CHANNELS:
        out: Float32 = cv2.resize(image, size, interpolation=method)
        return out
    out = np.empty((size[1], size[0], image.shape[2]), image.dtype)
    for first in range(0, image.shape[2], CHANNELS):
        part = np.ascontiguousarray(image[..., first : first + CHANNELS])
        resized = cv2.resize(part, size, interpolation=method)
        out[..., first : first + CHANNELS] = resized.reshape(size[1], size[0], -1)
    return out


def _interpolation(before: tuple[int, ...], after: tuple[int, int]) -> int:
    shrinks = after[0] * after[1] < before[0] * before[1]
    return int(cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _fit(guide: Float32, chroma: Float32, radius: int, exact: bool) -> Float32:
    """Return linear functions of ``guide`` for each pixel that follow ``chroma``: (4, H, W).

    The planes are slope a, slope b, offset a and offset b; with ``exact``, offsets include
    residuals.
    """
    side = (2 * radius + 1, 2 * radius + 1)

    def mean(image: Float32) -> Float32:
        out: Float32 = cv2.blur(image, side, borderType=cv2.BORDER_REFLECT)
        return out

    # Plane by plane: passes over (H, W, 2) arrays take several times as long.
    center = mean(guide)
    variance = mean(guide * guide)
    variance -= center * center
    np.maximum(variance, 0, out=variance)
    variance += np.float32(EDGE**2)
    out = np.empty((4, *guide.shape), np.float32)
    for k, channel in enumerate(cv2.split(chroma)):
        average = mean(channel)
        slope = mean(channel * guide)
        slope -= average * center
        slope /= variance
        cv2.blur(slope, side, out[k], borderType=cv2.BORDER_REFLECT)
        if exact:
            np.multiply(out[k], guide, out=out[2 + k])
            np.subtract(channel, out[2 + k], out=out[2 + k])
        else:
            average -= slope * center
            cv2.blur(average, side, out[2 + k], borderType=cv2.BORDER_REFLECT)
    return out
