"""Enlarge spread values from the size at which it was spread to the size of the picture.

Each pixel gets a mean of the four nearest values, weighted by their distance and by the difference
of lightness (joint bilateral up-sampling, Kopf et al. 2007). The guided filter that enlarges
predictions is not used here: at a step edge, a cell that lies on both sides has a spread value of
one side only, and the filter would carry its error to the pixels around it.

References
----------
.. [1] Kopf, Cohen, Lischinski, Uyttendaele: Joint Bilateral Upsampling. SIGGRAPH 2007.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from colortk.types import Float32

#: A difference of lightness (L*) beyond which a value counts little.
EDGE = 3.0
#: Weight of a value of any lightness: without it a pixel unlike all four values would have none.
FLOOR = 1e-4


@dataclass(frozen=True)
class SpreadField:
    """Spread values that can be evaluated for any block of a picture.

    Parameters
    ----------
    spread : float32 array of shape (h, w, C)
        The values at the size at which they were spread.
    coarse : float32 array of shape (h, w)
        CIE L* at that size.
    shape : tuple of int
        Height and width of the picture.
    """

    spread: Float32
    coarse: Float32
    shape: tuple[int, int]

    def values_of_block(self, top: int, left: int, lightness: Float32) -> Float32:
        """Return the values, float32 (n, m, C), of the block at ``top``, ``left``.

        Parameters
        ----------
        top, left : int
            Position of the block in the picture.
        lightness : float32 array of shape (n, m)
            CIE L* of the block.
        """
        count = self.spread.shape[2]
        rows = _neighbors(np.arange(top, top + lightness.shape[0]), self.shape[0], self.coarse, 0)
        columns = _neighbors(
            np.arange(left, left + lightness.shape[1]), self.shape[1], self.coarse, 1
        )
        first = int(rows[0][0][0])
        used = np.s_[first : int(rows[1][0][-1]) + 1]
        spread, coarse = self.spread[used], self.coarse[used]
        # Planes behind a view of shape (n, m, C): work on one of them then reads memory in order.
        out = np.zeros((count, *lightness.shape), np.float32)
        if not spread.any():
            return np.moveaxis(out, 0, -1)
        planes = np.ascontiguousarray(np.moveaxis(spread, -1, 0))
        total = np.zeros(lightness.shape, np.float32)
        for column, horizontal in columns:
            # The few coarse rows are widened once; then whole rows are copied.
            wide_planes, wide_coarse = planes[:, :, column], coarse[:, column]
            for row, vertical in rows:
                weight = _weight(lightness - wide_coarse[row - first])
                weight *= vertical[:, None]
                weight *= horizontal
                total += weight
                for plane, values in zip(out, wide_planes, strict=True):
                    plane += weight * values[row - first]
        out /= total
        return np.moveaxis(out, 0, -1)

    def values_at(self, rows: Any, columns: Any, lightness: Float32) -> Float32:
        """Return the values, float32 (N, C), at some pixels.

        Parameters
        ----------
        rows, columns : int array of shape (N,)
            The pixels.
        lightness : float32 array of shape (N,)
            CIE L* there.
        """
        out = np.zeros((len(lightness), self.spread.shape[2]), np.float32)
        total = np.zeros(len(lightness), np.float32)
        for row, vertical in _neighbors(rows, self.shape[0], self.coarse, 0):
            for column, horizontal in _neighbors(columns, self.shape[1], self.coarse, 1):
                weight = _weight(lightness - self.coarse[row, column]) * vertical * horizontal
                total += weight
                out += weight[:, None] * self.spread[row, column]
        return out / total[:, None]


def _weight(difference: Float32) -> Float32:
    """Replace differences of lightness by the weights of the values that they belong to."""
    difference *= difference
    difference *= np.float32(-1 / (2 * EDGE**2))
    np.exp(difference, out=difference)
    difference += np.float32(FLOOR)
    return difference


def _neighbors(pixels: Any, full: int, coarse: Float32, axis: int) -> list[tuple[Any, Float32]]:
    """Return indices and weights of the nearest value before and after pixels of an axis."""
    count = coarse.shape[axis]
    positions = np.clip((pixels + 0.5) * count / full - 0.5, 0, count - 1)
    low = np.floor(positions).astype(np.intp)
    share = (positions - low).astype(np.float32)
    high = np.minimum(low + 1, count - 1)
    # Neither weight is zero: lightness may speak for the farther value.
    return [(low, np.maximum(1 - share, 0.05)), (high, np.maximum(share, 0.05))]
