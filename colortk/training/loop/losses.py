"""Losses for chroma, float32 (N, H, W, 2), in ``keras.ops``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from colortk.harness.metrics.cms_ssim import THRESHOLD
from colortk.harness.metrics.structure import K1, K2, SIGMA, WEIGHTS, WINDOW

#: Dynamic range and offset of a* and b*, as in the metric ``ms_ssim_ab``.
SPAN, OFFSET = 255.0, 128.0


def color_ms_ssim(scale: float) -> Callable[[Any, Any], Any]:
    """Return the loss 1 - MS-SSIM of a* and b* times their color comparison.

    Kazerooni and Mehmetoglu considered "CMSSIM" as their objective and took squared error. MS-SSIM
    of lightness, which the host keeps, is always 1. This loss therefore uses MS-SSIM of chroma. The
    color comparison is the mean of 1 - min(ΔE*ab, 49) / 49, as in the metric ``cms_ssim``.

    Parameters
    ----------
    scale : float
        a* or b* of an output of 1.

    Returns
    -------
    callable
        Function of (truth, prediction). Pictures with sides under 176 pixels use fewer than five
        scales.

    References
    ----------
    Wang, Simoncelli, Bovik (2003), "Multiscale structural similarity for image quality assessment".
    """

    def loss(truth: Any, prediction: Any) -> Any:
        from keras import ops

        truth, prediction = truth * scale, prediction * scale
        difference = ops.sum(ops.square(truth - prediction), axis=-1)
        distance = ops.sqrt(difference + 1e-6)
        color = 1 - ops.mean(ops.minimum(distance, THRESHOLD)) / THRESHOLD
        return 1 - ms_ssim_ab(truth, prediction) * color

    return loss


def ms_ssim_ab(truth: Any, prediction: Any) -> Any:
    """Return the mean MS-SSIM of a* and b*.

    Parameters
    ----------
    truth, prediction : tensor
        a* and b*, float32 (N, H, W, 2), CIELAB units.

    Returns
    -------
    tensor
        Scalar, 0 to 1.
    """
    from keras import ops

    short = min(truth.shape[1:3])
    scales = sum(short >> scale >= WINDOW for scale in range(len(WEIGHTS))) or 1
    weights = np.array(WEIGHTS[:scales])
    if scales < len(WEIGHTS):
        weights = weights / weights.sum()
    kernel = _gaussian_window(min(WINDOW, short - (short + 1) % 2))
    result: Any = None
    for scale, weight in enumerate(weights):
        contrast, similarity = _compare(truth, prediction, kernel)
        last = scale == scales - 1
        # The slope of the power is infinite at 0, a value that an untrained network can reach.
        term = ops.maximum(similarity if last else contrast, 1e-4) ** float(weight)
        result = term if result is None else result * term
        if not last:
            truth, prediction = (
                ops.average_pool(plane, 2, 2, padding="valid") for plane in (truth, prediction)
            )
    return ops.mean(result)


def _gaussian_window(size: int) -> Any:
    """Return a Gaussian kernel (size, size, 2, 1), the same for both planes."""
    steps = np.arange(size) - (size - 1) / 2
    line = np.exp(-(steps**2) / (2 * SIGMA**2))
    line /= line.sum()
    return np.repeat(np.outer(line, line)[..., None, None], 2, 2).astype(np.float32)


def _compare(x: Any, y: Any, kernel: Any) -> tuple[Any, Any]:
    """Return the means (N, 2) of contrast × structure, and of this product × luminance."""
    from keras import ops

    def local(planes: Any) -> Any:
        return ops.depthwise_conv(planes, kernel, padding="valid")

    c1, c2 = (K1 * SPAN) ** 2, (K2 * SPAN) ** 2
    mx, my = local(x), local(y)
    vx, vy = local(x * x) - mx * mx, local(y * y) - my * my
    contrast = (2 * (local(x * y) - mx * my) + c2) / (vx + vy + c2)
    mx, my = mx + OFFSET, my + OFFSET
    luminance = (2 * mx * my + c1) / (mx * mx + my * my + c1)
    return ops.mean(contrast, axis=(1, 2)), ops.mean(contrast * luminance, axis=(1, 2))
