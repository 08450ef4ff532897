"""The kernel distance of two sets of features, as KID defines it, and each picture's share."""

from __future__ import annotations

import numpy as np

from colortk.types import Array, Float64

#: Pictures that are used at most; of more, equally spaced ones.
MAX_PICTURES = 10_000
#: Rows of the kernel matrices that are computed at a time.
_ROWS = 1024


def kernel_distance(truth: Array, result: Array) -> tuple[float, Float64]:
    """Return the unbiased squared maximum mean discrepancy with the kernel (x·y / D + 1)³.

    All pairs of pictures count. The field's programs print the mean over random subsets of 1,000
    pictures, which has the same expected value.

    Parameters
    ----------
    truth, result : ndarray
        Features of the originals and of their results, (N, D), in the same order; N at least 2.

    Returns
    -------
    distance : float
        May be a little below 0, as it is unbiased.
    influence : ndarray
        float64 (N,), mean 0, as of :func:`colortk.harness.frechet.frechet`; NaN for pictures that
        were not used.

    References
    ----------
    M. Bińkowski et al. (2018), "Demystifying MMD GANs".
    """
    every = max(1, -(-len(truth) // MAX_PICTURES))
    used = slice(None, None, every)
    x, y = (np.asarray(features[used], np.float32) for features in (truth, result))
    count = len(x)
    within, across = np.zeros(count), np.zeros(count)
    for first in range(0, count, _ROWS):
        rows = slice(first, first + _ROWS)
        for features in (x, y):
            same = _kernel(features[rows], features)
            same[np.arange(len(same)), np.arange(first, first + len(same))] = 0
            within[rows] += same.sum(1, dtype=np.float64) / (count - 1)
        both = _kernel(x[rows], y)
        across[rows] += both.sum(1, dtype=np.float64) / count
        across += both.sum(0, dtype=np.float64) / count
    distance = float(within.mean() - across.mean())
    influence = np.full(len(truth), np.nan)
    influence[used] = 2 * (within - across - distance)
    return distance, influence


def _kernel(first: Array, second: Array) -> Array:
    values: Array = first @ second.T
    values /= first.shape[1]
    values += 1
    # float32 ** 3 by pow would be many times as slow.
    return values * values * values
