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
        rows = _neighbors(top, lightness.shape[0], self.shape[0], self.coarse.shape[0])
        columns = _neighbors(left, lightness.shape[1], self.shape[1], self.coarse.shape[1])
        first = int(rows[0][0][0])
        used = np.s_[first : int(rows[1][0][-1]) + 1]
        spread, coarse = self.spread[used], self.coarse[used]
        if not spread.any():
            return np.zeros((*lightness.shape, self.spread.shape[2]), np.float32)
        total = np.zeros(lightness.shape, np.float32)
        out = np.zeros((*lightness.shape, self.spread.shape[2]), np.float32)
        for column, horizontal in columns:
            # The few coarse rows are widened once; then whole rows are copied.
            wide_spread, wide_coarse = spread[:, column], coarse[:, column]
            for row, vertical in rows:
                weight = lightness - wide_coarse[row - first]
                weight *= weight
                weight *= np.float32(-1 / (2 * EDGE**2))
                np.exp(weight, out=weight)
                weight += np.float32(FLOOR)
                weight *= vertical[:, None] * horizontal[None, :]
                total += weight
                out += weight[..., None] * wide_spread[row - first]
        out /= total[..., None]
        return out


def _neighbors(start: int, count: int, full: int, coarse: int) -> list[tuple[Any, Float32]]:
    """Return indices and weights of the nearest value before and after each pixel of a line."""
    positions = (np.arange(start, start + count) + 0.5) * coarse / full - 0.5
    positions = np.clip(positions, 0, coarse - 1)
    low = np.floor(positions).astype(np.intp)
    share = (positions - low).astype(np.float32)
    high = np.minimum(low + 1, coarse - 1)
    # Neither weight is zero: lightness may speak for the farther value.
    return [(low, np.maximum(1 - share, 0.05)), (high, np.maximum(share, 0.05))]
