"""Scores against scikit-image, an independent implementation, to 1e-4."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import deltaE_ciede94, rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from colortk.harness.metrics.ab_rmse import ab_rmse
from colortk.harness.metrics.delta_e94 import delta_e94
from colortk.harness.metrics.psnr import psnr
from colortk.harness.metrics.ssim import ssim
from conftest import photo

PAIRS = [
    (
        photo(64, 80, seed),
        np.clip(photo(64, 80, seed + 100)[:, ::-1] + seed, 0, 255).astype(np.uint8),
    )
    for seed in range(6)
]


@pytest.mark.parametrize(("truth", "result"), PAIRS)
def test_against_scikit_image(truth: np.ndarray, result: np.ndarray) -> None:
    lab, other = rgb2lab(truth), rgb2lab(result)
    assert psnr(truth, result) == pytest.approx(peak_signal_noise_ratio(truth, result), abs=1e-4)
    expected = structural_similarity(
        truth, result, channel_axis=2, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False, data_range=255,
    )  # fmt: skip
    assert ssim(truth, result) == pytest.approx(expected, abs=1e-4)
    expected = deltaE_ciede94(lab, other, kH=1, kC=1, kL=1, k1=0.045, k2=0.015).mean()
    assert delta_e94(truth, result) == pytest.approx(expected, abs=1e-4)
    squares = ((lab - other)[..., 1:] ** 2).sum(-1).mean()
    assert ab_rmse(truth, result) == pytest.approx(np.sqrt(squares), abs=1e-4)


def test_identical_pictures() -> None:
    truth = PAIRS[0][0]
    assert psnr(truth, truth) == 100
    assert ssim(truth, truth) == pytest.approx(1)
    assert delta_e94(truth, truth) == ab_rmse(truth, truth) == 0


def test_ssim_of_pictures_smaller_than_its_window() -> None:
    for side in (1, 2, 5, 10):
        tiny = photo(side, side)
        assert ssim(tiny, tiny) == pytest.approx(1)
