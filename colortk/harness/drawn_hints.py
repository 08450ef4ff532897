"""Hints drawn from an original, as a simulated user gives them.

The color of a hint is the mean over a square of pixels around its point, as Zhang et al. (2017)
reveal it. Hints are nested: the first 10 of 100 are those of 10.

References
----------
.. [1] Zhang, Zhu, Isola, Geng, Lin, Yu, Efros: Real-Time User-Guided Image Colorization with
   Learned Deep Priors. SIGGRAPH 2017.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from colortk._opencv import cv2
from colortk.color.refine import ratio
from colortk.color.upsample import resize
from colortk.guidance.constraints import Constraints
from colortk.guidance.guide import ChromaSource, Guide
from colortk.types import Float32

Order = Literal["uniform", "error"]
ORDERS: tuple[Order, ...] = ("uniform", "error")
#: Side of the square, in pixels, whose mean color a hint has.
PATCH = 7
#: Radius, as a share of the mean distance of hints, within which "error" places no second hint.
SPACING = 0.5


@dataclass(frozen=True)
class DrawnGuide:
    """A guide whose hints come from the original.

    Parameters
    ----------
    truth_ab : float32 array of shape (H, W, 2)
        CIE a* and b* of the original.
    count : int
        Number of hints.
    order : {"uniform", "error"}
        Points at random, or where the unguided prediction is most wrong.
    seed : int
        Seed of the random points.
    """

    truth_ab: Float32
    count: int
    order: Order
    seed: int

    def chroma(self, ab: Float32, small: Float32, lightness: Float32) -> ChromaSource:
        """Return the guided chroma; see :meth:`colortk.guidance.guide.Guide.chroma`."""
        return self.resolved(lightness, lambda: ab).chroma(ab, small, lightness)

    def resolved(self, lightness: Float32, predict: Callable[[], Float32]) -> Guide:
        """Return the guide with the drawn hints.

        Parameters
        ----------
        lightness : float32 array of shape (H, W)
            CIE L* of the picture.
        predict : callable
            Returns the unguided prediction, float32 (h, w, 2). It is called for "error" alone.
        """
        if self.order == "uniform":
            pixels = uniform_points(lightness.shape, self.count, self.seed)
        else:
            enlarged = resize(predict(), (lightness.shape[1], lightness.shape[0]))
            error = np.linalg.norm(self.truth_ab - enlarged, axis=-1)
            pixels = largest_errors(error.astype(np.float32), self.count)
        rows, columns = np.divmod(np.sort(pixels), lightness.shape[1])
        mean = cv2.blur(self.truth_ab, (PATCH, PATCH))
        wanted = np.ascontiguousarray(mean[rows, columns][:, None])
        possible = ratio(np.ascontiguousarray(lightness[rows, columns][:, None]), wanted)[:, 0]
        shape = lightness.shape[0], lightness.shape[1]
        return Guide(Constraints(rows, columns, possible, shape))


def uniform_points(shape: tuple[int, ...], count: int, seed: int) -> Any:
    """Return ``count`` different pixels, row * width + column, in random order."""
    return np.random.default_rng(seed).permutation(shape[0] * shape[1])[:count]


def largest_errors(error: Float32, count: int) -> Any:
    """Return the pixels, row * width + column, at which a smoothed error is largest.

    A simulated user corrects the worst place first. No two points are close to each other, so that
    not all of them fall on one object.

    Parameters
    ----------
    error : float32 array of shape (H, W)
        Error of the unguided prediction.
    count : int
        Number of points; fewer are returned if no more keep their distance.
    """
    height, width = error.shape
    smoothed = cv2.blur(error, (PATCH, PATCH))
    radius = max(1, round(SPACING * np.sqrt(height * width / max(1, count))))
    free = np.ones(error.shape, bool)
    points: list[int] = []
    for index in np.argsort(smoothed, axis=None, kind="stable")[::-1]:
        row, column = divmod(int(index), width)
        if free[row, column]:
            points.append(int(index))
            if len(points) == count:
                break
            top, left = max(0, row - radius), max(0, column - radius)
            free[top : row + radius + 1, left : column + radius + 1] = False
    return np.array(points, np.intp)
