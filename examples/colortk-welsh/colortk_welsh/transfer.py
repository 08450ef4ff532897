"""The method: samples of a reference, and for every pixel the chroma of the most alike.

Welsh, Ashikhmin and Mueller, "Transferring Color to Greyscale Images", SIGGRAPH 2002, section 3,
with CIELAB in place of Ruderman's lαβ.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from colortk.plugin import rgb_to_lab

Float32 = NDArray[np.float32]
#: Samples of a reference: "approximately 200 using a randomized grid".
SAMPLES = 200
#: Side of the neighborhood, in pixels: "5x5 pixels works well for most images".
NEIGHBORHOOD = 5
#: Share of lightness in the match; the rest is the neighborhood's. The paper's 50 %.
LIGHTNESS_SHARE = 0.5
#: Lightness that varies less than this, in L*, has no contrast to match.
FLAT = 1e-3
#: Pixels matched at a time, so that the distances to all samples stay small.
BLOCK = 1 << 15


@dataclass(frozen=True)
class Reference:
    """What is kept of a reference picture.

    ``samples``: float32 (N, 4), columns L*, its neighborhood's standard deviation, a*, b*.
    ``mean``, ``std``: of the lightness of the whole picture.
    """

    samples: Float32
    mean: float
    std: float


def neighborhood_std(lightness: Float32) -> Float32:
    """Return the standard deviation of L* over the 5 × 5 pixels around each, float32 (H, W)."""
    size = (NEIGHBORHOOD, NEIGHBORHOOD)
    border = cv2.BORDER_REFLECT
    mean = cv2.boxFilter(lightness, cv2.CV_64F, size, borderType=border)
    square = cv2.sqrBoxFilter(lightness, cv2.CV_64F, size, borderType=border)
    return np.sqrt(np.maximum(square - mean * mean, 0)).astype(np.float32)


def shrink(rgb: NDArray, short: int = 256) -> NDArray:
    """``rgb`` (H, W, 3) with a short side of at most ``short``: the size of what it will meet."""
    height, width = rgb.shape[:2]
    scale = short / min(height, width)
    if scale >= 1:
        return rgb
    size = max(short, round(width * scale)), max(short, round(height * scale))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def sample(rgb: NDArray, seed: int = 0) -> Reference:
    """Return samples of a picture, uint8 or uint16 sRGB (H, W, 3): a pixel of each grid cell.

    The cells are nearly square; where in its cell a sample lies is random, the same for the
    same ``seed``.
    """
    lab = rgb_to_lab(shrink(rgb))
    light = np.ascontiguousarray(lab[..., 0])
    height, width = light.shape
    rows = min(max(1, round((SAMPLES * height / width) ** 0.5)), height)
    columns = min(max(1, round(SAMPLES / rows)), width)
    y, x = np.mgrid[:rows, :columns]
    jitter = np.random.default_rng(seed).random((2, rows, columns))
    y = ((y + jitter[0]) * (height / rows)).astype(int)
    x = ((x + jitter[1]) * (width / columns)).astype(int)
    y, x = np.minimum(y, height - 1).ravel(), np.minimum(x, width - 1).ravel()
    texture = neighborhood_std(light)
    samples = np.column_stack([light[y, x], texture[y, x], lab[y, x, 1:]])
    return Reference(samples, float(light.mean()), float(light.std()))


def transfer(lightness: Float32, reference: Reference) -> Float32:
    """Chroma of the samples that match best, float32 (H, W, 2), for ``lightness`` (H, W).

    The reference's lightness is first shifted and scaled to the mean and standard deviation of
    ``lightness``; if either is flat, it is shifted only. The match is the least weighted sum of
    squared differences of lightness and of the neighborhood's standard deviation.
    """
    mean, std = float(lightness.mean(dtype=np.float64)), float(lightness.std(dtype=np.float64))
    gain = std / reference.std if min(std, reference.std) > FLAT else 1.0
    weights = np.sqrt(np.array([LIGHTNESS_SHARE, 1 - LIGHTNESS_SHARE], np.float32))
    # Both less the mean: small numbers, whose squares lose nothing in float32.
    reference_features = np.column_stack(
        [reference.samples[:, 0] - reference.mean, reference.samples[:, 1]]
    )
    reference_features = (reference_features * gain).astype(np.float32) * weights
    target_features = np.stack([lightness - np.float32(mean), neighborhood_std(lightness)], -1)
    target_features = target_features.reshape(-1, 2) * weights
    length = (reference_features * reference_features).sum(1)
    nearest = np.empty(len(target_features), np.intp)
    for start in range(0, len(target_features), BLOCK):
        part = slice(start, start + BLOCK)
        # |asked - known|² without |asked|², which is the same for every sample.
        nearest[part] = (length - 2 * target_features[part] @ reference_features.T).argmin(1)
    chroma = reference.samples[:, 2:].astype(np.float32)
    return chroma[nearest].reshape(*lightness.shape, 2)
