"""The training losses, in ``keras.ops``.

``truth`` is L*, a*, b*, float32 (N, H, W, 3); ``answer`` is the output of :mod:`.network`,
(N, H / 4, W / 4, outputs).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from colortk.plugin import Array, Float32

from .bins import CENTERS, WIDTH
from .codec import STEP

#: Width of the Gaussian that spreads a true color over the cells around it (Zhang 2016, 3.1).
SIGMA = 5.0
#: Offsets of the pixels that :func:`inconsistent` compares, in rows and columns at 1/4 of the size.
OFFSETS = ((0, 2), (2, 0), (0, 6), (6, 0), (5, 5), (5, -5), (0, 13), (13, 0), (11, 11), (11, -11))
#: Distances of a*, b* within which two true colors are alike; chroma that counts half.
ALIKE, COLORED = 6.0, 10.0


def color_loss(
    head: str,
    weights: Float32 | None = None,
    regression: float = 0.0,
    perceptual: float = 0.0,
    precision: str = "float32",
    statistics: float = 0.0,
    *,
    perceptual_part: float = 1.0,
    scales: float = 0.0,
    consistency: float = 0.0,
) -> Callable[[Any, Any], Any]:
    """Return the sum of cross-entropy of cells, smooth L1 of colors, and LPIPS of pictures.

    Parameters
    ----------
    head : {"bins", "regression", "both"}
        Output of the network.
    weights : ndarray, optional
        Weights of the cells, float32 (cells,); ``None`` weighs all equally.
    regression : float
        Factor on the smooth L1 of expected color (and residual) and truth, in widths of a cell.
    perceptual : float
        Factor on LPIPS of the picture in its expected colors.
    precision : str
        Numbers that the convolutions of LPIPS compute with.
    statistics : float
        Factor on :func:`statistics_difference` of expected and true colors.
    perceptual_part : float
        Share of the batch, its first pictures, that LPIPS is computed on.
    scales : float
        Factor on :func:`coarse`.
    consistency : float
        Factor on :func:`inconsistent`.
    """
    cells = len(CENTERS)

    def loss(truth: Any, prediction: Any) -> Any:
        from keras import ops

        ab = ops.average_pool(truth[..., 1:], 4, 4, padding="valid")
        total: Any = 0.0
        if head == "regression":
            color = prediction * STEP
        else:
            logits = prediction[..., :cells]
            total = _cross_entropy(ab, logits, weights)
            color = ops.matmul(ops.softmax(logits), ops.convert_to_tensor(CENTERS))
            if head == "both":
                color = color + prediction[..., cells:] * STEP
        if regression:
            total = total + regression * _smooth_l1((color - ab) / WIDTH)
        if perceptual:
            some = max(1, round(perceptual_part * truth.shape[0])) if truth.shape[0] else None
            total = total + perceptual * _picture_lpips(truth[:some], color[:some], precision)
        if scales:
            total = total + scales * coarse(color, ab)
        if consistency:
            total = total + consistency * inconsistent(color, ab)
        if statistics:
            total = total + statistics * statistics_difference(color, ab)
        return total

    return loss


def coarse(color: Any, ab: Any) -> Any:
    """Return the mean smooth L1 of ``color`` and ``ab``, averaged over 2, 4 and 8 positions.

    Both are float (N, h, w, 2), a* and b*; the result is in units of a cell's width. It weighs the
    color of whole regions, which the eye sees first, more than the color of single positions.
    """
    from keras import ops

    difference, total = (color - ab) / WIDTH, 0.0
    for _ in range(3):
        if min(difference.shape[1:3]) < 2:
            break
        difference = ops.average_pool(difference, 2, 2, padding="valid")
        total = total + _smooth_l1(difference)
    return total / 3


def inconsistent(color: Any, ab: Any) -> Any:
    """Return how far positions with similar true colors differ in ``color``.

    Parameters
    ----------
    color, ab
        Predicted and true a* and b*, float (N, h, w, 2).

    Returns
    -------
    tensor
        Scalar, in units of a cell's width: smooth L1 of the difference between two positions in
        ``color`` minus their difference in ``ab``, weighted by exp(-ΔC² / 2 `ALIKE`²) of their true
        colors and by their chroma, averaged over pairs at `OFFSETS`. A garment in two colors
        increases the loss, whatever its color; gray positions, which are alike everywhere, count
        little.
    """
    from keras import ops

    height, width = color.shape[1:3]
    error = (color - ab) / WIDTH
    weighted, weights = 0.0, 1e-3
    for down, right in OFFSETS:
        if down >= height or abs(right) >= width:
            continue
        left = max(-right, 0)
        first_region = (slice(None), slice(0, height - down), slice(left, width - max(right, 0)))
        other = (slice(None), slice(down, height), slice(left + right, width + min(right, 0)))
        alike = ops.sum(ops.square(ab[first_region] - ab[other]), -1) / (2 * ALIKE**2)
        chroma = ops.sqrt(ops.sum(ops.square(ab[first_region]), -1) + 1e-6)
        weight = ops.exp(-alike) * chroma / (chroma + COLORED)
        size = ops.sum(_huber(error[first_region] - error[other]), -1)
        weighted = weighted + ops.sum(weight * size)
        weights = weights + ops.sum(weight)
    return weighted / weights


def statistics_difference(color: Any, ab: Any) -> Any:
    """Return how much mean and deviation of a* and b* over a picture differ, in widths of a cell.

    Parameters
    ----------
    color, ab : tensor
        Predicted and true a* and b*, float (N, h, w, 2).

    Returns
    -------
    tensor
        Scalar: mean over pictures of the four absolute differences.
    """
    from keras import ops

    def both(values: Any) -> Any:
        mean = ops.mean(values, axis=(1, 2))
        square = ops.mean(ops.square(values - mean[:, None, None]), axis=(1, 2))
        return ops.concatenate(
            [mean, ops.sqrt(square + 1e-3)], -1
        )  # the slope of the root is infinite at 0

    return ops.mean(ops.abs(both(color) - both(ab))) / WIDTH


def _cross_entropy(ab: Any, logits: Any, weights: Float32 | None) -> Any:
    """Return the mean cross-entropy of the soft encoding of the truth and the prediction."""
    from keras import ops

    likely = soft_encoding(ab)
    surprise = ops.logsumexp(logits, axis=-1) - ops.sum(likely * logits, axis=-1)
    if weights is None:
        return ops.mean(surprise)
    factor = ops.sum(likely * ops.convert_to_tensor(weights), axis=-1)
    return ops.mean(surprise * factor)


def soft_encoding(ab: Any) -> Any:
    """Return probabilities of the cells for true colors: a Gaussian of `SIGMA`.

    Zhang 2016 keeps the five nearest cells; a sixth would have under 2 % of the nearest.

    Parameters
    ----------
    ab : tensor
        a* and b*, (..., 2).

    Returns
    -------
    tensor
        (..., cells); sums to 1.
    """
    from keras import ops

    # |x - c|² without |x|², which is the same for all cells and cancels in the softmax.
    cross = ops.matmul(ab, ops.convert_to_tensor(np.ascontiguousarray(CENTERS.T)))
    squares = ops.convert_to_tensor(np.sum(CENTERS**2, -1))
    return ops.softmax((2 * cross - squares) / (2 * SIGMA**2))


def _smooth_l1(difference: Any) -> Any:
    from keras import ops

    return ops.mean(_huber(difference))


def _huber(difference: Any) -> Any:
    from keras import ops

    size = ops.abs(difference)
    return ops.where(size < 1, 0.5 * size * size, size - 0.5)


def _picture_lpips(truth: Any, color: Any, precision: str) -> Any:
    """Return the mean LPIPS between pictures in ``color`` and in true colors."""
    from keras import ops

    from colortk.training.loop.perceptual import lab_to_rgb, lpips

    height, width = truth.shape[1:3]
    full = ops.image.resize(color, (height, width), interpolation="bilinear")
    lightness = truth[..., :1]
    return ops.mean(
        lpips(lab_to_rgb(lightness, truth[..., 1:]), lab_to_rgb(lightness, full), precision)
    )


def class_weights(prior: Array, mixed: float) -> Float32:
    """Return weights of the cells that compensate for their frequency (Zhang 2016, equation 4).

    Parameters
    ----------
    prior : ndarray
        Frequency of each cell; sums to 1.
    mixed : float
        Share of a uniform distribution that is mixed in, λ; 1 makes all weights 1.

    Returns
    -------
    ndarray
        float32 (cells,); the mean over ``prior`` is 1.
    """
    raw = 1 / ((1 - mixed) * prior + mixed / len(prior))
    return np.asarray(raw / np.sum(raw * prior), np.float32)
