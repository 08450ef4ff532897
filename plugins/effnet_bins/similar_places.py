"""Spread the colors of hints to places that the network sees as similar.

A hint shows by how much the network was wrong at a point. It is probably wrong in the same way
where its features are similar and near: on the rest of the coat, on other leaves of the tree. The
errors are modeled as a Gaussian process over the position, the lightness, the features and the
predicted color of a pixel, and are larger where the network itself is less certain. Its mean, given
the errors at the hints, is added to the prediction.

References
----------
.. [1] Rasmussen, Williams: Gaussian Processes for Machine Learning. MIT Press 2006, chapter 2.
.. [2] An, Pellacini: AppProp: All-Pairs Appearance-Space Edit Propagation. SIGGRAPH 2008.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from colortk.plugin import Float32, resize

from .bins import CENTERS, softmax

#: Tensors of the network that describe a pixel: the last features before the colors, at a quarter
#: of the size, and those of the encoder at a sixteenth, which tell things apart.
LAST, DEEP = "decoder_last_relu:Relu", "block14_add:Add"
#: Most hints that are used; of more, as under strokes, a sample. Time grows with their square.
MOST_HINTS = 600


@dataclass(frozen=True)
class Term:
    """Covariance that falls off with the distance of two pixels.

    Parameters
    ----------
    weight : float
        Covariance of a pixel with itself.
    position, lightness, last, deep, color : float
        Factors on squared distances: of the position in short sides, of L* / 100, of the features
        (whose sum of squares is 1 on average), and of the predicted a* and b* / 50.
    """

    weight: float
    position: float
    lightness: float
    last: float
    deep: float
    color: float


#: From things to the whole picture. Fitted on 80 of the training pictures, so that the mean
#: logarithm of the remaining error is smallest: with 1, 5, 20, 100 and 300 hints from the
#: originals, and with one hint that gives a part of the picture, and no other, a color of its own.
TERMS = (
    Term(0.112, 5.8, 0.053, 0.045, 2.46, 1.77),
    Term(0.733, 9.4, 3.16, 0.239, 0.034, 1.48),
    Term(1.0, 0.089, 3.78, 0.522, 0.114, 6.96),
)
#: Variance of an error that no other pixel shares, such as of noise and of texture.
NOISE = 0.041
#: The size of errors grows with the variance of the predicted distribution plus FLOOR, to the power
#: of POWER.
FLOOR, POWER, UNIT = 28.8, 0.21, 30.0
#: Largest error, in CIELAB units, that the last term carries over the whole picture. A larger one
#: is likely the color of one thing: a blue dress does not make its surroundings blue.
LARGEST_SHARED = 11.8


class SimilarPlaces:
    """The pixels of one picture at a quarter of the working size, described for comparison.

    Parameters
    ----------
    lightness : ndarray
        L*, float32 (H, W).
    ab : ndarray
        Predicted a* and b*, float32 (H, W, 2).
    variance : ndarray
        Variance of the predicted distribution of colors, float32 (h, w).
    last, deep : ndarray
        The tensors `LAST`, float32 (h, w, C), and `DEEP`, float32 (h / 4, w / 4, D).
    """

    def __init__(
        self, lightness: Float32, ab: Float32, variance: Float32, last: Float32, deep: Float32
    ) -> None:
        self.shape = rows, columns = variance.shape
        size = columns, rows
        places = np.mgrid[:rows, :columns].reshape(2, -1).T / min(rows, columns)
        self.groups = (
            places.astype(np.float32),
            resize(np.ascontiguousarray(lightness), size).reshape(-1, 1) / np.float32(100),
            _scaled(last).reshape(rows * columns, -1),
            _scaled(resize(deep, size)).reshape(rows * columns, -1),
            resize(np.ascontiguousarray(ab), size).reshape(-1, 2) / np.float32(50),
        )
        self._deviation = np.power(variance.ravel() + FLOOR, POWER) / UNIT

    def spread(self, cells: Any, errors: Any) -> Float32:
        """Return the expected error at every pixel.

        Parameters
        ----------
        cells : ndarray
            Pixels of the hints, int (N,), row * w + column, each once.
        errors : ndarray
            Color of the hint minus predicted color, (N, 2).

        Returns
        -------
        ndarray
            float32 (h, w, 2).
        """
        if len(cells) > MOST_HINTS:
            chosen = np.random.default_rng(0).choice(len(cells), MOST_HINTS, replace=False)
            cells, errors = cells[chosen], errors[chosen]
        errors = np.asarray(errors, np.float64)
        size = np.maximum(np.linalg.norm(errors, axis=1, keepdims=True), 1e-6)
        shared = errors * np.minimum(LARGEST_SHARED / size, 1)
        near, everywhere = self._covariances(cells)
        mean = self._mean(near, cells, errors - shared) + self._mean(everywhere, cells, shared)
        return mean.reshape(*self.shape, 2)

    def _mean(self, covariance: Float32, cells: Any, errors: Any) -> Float32:
        """Return the mean of the process, given the errors at ``cells``; float32 (h * w, 2)."""
        among = covariance[cells].astype(np.float64)
        among[np.diag_indices(len(cells))] += NOISE * self._deviation[cells] ** 2
        mean: Float32 = covariance @ np.linalg.solve(among, errors).astype(np.float32)
        return mean

    def _covariances(self, cells: Any) -> tuple[Float32, Float32]:
        """Return the covariance of the errors at all pixels with those at ``cells``.

        First that of all terms but the last, then that of all.
        """
        distances = [_squared_distances(group, group[cells]) for group in self.groups]
        scale = (self._deviation[:, None] * self._deviation[cells]).astype(np.float32)
        sums = []
        total = np.zeros_like(distances[0])
        for term in TERMS:
            weight, *factors = astuple(term)
            exponent = np.zeros_like(total)
            for factor, distance in zip(factors, distances, strict=True):
                exponent -= np.float32(factor) * distance
            np.exp(exponent, out=exponent)
            exponent *= np.float32(weight)
            total += exponent
            sums.append(total.copy())
        return sums[-2] * scale, sums[-1] * scale


def variance_of_logits(logits: Float32) -> Float32:
    """Return the variance of the predicted colors, float32 (h, w); 0 without a distribution.

    Parameters
    ----------
    logits : ndarray
        Float32 (h, w, C), those of the cells first.
    """
    if logits.shape[-1] < len(CENTERS):
        return np.zeros(logits.shape[:2], np.float32)
    shares = softmax(logits[..., : len(CENTERS)])
    total: Float32 = (shares @ np.square(CENTERS) - np.square(shares @ CENTERS)).sum(-1)
    return np.maximum(total, 0)


def _squared_distances(a: Float32, b: Float32) -> Float32:
    squares: Float32 = np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * (a @ b.T)
    np.maximum(squares, 0, out=squares)
    return squares


def _scaled(features: Float32) -> Float32:
    """Return features whose sum of squares is 1 on average."""
    mean = float(np.sqrt(np.square(features).sum(-1).mean()))
    scaled: Float32 = features / np.float32(max(mean, 1e-6))
    return scaled
