"""How natural people would find a result, from eight differences to the original.

People who see one picture do not notice a cast of the whole picture, and forgive a uniform change.
They notice colors that end at the wrong edges, pale pictures, and objects of another color. The
weights were fitted to the ratings of HECD (:mod:`colortk.harness.naturalness_fit`).

References
----------
Mullery, S. and P. F. Whelan (2022). Human vs objective evaluation of colourisation performance.
    arXiv 2204.05200.
"""

from __future__ import annotations

import math

import numpy as np

from colortk._opencv import cv2
from colortk.color.cielab import lab_to_rgb8
from colortk.harness.metrics.ciede2000 import in_blocks
from colortk.harness.metrics.pair import Pair, ScoredPicture
from colortk.types import Array, Float32

#: The terms, in the order of :func:`terms`, and what they are.
TERMS = {
    "uneven_shift": "median over pixels of |Δab − mean Δab|",
    "chroma_loss": "chroma that at least 95 % of the pixels lose",
    "median_difference": "ln(median CIEDE2000 + 0.5)",
    "gradient_strength": "1 − similarity of the lengths of the gradients of a*b*",
    "clipping": "share of pixels with a channel at 0 or 255, minus that of the original",
    "coarse_structure": "ln(1 − contrast and structure of a*b* at 1/16 of the size + 0.02)",
    "hue_change": "mean angle between the hues, in radians, less where chroma is under 2",
    "objects": "LPIPS of the fifth layer of AlexNet, after the mean Δab is removed",
}
#: Weights of the terms, as ``python -m colortk.harness.naturalness_fit HECD`` prints them.
WEIGHTS = np.array(
    [0.032918, -0.093217, 0.147579, -1.958502, -2.800439, -0.233214, -0.197070, -8.317308]
)
_DIFFERENCE_OFFSET, _STRUCTURE_OFFSET = 0.5, 0.02
#: Constants of the similarity of gradients, and of contrast and structure (that of SSIM).
_GRADIENT_C, _STRUCTURE_C = 3.0, 60.0
_WINDOW, _SIGMA = 11, 1.5
#: Product of chromas that is added to the cosine, so that the hue of gray pixels does not count.
_HUE_C = 4.0
#: Halvings from the half-size picture to the scale of ``coarse_structure``.
_HALVINGS = 3


def naturalness(pair: Pair) -> float:
    """Return the predicted rating of the result minus that of the original, in z-scores."""
    unchanged = np.zeros(len(TERMS))
    unchanged[2], unchanged[5] = math.log(_DIFFERENCE_OFFSET), math.log(_STRUCTURE_OFFSET)
    return float((terms(pair) - unchanged) @ WEIGHTS)


def terms(pair: Pair) -> Array:
    """Return the values of the :data:`TERMS`, float64 (8,).

    All but the last are computed at half the size: people see color less sharply than lightness.

    Raises
    ------
    PictureError
        If a side is under 31 pixels.
    """
    # First, as it refuses pictures that are too small.
    objects = _object_distance(pair)
    truth, result = (_half(picture) for picture in (pair.truth, pair.result))
    before, after = truth.lab[..., 1:], result.lab[..., 1:]
    shift = after - before
    uneven = shift - shift.mean((0, 1))
    gain = result.chroma - truth.chroma
    difference = in_blocks(truth.planes, result.planes)
    return np.array(
        [
            np.median(np.hypot(uneven[..., 0], uneven[..., 1])),
            max(0.0, -float(np.percentile(gain, 95))),
            math.log(float(np.median(difference)) + _DIFFERENCE_OFFSET),
            _gradient_distance(before, after),
            _clipped_share(result) - _clipped_share(truth),
            math.log(_structure_distance(before, after) + _STRUCTURE_OFFSET),
            _hue_angle(before, after),
            objects,
        ],
        dtype=np.float64,
    )


def _half(picture: ScoredPicture) -> ScoredPicture:
    height, width = picture.pixels.shape[:2]
    size = (max(1, round(width / 2)), max(1, round(height / 2)))
    return ScoredPicture(cv2.resize(picture.pixels, size, interpolation=cv2.INTER_AREA))


def _object_distance(pair: Pair) -> float:
    """Distance of the fifth layer of LPIPS, after the mean a* and b* are those of the original."""
    lab = pair.result.lab.copy()
    lab[..., 1:] += (pair.truth.lab - pair.result.lab)[..., 1:].mean((0, 1))
    mine, other = pair.truth.features[-1], ScoredPicture(lab_to_rgb8(lab)).features[-1]
    return float(((mine - other) ** 2).sum(0).mean())


def _gradient_distance(before: Float32, after: Float32) -> float:
    mine, other = (_gradient_length(ab) for ab in (before, after))
    similarity = (2 * mine * other + _GRADIENT_C) / (mine**2 + other**2 + _GRADIENT_C)
    return 1 - float(similarity.mean())


def _gradient_length(ab: Float32) -> Array:
    smooth = cv2.GaussianBlur(np.ascontiguousarray(ab), (0, 0), 0.8)
    x, y = (cv2.Sobel(smooth, cv2.CV_32F, *order) / 8 for order in ((1, 0), (0, 1)))
    length: Array = np.sqrt((x * x + y * y).sum(2))
    return length


def _structure_distance(before: Float32, after: Float32) -> float:
    """Return 1 − the contrast and structure term of SSIM, of a* and b* as one vector."""
    for _ in range(_HALVINGS):
        before, after = _halved(before), _halved(after)
    first, second = _local_mean(before), _local_mean(after)
    variance = np.maximum(_local_mean(before * before) - first * first, 0).sum(2)
    other = np.maximum(_local_mean(after * after) - second * second, 0).sum(2)
    covariance = (_local_mean(before * after) - first * second).sum(2)
    value = (2 * covariance + _STRUCTURE_C) / (variance + other + _STRUCTURE_C)
    return max(0.0, 1 - float(value.mean()))


def _halved(ab: Float32) -> Float32:
    height, width = ab.shape[:2]
    size = (max(1, round(width / 2)), max(1, round(height / 2)))
    small: Float32 = cv2.resize(np.ascontiguousarray(ab), size, interpolation=cv2.INTER_AREA)
    return small


def _local_mean(ab: Float32) -> Float32:
    """Gaussian mean, without the border where that leaves something."""
    mean: Float32 = cv2.GaussianBlur(ab, (_WINDOW, _WINDOW), _SIGMA)
    rows, columns = (min(_WINDOW // 2, (side - 1) // 2) for side in ab.shape[:2])
    return mean[rows : ab.shape[0] - rows, columns : ab.shape[1] - columns]


def _hue_angle(before: Float32, after: Float32) -> float:
    along = (before * after).sum(2)
    across = before[..., 0] * after[..., 1] - before[..., 1] * after[..., 0]
    return float(np.arctan2(np.abs(across), along + _HUE_C).mean())


def _clipped_share(picture: ScoredPicture) -> float:
    pixels = picture.pixels
    return float(((pixels == 0) | (pixels == 255)).any(2).mean())
