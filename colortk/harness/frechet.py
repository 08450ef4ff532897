"""The Fréchet distance of two sets of features, as FID defines it, and each picture's share in it.

Both sets are described by mean and covariance: d² = |m₁ - m₂|² + tr(S₁ + S₂ - 2 (S₁ S₂)^½), with
covariances divided by N - 1. The trace of the root is computed as the sum of the singular values
of A Bᵀ, where Aᵀ A = S₁ and Bᵀ B = S₂. So it is real and needs no constant on the diagonal, also
if there are fewer pictures than features.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from colortk.types import Array, Float64

#: Rows that are converted to float64 at a time.
_ROWS = 4096
#: Eigenvalues of a covariance below this share of the largest one count as zero.
_RANK_TOLERANCE = 1e-12


def frechet(truth: Array, result: Array) -> tuple[float, Float64]:
    """Return the Fréchet distance, and the influence of each picture on it.

    Parameters
    ----------
    truth, result : ndarray
        Features of the originals and of their results, (N, D), in the same order; N at least 2.

    Returns
    -------
    distance : float
        The squared distance d², which FID is.
    influence : ndarray
        float64 (N,), mean 0: N times the change of the distance if a picture counted a little more.
        Its spread gives the standard error of the distance (infinitesimal jackknife).

    References
    ----------
    D. Dowson and B. Landau (1982), "The Fréchet distance between multivariate normal
    distributions"; M. Heusel et al. (2017), "GANs Trained by a Two Time-Scale Update Rule Converge
    to a Local Nash Equilibrium"; B. Efron (1982), "The Jackknife, the Bootstrap and Other
    Resampling Plans", for the influence.
    """
    count = len(truth)
    means = [_mean(features) for features in (truth, result)]
    shift = means[0] - means[1]
    if count <= truth.shape[1]:
        root_trace, shares = _root_of_few(truth - means[0], result - means[1])
    else:
        root_trace, shares = _root_of_many(truth, result, means)
    traces, linear = 0.0, np.empty(count)
    for first, (x, y) in _paired_parts(truth, result, means):
        squares = (x * x).sum(1) + (y * y).sum(1)
        traces += float(squares.sum()) / (count - 1)
        part = slice(first, first + len(x))
        linear[part] = 2 * (x - y) @ shift + squares * (count / (count - 1)) - count * shares[part]
    distance = float(shift @ shift) + traces - 2 * root_trace
    return distance, linear - (traces - 2 * root_trace)


def _mean(features: Array) -> Float64:
    mean: Float64 = features.mean(0, dtype=np.float64)
    return mean


def _paired_parts(
    truth: Array, result: Array, means: list[Float64]
) -> Iterator[tuple[int, tuple[Float64, Float64]]]:
    for first in range(0, len(truth), _ROWS):
        part = slice(first, first + _ROWS)
        yield first, (truth[part] - means[0], result[part] - means[1])


def _root_of_few(truth: Float64, result: Float64) -> tuple[float, Float64]:
    """Return the trace of the root, and the pictures' shares in twice the trace, (N,)."""
    product = truth @ result.T / (len(truth) - 1)
    left, values, right = np.linalg.svd(product)
    return float(values.sum()), (left**2 @ values) + (values @ right**2)


def _root_of_many(truth: Array, result: Array, means: list[Float64]) -> tuple[float, Float64]:
    """Return the same as :func:`_root_of_few`, by matrices of the size of the covariances."""
    count, width = truth.shape
    covariances = np.zeros((2, width, width))
    for _, parts in _paired_parts(truth, result, means):
        for covariance, part in zip(covariances, parts, strict=True):
            covariance += part.T @ part
    bases, roots = [], []
    for covariance in covariances:
        values, vectors = np.linalg.eigh(covariance / (count - 1))
        kept = values > _RANK_TOLERANCE * max(values[-1], 0)
        bases.append(vectors[:, kept])
        roots.append(np.sqrt(values[kept]))
    core = (roots[0][:, None] * bases[0].T) @ (bases[1] * roots[1])
    left, values, right = np.linalg.svd(core, full_matrices=False)
    # Rows of A = Q_A R_A times these matrices are rows of the singular vectors of A Bᵀ.
    to_left = bases[0] / roots[0] @ left
    to_right = bases[1] / roots[1] @ right.T
    shares = np.empty(count)
    for first, (x, y) in _paired_parts(truth, result, means):
        total = (x @ to_left) ** 2 @ values + (y @ to_right) ** 2 @ values
        shares[first : first + len(x)] = total / (count - 1)
    return float(values.sum()), shares
