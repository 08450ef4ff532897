"""Spreading of color differences from hints along a picture's own edges.

A hint states a color where the colorizer predicted another one. The difference of the two spreads
over pixels of similar lightness, as in colorization by optimization (Levin, Lischinski and Weiss
2004), and is not carried over strong edges. With x the spread difference, d that of the hints and
w the affinity of neighbors, it minimizes ::

    sum w_ij (x_i - x_j)^2 + LEAK * sum x_i^2   subject to x = d at hints

The second term makes far pixels keep the prediction. In two dimensions the solution around one
point falls off steeply (it is singular there), so that one click would color only a speck. So two
fields are solved with the same matrix: the differences, and the share of them that arrives
("reach", 1 at hints). Their ratio is the undiminished difference. It counts where the reach is
high enough.

References
----------
.. [1] Levin, Lischinski, Weiss: Colorization using Optimization. SIGGRAPH 2004.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from colortk.types import Float32

#: A step of lightness (L*) over which a difference hardly spreads.
EDGE = 1.5
#: Affinity that is left over an edge of any height: without it the matrix is singular.
FLOOR = 1e-5
#: Weight of the term that keeps a pixel's prediction; 1 / sqrt(LEAK) is a distance in pixels.
LEAK = 1e-3
#: Reach above which a difference counts in full, and below which it does not count.
FULL, NONE = 0.3, 0.03
#: Pairs of neighbors: slices of the first and of the second pixel.
_NEIGHBORS = (
    (np.s_[:, :-1], np.s_[:, 1:]),
    (np.s_[:-1, :], np.s_[1:, :]),
    (np.s_[:-1, :-1], np.s_[1:, 1:]),
    (np.s_[:-1, 1:], np.s_[1:, :-1]),
)


class Propagation:
    """The affinities of one picture, for any hints on it.

    Parameters
    ----------
    lightness : float32 array of shape (H, W)
        CIE L*, 0 to 100, at the size at which hints are spread.
    """

    def __init__(self, lightness: Float32) -> None:
        from scipy import sparse

        self.shape = lightness.shape
        count = lightness.size
        index = np.arange(count).reshape(self.shape)
        rows, columns, weights = [], [], []
        for first, second in _NEIGHBORS:
            step = lightness[first].astype(np.float64) - lightness[second]
            affinity = np.exp(-(step**2) / (2 * EDGE**2)) + FLOOR
            a, b = index[first].ravel(), index[second].ravel()
            rows += [a, b]
            columns += [b, a]
            weights += [affinity.ravel()] * 2
        entries = np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))
        affinities = sparse.csr_matrix(entries, (count, count))
        degrees = np.asarray(affinities.sum(axis=1)).ravel()
        self._matrix = (sparse.diags(degrees + LEAK) - affinities).tocsr()

    def spreader(self, is_hint: Any) -> Spreader:
        """Return a spreader of values from some pixels.

        Parameters
        ----------
        is_hint : bool array of shape (H, W)
            The pixels whose values are set.
        """
        return Spreader(self._matrix, is_hint)


class Spreader:
    """Spreads values from certain pixels, any number of times: the matrix is factorized once."""

    def __init__(self, matrix: Any, is_hint: Any) -> None:
        self._shape = is_hint.shape
        self._known = np.flatnonzero(is_hint)
        self._free = np.flatnonzero(~np.ravel(is_hint))
        self._coupling: Any = None
        if self._known.size and self._free.size:
            from scipy.sparse.linalg import splu

            rows = matrix[self._free]
            self._coupling = rows[:, self._known]
            self._factors = splu(
                rows[:, self._free].tocsc(),
                "MMD_AT_PLUS_A",
                diag_pivot_thresh=0.0,
                options={"SymmetricMode": True},
            )
            ones = np.ones(self._known.size)
            self._reach = self._factors.solve(-(self._coupling @ ones))[:, None]
            share = np.clip((self._reach - NONE) / (FULL - NONE), 0, 1)
            self._share = share * share * (3 - 2 * share)  # no visible border where it begins

    def spread(self, values: Any) -> Float32:
        """Spread values over the picture.

        Parameters
        ----------
        values : float array of shape (N, C)
            In the order of ``numpy.flatnonzero(is_hint)``.

        Returns
        -------
        float32 array of shape (H, W, C)
            Equal to ``values`` at their pixels, and 0 where they do not reach.
        """
        out = np.zeros((self._shape[0] * self._shape[1], values.shape[1]), np.float64)
        out[self._known] = values
        if self._coupling is not None:
            solved = self._factors.solve(-(self._coupling @ np.asarray(values, np.float64)))
            out[self._free] = solved / np.maximum(self._reach, 1e-12) * self._share
        return out.reshape(*self._shape, -1).astype(np.float32)
