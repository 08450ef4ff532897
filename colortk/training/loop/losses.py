"""Losses beyond Keras' own, in ``keras.ops``: batches of chroma, float32 (N, H, W, 2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from colortk.harness.metrics.cms_ssim import THRESHOLD
from colortk.harness.metrics.structure import K1, K2, SIGMA, WEIGHTS, WINDOW

#: Dynamic range of a* + 128 and b* + 128, as the metric ``ms_ssim_ab`` has it.
SPAN, OFFSET = 255.0, 128.0


def color_ms_ssim(scale: float) -> Callable[[Any, Any], Any]:
    """1 - MS-SSIM of a* and b* times the comparison of color, of (truth, answer).

    ``scale``: a*, b* of an output of 1. Document 004 considered "CMSSIM" as its objective and
    took squared error. Here it is MS-SSIM (Wang 2003) of chroma, for that of lightness, which the
    host keeps, is always 1; times the mean of 1 - min(ΔE*ab, 49) / 49, as in the metric
    ``cms_ssim``. Sides under 176 have fewer than five scales.
    """

    def loss(truth: Any, answer: Any) -> Any:
        from keras import ops

        truth, answer = truth * scale, answer * scale
        difference = ops.sum(ops.square(truth - answer), axis=-1)
        distance = ops.sqrt(difference + 1e-6)
        color = 1 - ops.mean(ops.minimum(distance, THRESHOLD)) / THRESHOLD
        return 1 - ms_ssim_ab(truth, answer) * color

    return loss


def ms_ssim_ab(truth: Any, answer: Any) -> Any:
    """Mean MS-SSIM of a* and b*, a scalar; both (N, H, W, 2) in CIELAB units."""
    from keras import ops

    short = min(truth.shape[1:3])
    scales = sum(short >> scale >= WINDOW for scale in range(len(WEIGHTS))) or 1
    weights = np.array(WEIGHTS[:scales])
    if scales < len(WEIGHTS):
        weights = weights / weights.sum()
    kernel = _gaussian_window(min(WINDOW, short - (short + 1) % 2))
    result: Any = None
    for scale, weight in enumerate(weights):
        contrast, whole = _compare(truth, answer, kernel)
        last = scale == scales - 1
        # The power has no slope at 0, which an untrained network may have.
        term = ops.maximum(whole if last else contrast, 1e-4) ** float(weight)
        result = term if result is None else result * term
        if not last:
            truth, answer = (
                ops.average_pool(plane, 2, 2, padding="valid") for plane in (truth, answer)
            )
    return ops.mean(result)


def _gaussian_window(size: int) -> Any:
    """A Gaussian, (size, size, 2, 1): the same for both planes."""
    steps = np.arange(size) - (size - 1) / 2
    line = np.exp(-(steps**2) / (2 * SIGMA**2))
    line /= line.sum()
    return np.repeat(np.outer(line, line)[..., None, None], 2, 2).astype(np.float32)


def _compare(x: Any, y: Any, kernel: Any) -> tuple[Any, Any]:
    """Means (N, 2) of contrast and structure, and of these times luminance."""
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
