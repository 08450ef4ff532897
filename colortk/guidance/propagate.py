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

from collections.abc import Callable
from functools import lru_cache
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
#: Up to this number of hint pixels, the picture is factorized once and each pixel is solved for.
MAX_RESPONSES = 64
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
        self._matrix = (sparse.diags(degrees + LEAK) - affinities).tocsc()
        self._factors: Any = None
        self._responses: dict[int, Any] = {}

    def spreader(self, is_hint: Any) -> Spreader:
        """Return a spreader of values from some pixels.

        Parameters
        ----------
        is_hint : bool array of shape (H, W)
            The pixels whose values are set.
        """
        known = np.flatnonzero(is_hint)
        if not len(known) or len(known) == is_hint.size:
            return Spreader(self.shape, known, None)
        if len(known) > MAX_RESPONSES:
            return Spreader(self.shape, known, _eliminated(self._matrix, is_hint))
        responses = np.stack([self._response(int(pixel)) for pixel in known], 1)
        at_hints = responses[known]
        return Spreader(self.shape, known, lambda d: responses @ np.linalg.solve(at_hints, d))

    def solved(self, sources: Any, pull: Any) -> Any:
        """Return the solution for sources at all pixels.

        Parameters
        ----------
        sources : float array of shape (H * W, C)
            Right-hand sides.
        pull : float array of shape (H * W,)
            Weight of the square of each pixel's value, in place of `LEAK`.
        """
        from scipy import sparse

        return _factorized((self._matrix + sparse.diags(pull - LEAK)).tocsc()).solve(sources)

    def _response(self, pixel: int) -> Any:
        """Return the solution for a unit source at a pixel; with its multiples, hints are met.

        Another hint on the same picture costs one such solution, not another factorization.
        """
        response = self._responses.get(pixel)
        if response is None:
            if self._factors is None:
                self._factors = _factorized(self._matrix)
            if len(self._responses) >= MAX_RESPONSES:
                self._responses.clear()
            source = np.zeros(self._matrix.shape[0])
            source[pixel] = 1
            response = self._responses[pixel] = self._factors.solve(source)
        return response


class Spreader:
    """Spreads values from certain pixels, any number of times.

    Parameters
    ----------
    shape : tuple of int
        Height and width.
    known : int array of shape (N,)
        The pixels, row * width + column.
    solve : callable or None
        Takes values (N, C) and returns the solution (H * W, C); ``None`` if nothing is to be
        solved.
    """

    def __init__(
        self, shape: tuple[int, ...], known: Any, solve: Callable[[Any], Any] | None
    ) -> None:
        self._shape, self._known, self._solve = shape, known, solve
        if solve is not None:
            self._reach = solve(np.ones((len(known), 1)))
            share = np.clip((self._reach - NONE) / (FULL - NONE), 0, 1)
            self._share = share * share * (3 - 2 * share)  # no visible border where it begins

    def spread(self, values: Any) -> Float32:
        """Spread values over the picture.

        Parameters
        ----------
        values : float array of shape (N, C)
            In the order of the pixels.

        Returns
        -------
        float32 array of shape (H, W, C)
            Equal to ``values`` at their pixels, and 0 where they do not reach.
        """
        values = np.asarray(values, np.float64)
        out = np.zeros((self._shape[0] * self._shape[1], values.shape[1]))
        if self._solve is not None:
            out = self._solve(values) / np.maximum(self._reach, 1e-12) * self._share
        out[self._known] = values
        return out.reshape(*self._shape, -1).astype(np.float32)


def propagation(lightness: Float32) -> Propagation:
    """Return the affinities of a picture, which are kept for the next hints on it.

    Parameters
    ----------
    lightness : float32 array of shape (H, W)
        CIE L*, 0 to 100, at the size at which hints are spread.
    """
    return _kept(lightness.tobytes(), lightness.shape[1])


@lru_cache(maxsize=4)
def _kept(content: bytes, width: int) -> Propagation:
    return Propagation(np.frombuffer(content, np.float32).reshape(-1, width))


def _eliminated(matrix: Any, is_hint: Any) -> Callable[[Any], Any]:
    """Return a function that solves for the other pixels when many are known."""
    known, free = np.flatnonzero(is_hint), np.flatnonzero(~np.ravel(is_hint))
    rows = matrix.tocsr()[free]
    coupling, factors = rows[:, known], _factorized(rows[:, free].tocsc())

    def solve(values: Any) -> Any:
        out = np.empty((matrix.shape[0], values.shape[1]))
        out[known] = values
        out[free] = factors.solve(-(coupling @ values))
        return out

    return solve


def _factorized(matrix: Any) -> Any:
    """Return the factors of a symmetric, positive definite sparse matrix."""
    from scipy.sparse.linalg import splu

    options = {"SymmetricMode": True}
    return splu(matrix, "MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
