"""Local means, variances and covariances by scale, from which SSIM and MS-SSIM are computed.

Wang, Bovik, Sheikh, Simoncelli 2004 (equations 6 to 13); Wang, Simoncelli, Bovik 2003 (equation 7).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from colortk._opencv import cv2
from colortk.types import Array, Float32

WINDOW, SIGMA = 11, 1.5
K1, K2 = 0.01, 0.03
#: Exponents of the five scales (Wang 2003, section 3.2).
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


class Scale:
    """Planes (C, H, W) at one scale and their local statistics where the window fits.

    A side under 11 pixels shrinks the window to the largest odd size that fits.
    """

    def __init__(self, planes: Float32) -> None:
        self.planes = planes
        self.window = min(WINDOW, *(side - (side + 1) % 2 for side in planes.shape[1:]))

    def local_mean(self, planes: Float32) -> Float32:
        """Gaussian mean, (C, H - window + 1, W - window + 1), of planes like these."""
        count, height, width = planes.shape
        pad = self.window // 2
        kernel = cv2.getGaussianKernel(self.window, SIGMA, cv2.CV_32F)
        # The planes are stacked: rows near a seam mix two planes, and are removed with the border.
        tall = planes.reshape(count * height, width)
        mean = cv2.sepFilter2D(tall, cv2.CV_32F, kernel, kernel, borderType=cv2.BORDER_REFLECT)
        inner = mean.reshape(count, height, width)[:, pad : height - pad, pad : width - pad]
        return np.ascontiguousarray(inner)

    def moments(self) -> tuple[Float32, Float32]:
        """Local mean and variance."""
        mean, variance = self.local_mean(self.planes), self.local_mean(self.planes * self.planes)
        variance -= mean * mean
        return mean, variance

    @cached_property
    def kept_moments(self) -> tuple[Float32, Float32]:
        """Local mean and variance of an original that several results are compared with."""
        return self.moments()

    def smaller(self) -> Scale:
        """Half the size: means of 2 × 2 pixels; an odd last row or column is left out."""
        count, height, width = self.planes.shape
        rows, columns = height // 2, width // 2
        even = np.ascontiguousarray(self.planes[:, : rows * 2, : columns * 2])
        tall = even.reshape(count * rows * 2, columns * 2)
        small = cv2.resize(tall, (columns, count * rows), interpolation=cv2.INTER_AREA)
        return Scale(small.reshape(count, rows, columns))


class Pyramid:
    """Planes (H, W) at every scale where the window fits: at least one, at most five.

    Parameters
    ----------
    planes : sequence of ndarray
        The planes, (H, W) each.
    span : float
        Their dynamic range.
    offset : float
        Makes them positive, as the comparison of luminance needs it.
    """

    def __init__(self, planes: Sequence[Array], span: float, offset: float) -> None:
        self.span = span
        # Values around zero keep the precision of float32 in E[x²] - E[x]².
        self.offset = span / 2
        centered = np.empty((len(planes), *planes[0].shape), np.float32)
        for plane, out in zip(planes, centered, strict=True):
            np.subtract(plane, span / 2 - offset, out=out, dtype=np.float32)
        short = min(planes[0].shape)
        self.scales = sum(short >> scale >= WINDOW for scale in range(len(WEIGHTS))) or 1
        self._scales = [Scale(centered)]

    def scale(self, number: int) -> Scale:
        """Scale ``number``, from 0, which is full size."""
        while len(self._scales) <= number:
            self._scales.append(self._scales[-1].smaller())
        return self._scales[number]


class StructuralSimilarity:
    """Structural similarity of two pyramids of the same shape."""

    def __init__(self, truth: Pyramid, result: Pyramid) -> None:
        self.truth, self.result = truth, result

    @property
    def ssim(self) -> float:
        """Mean over pixels and planes of luminance, contrast and structure at full size."""
        return float(self._full_size[1].mean())

    @cached_property
    def multiscale(self) -> float:
        """MS-SSIM of every plane, then their mean.

        A picture too small for five scales has fewer, with weights that again add up to 1. A
        negative mean of contrast and structure, which has no real power, counts as 0.
        """
        last = self.truth.scales - 1
        weights = np.array(WEIGHTS[: last + 1])
        if last + 1 < len(WEIGHTS):
            weights /= weights.sum()
        compared = [self._full_size, *(self._compare(scale) for scale in range(1, last + 1))]
        terms = [contrast for contrast, _ in compared[:-1]] + [compared[-1][1]]
        powers = np.maximum(np.stack(terms), 0) ** weights[:, None]
        return float(powers.prod(0).mean())

    @cached_property
    def _full_size(self) -> tuple[Array, Array]:
        return self._compare(0)

    def _compare(self, number: int) -> tuple[Array, Array]:
        """Return two means over all pixels, each of shape (C,).

        The first is the mean of contrast × structure, the second of luminance × contrast ×
        structure. The second is empty at scales where it is not needed.
        """
        x, y = self.truth.scale(number), self.result.scale(number)
        c1, c2 = (K1 * self.truth.span) ** 2, (K2 * self.truth.span) ** 2
        (mx, vx), (my, vy) = x.kept_moments, y.moments()
        value = x.local_mean(x.planes * y.planes)
        value -= mx * my
        value *= 2
        value += c2
        vy += vx
        vy += c2
        value /= vy
        contrast = _means(value)
        if 0 < number < self.truth.scales - 1:
            return contrast, np.empty(0)
        offset = self.truth.offset
        mx, my = mx + offset, my + offset
        value *= 2 * mx * my + c1
        mx *= mx
        my *= my
        mx += my
        mx += c1
        value /= mx
        return contrast, _means(value)


def _means(planes: Float32) -> Array:
    """Mean of every plane, float64 (C,)."""
    return np.array([cv2.mean(plane)[0] for plane in planes])
