"""Independent implementations of all metrics but LPIPS: scikit-image if it has the metric, else NumPy.

Nothing of ours is imported. ``benchmarks/metrics.py`` times these, the tests compare with them.
"""

from __future__ import annotations

import json
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree
from skimage import color, filters, metrics
from skimage.transform import downscale_local_mean

WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])


class Peer:
    """Two uint8 (H, W, 3) pictures. CIELAB and the maps of differences are computed once per pair."""

    def __init__(self, truth: np.ndarray, result: np.ndarray) -> None:
        self.truth, self.result = truth, result

    @cached_property
    def labs(self) -> tuple[np.ndarray, np.ndarray]:
        return color.rgb2lab(self.truth), color.rgb2lab(self.result)

    @cached_property
    def e76(self) -> np.ndarray:
        return color.deltaE_cie76(*self.labs)

    @cached_property
    def e00(self) -> np.ndarray:
        return color.deltaE_ciede2000(*self.labs)

    @cached_property
    def ab_error(self) -> np.ndarray:
        return np.sqrt(((self.labs[0] - self.labs[1])[..., 1:] ** 2).sum(-1))

    def psnr(self) -> float:
        return metrics.peak_signal_noise_ratio(self.truth, self.result, data_range=255)

    def psnr_ab(self) -> float:
        first, second = (lab[..., 1:] for lab in self.labs)
        return metrics.peak_signal_noise_ratio(first, second, data_range=255)

    def mse(self) -> float:
        return metrics.mean_squared_error(self.truth, self.result)

    def mae(self) -> float:
        return np.abs(self.truth.astype(float) - self.result).mean()

    def ssim(self) -> float:
        return metrics.structural_similarity(
            self.truth, self.result, channel_axis=2, gaussian_weights=True, sigma=1.5,
            use_sample_covariance=False, data_range=255,
        )  # fmt: skip

    def ms_ssim(self) -> float:
        return multiscale(self.truth.astype(float), self.result.astype(float), 255).mean()

    def ms_ssim_ab(self) -> float:
        first, second = (lab[..., 1:] + 128 for lab in self.labs)
        return multiscale(first, second, 255).mean()

    def cms_ssim(self) -> float:
        first, second = (lab[..., :1] for lab in self.labs)
        return multiscale(first, second, 100).mean() * np.mean(1 - np.clip(self.e76, 0, 49) / 49)

    def ab_rmse(self) -> float:
        return np.sqrt(np.mean(self.ab_error**2))

    def ab_auc(self) -> float:
        error = np.sort(self.ab_error.ravel())
        shares = np.searchsorted(error, np.arange(151), side="right") / error.size
        return ((shares[1:] + shares[:-1]) / 2).sum() / 150

    def ab_auc_rebalanced(self) -> float:
        """Compute the rebalanced AuC threshold by threshold, with weights by SciPy's filter."""
        weights = class_weights()
        centers = np.argwhere(np.ones((23, 23))) * 10.0 - 110
        _, nearest = cKDTree(centers).query(self.labs[0][..., 1:].reshape(-1, 2))
        weight = weights.ravel()[nearest]
        error = self.ab_error.ravel()
        shares = np.array([weight[error <= limit].sum() for limit in range(151)]) / weight.sum()
        return (shares[1:] + shares[:-1]).sum() / 2 / 150

    def delta_e76(self) -> float:
        return self.e76.mean()

    def within_jnd(self) -> float:
        return (self.e76 < 2.3).mean()

    def delta_e94(self) -> float:
        return color.deltaE_ciede94(*self.labs, kH=1, kC=1, kL=1, k1=0.045, k2=0.015).mean()

    def delta_e00(self) -> float:
        return self.e00.mean()

    def delta_e00_p95(self) -> float:
        return np.percentile(self.e00, 95)

    def colorfulness(self) -> float:
        return colorfulness(self.result)

    def colorfulness_error(self) -> float:
        return abs(colorfulness(self.truth) - colorfulness(self.result))

    def chroma_ratio(self) -> float:
        truth, result = (color.lab2lch(lab)[..., 1].mean() for lab in self.labs)
        return result / truth

    def mean_chrominance_mse(self) -> float:
        truth, result = ((lab[..., 1:] + 128).mean((0, 1)) / 255 for lab in self.labs)
        return np.mean((truth - result) ** 2)


@cache
def class_weights() -> np.ndarray:
    """Return inverse probabilities of cells of a*b*, (23, 23), from the counts that colortk ships."""
    file = Path(__file__).parents[1] / "colortk" / "harness" / "metrics" / "color_classes.json"
    counts = np.zeros((23, 23))
    for a, b, count in json.loads(file.read_text("utf-8"))["counts"]:
        counts[(a + 110) // 10, (b + 110) // 10] = count
    smooth = gaussian_filter(counts, sigma=0.5, mode="constant", truncate=60)
    return 1 / np.clip(smooth / smooth.sum(), (smooth / smooth.sum())[counts > 0].min(), None)


def colorfulness(picture: np.ndarray) -> float:
    red, green, blue = (picture[..., k].astype(float) for k in range(3))
    first, second = red - green, (red + green) / 2 - blue
    spread = np.sqrt(first.var() + second.var())
    return spread + 0.3 * np.sqrt(first.mean() ** 2 + second.mean() ** 2)


def multiscale(x: np.ndarray, y: np.ndarray, span: float) -> np.ndarray:
    """MS-SSIM of every channel of (H, W, C), five scales, sides divisible by 16."""
    out = 1.0
    for scale, weight in enumerate(WEIGHTS):
        if scale:
            x, y = downscale_local_mean(x, (2, 2, 1)), downscale_local_mean(y, (2, 2, 1))
        mx, my, xx, yy, xy = (blurred(image) for image in (x, y, x * x, y * y, x * y))
        c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
        value = (2 * (xy - mx * my) + c2) / (xx - mx * mx + yy - my * my + c2)
        if scale == len(WEIGHTS) - 1:
            value *= (2 * mx * my + c1) / (mx * mx + my * my + c1)
        out = out * np.clip(value.mean((0, 1)), 0, None) ** weight
    return out


def blurred(image: np.ndarray) -> np.ndarray:
    found = filters.gaussian(image, 1.5, truncate=3.5, preserve_range=True, channel_axis=-1)
    return found[5:-5, 5:-5]
