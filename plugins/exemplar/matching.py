"""Match the cells of a picture with those of a reference, and say how certain each match is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from colortk.plugin import Float32

#: Weight of the features at 1/16, 1/8 and 1/4 of the size.
LEVEL_WEIGHTS = (1.0, 1.0, 0.5)
#: Distance of descriptions (0 is equal, √2 unrelated) up to which a match is certain, and from
#: which on it does not count.
NEAR, FAR = 0.85, 1.02
#: Cells by which the way to the reference and back may miss its start: certain, and too many.
BACK_NEAR, BACK_FAR = 1.0, 2.9
#: Share of the picture that must match: below the first, pictures are unrelated, and what matches
#: does so by chance; from the second on, all matches count.
UNRELATED, RELATED = 0.10, 0.25


class Match(NamedTuple):
    """The match of a picture with a reference.

    Attributes
    ----------
    cells : int array of shape (rows, columns)
        For each cell of the picture, the number of the reference's cell: row * columns + column.
    certainty : float32 array of shape (rows, columns)
        0 to 1.
    share : float
        Mean certainty before unrelated pictures were excluded.
    """

    cells: Any
    certainty: Float32
    share: float


def match(picture: Sequence[Float32], reference: Sequence[Float32]) -> Match:
    """Match each cell of a picture with the most similar cell of a reference.

    Parameters
    ----------
    picture, reference : sequence of ndarray
        Descriptions of their cells, one array a level, float32 (rows, columns, features); see
        :func:`.features.describe`.

    Returns
    -------
    Match
        A match is certain if the descriptions are similar and the most similar cell of the picture
        to the cell found is the first cell or its neighbor (cyclic check). Without any match
        beside it, a certain match counts less.
    """
    from sklearn.neighbors import NearestNeighbors

    rows, columns = picture[0].shape[:2]
    of_picture, of_reference = _comparable(picture, reference)
    searches = [
        NearestNeighbors(n_neighbors=1, metric="cosine", algorithm="brute").fit(cells)
        for cells in (of_reference, of_picture)
    ]
    cosine, cells = (found[:, 0] for found in searches[0].kneighbors(of_picture))
    back = searches[1].kneighbors(of_reference, return_distance=False)[:, 0][cells]
    start = np.arange(rows * columns)
    miss = np.hypot(start // columns - back // columns, start % columns - back % columns)
    certainty = _fade(np.sqrt(2 * cosine), NEAR, FAR) * _fade(miss, BACK_NEAR, BACK_FAR)
    certainty = certainty.reshape(rows, columns)
    certainty *= np.minimum(2 * _mean_of_neighbors(certainty), 1)
    share = float(certainty.mean())
    certainty *= 1 - _fade(share, UNRELATED, RELATED)
    return Match(cells.reshape(rows, columns), certainty.astype(np.float32), share)


def _comparable(
    picture: Sequence[Float32], reference: Sequence[Float32]
) -> tuple[Float32, Float32]:
    """Return both descriptions, float32 (cells, features).

    Features have the mean 0 and the deviation 1 over both pictures, and each level the same length
    in every cell. Otherwise a few features of large values would decide.
    """
    levels = []
    for weight, *both in zip(LEVEL_WEIGHTS, picture, reference, strict=True):
        features = np.concatenate([level.reshape(-1, level.shape[-1]) for level in both])
        features = (features - features.mean(0)) / (features.std(0) + 1e-6)
        levels.append(weight * features / (np.linalg.norm(features, axis=1, keepdims=True) + 1e-6))
    joined = np.hstack(levels)
    first = picture[0].shape[0] * picture[0].shape[1]
    return joined[:first], joined[first:]


def _fade(values: Any, full: float, none: float) -> Any:
    """Return 1 up to ``full``, 0 from ``none`` on, and a smooth step between them."""
    share = np.clip((none - values) / (none - full), 0, 1)
    return share * share * (3 - 2 * share)


def _mean_of_neighbors(values: Any) -> Any:
    """Return the mean of each 3 × 3 cells, (rows, columns)."""
    padded = np.pad(values, 1, mode="edge")
    rows, columns = values.shape
    shifts = [(y, x) for y in range(3) for x in range(3)]
    return sum(padded[y : y + rows, x : x + columns] for y, x in shifts) / len(shifts)
