"""Training samples, read from the store because they do not fit in memory.

A few hundred records are read at a time, and their points are shuffled together into batches, while
a thread reads the next records.

The inputs for training are standardized, and fewer than those for serving: the context of a picture
(512 values) is reduced to its 16 principal components, because with more of them a network
recognizes training pictures instead of scenes (measured: see the model card). The reduction is
linear and becomes part of the first layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from colortk.plugin import Array, Arrays, Float32, PickleStore
from colortk.training.request import chunks

from .features import POINT_WIDTH, SIFT_WIDTH, WIDTH
from .views import KIND

GROUP = 256
COMPONENTS = 16
#: Divisor of a* and b* for training, so that errors are about 1.
TARGET_SCALE = 20.0
#: Share of the inputs that are set to their mean, and deviation of the noise on the context.
DROPPED, CONTEXT_NOISE = 0.2, 0.5
Batch = tuple[Float32, Float32]
_HEAD = WIDTH - SIFT_WIDTH
#: Added to deviations, so that nearly constant inputs are not amplified.
_MIN_SCALE, _MIN_DEVIATION = 1e-3, 1e-6


@dataclass(frozen=True)
class Standardization:
    """How 1090 inputs become the 594 for training: ``(x - mean) @ matrix``.

    Parameters
    ----------
    mean : ndarray
        float32 (1090,).
    scale : ndarray
        Deviations of the first inputs, float32 (578,).
    components : ndarray
        Whitened principal components of the context, float32 (512, 16).
    target : ndarray
        Mean a* and b*, float32 (2,).
    """

    mean: Float32
    scale: Float32
    components: Float32
    target: Float32

    def inputs(self, points: Points, chosen: Array) -> Float32:
        """Return standardized inputs.

        Parameters
        ----------
        points : Points
            Points of records.
        chosen : ndarray
            Numbers of the points, int (N,).

        Returns
        -------
        ndarray
            float32 (N, 594).
        """
        out = np.empty((len(chosen), _HEAD + COMPONENTS), np.float32)
        out[:, :SIFT_WIDTH] = points.sift[chosen]
        out[:, SIFT_WIDTH : POINT_WIDTH - 2] = points.luminance[chosen]
        out[:, POINT_WIDTH - 2 : POINT_WIDTH] = points.position[chosen]
        out[:, POINT_WIDTH:_HEAD] = points.picture_features[points.picture[chosen]]
        out[:, :_HEAD] -= self.mean[:_HEAD]
        out[:, :_HEAD] /= self.scale
        context = (points.context - self.mean[_HEAD:]) @ self.components
        out[:, _HEAD:] = context[points.picture[chosen]]
        return out

    def targets(self, chroma: Float32) -> Float32:
        """Return standardized a* and b*, float32 (N, 2)."""
        return (chroma - self.target) / np.float32(TARGET_SCALE)

    def matrix(self) -> Float32:
        """Return the linear reduction as a matrix, float32 (1090, 594)."""
        out = np.zeros((WIDTH, _HEAD + COMPONENTS), np.float32)
        out[range(_HEAD), range(_HEAD)] = 1 / self.scale
        out[_HEAD:, _HEAD:] = self.components
        return out


@dataclass(frozen=True)
class Points:
    """All points of some records, in the types of the store.

    Parameters
    ----------
    sift : ndarray
        uint8 (N, 512).
    luminance : ndarray
        float16 (N, 32).
    position : ndarray
        Row and column, float16 (N, 2).
    chroma : ndarray
        a* and b*, float32 (N, 2).
    picture : ndarray
        Row of ``picture_features`` and ``context``, int (N,).
    picture_features : ndarray
        float16 (M, 32).
    context : ndarray
        float32 (M, 512).
    """

    sift: Array
    luminance: Array
    position: Array
    chroma: Float32
    picture: Array
    picture_features: Array
    context: Float32


def collect_points(records: list[Arrays]) -> Points:
    """Return all points of some records."""

    def flat(name: str, keep: int) -> Array:
        stacked = np.stack([record[name] for record in records])
        return stacked.reshape(-1, *stacked.shape[keep:])

    views, count = records[0]["a"].shape
    chroma = np.stack([flat("a", 3), flat("b", 3)], -1).astype(np.float32)
    return Points(
        flat("sift", 3).reshape(len(chroma), SIFT_WIDTH),
        flat("luminance", 3),
        flat("place", 3),
        chroma,
        np.repeat(np.arange(len(records) * views), count),
        flat("whole", 2),
        flat("context", 2).astype(np.float32),
    )


def fit_standardization(records: list[Arrays]) -> Standardization:
    """Fit ``StandardScaler`` to the inputs and ``PCA`` to the contexts of ``records``.

    Parameters
    ----------
    records : list of dict
        Records of the store.

    Returns
    -------
    Standardization
        The contexts keep `COMPONENTS` whitened components, or fewer if there are fewer pictures.
    """
    points = collect_points(records)
    pca = PCA(min(COMPONENTS, *points.context.shape), svd_solver="full").fit(points.context)
    components = np.zeros((SIFT_WIDTH, COMPONENTS), np.float32)
    deviations = np.sqrt(pca.explained_variance_) + _MIN_DEVIATION
    components[:, : pca.n_components_] = pca.components_.T / deviations
    raw = Standardization(
        np.zeros(WIDTH, np.float32),
        np.ones(_HEAD, np.float32),
        components,
        points.chroma.mean(0),
    )
    chosen = np.arange(0, len(points.chroma), max(1, len(points.chroma) // 100_000))
    scaler = StandardScaler().fit(raw.inputs(points, chosen)[:, :_HEAD])
    mean = np.concatenate([scaler.mean_, pca.mean_]).astype(np.float32)
    scale = (scaler.scale_ + _MIN_SCALE).astype(np.float32)
    return Standardization(mean, scale, components, raw.target)


def iterate_batches(
    store: PickleStore,
    keys: list[str],
    size: int,
    standardization: Standardization,
    rng: np.random.Generator,
) -> Iterator[Batch]:
    """Yield all points of some records in random order, augmented.

    Some inputs are set to their mean and noise is added to the context, both at random.

    Parameters
    ----------
    store : PickleStore
        Holds the records.
    keys : list of str
        The records.
    size : int
        Points of a batch.
    standardization : Standardization
        Applied to inputs and targets.
    rng : numpy.random.Generator
        Decides everything random.

    Yields
    ------
    tuple of ndarray
        Standardized inputs, float32 (N, 594), and a* and b*, float32 (N, 2).
    """
    for group in chunks(keys, GROUP):
        points = collect_points([store.get(KIND, key) for key in group])
        order = rng.permutation(len(points.chroma))
        for start in range(0, len(order) - size + 1, size):
            chosen = order[start : start + size]
            inputs = standardization.inputs(points, chosen)
            inputs[:, _HEAD:] += CONTEXT_NOISE * rng.standard_normal(
                (len(inputs), COMPONENTS), np.float32
            )
            inputs *= rng.random(inputs.shape, np.float32) >= DROPPED
            inputs *= np.float32(1 / (1 - DROPPED))
            yield inputs, standardization.targets(points.chroma[chosen])
