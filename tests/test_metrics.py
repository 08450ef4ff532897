"""Every metric against other implementations on 30 pairs, to 1e-4 (LPIPS 1e-3); CIEDE2000 against Sharma's 34 pairs."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage.color import deltaE_ciede94, deltaE_ciede2000, rgb2lab

from colortk.harness.metrics.ciede2000 import delta_e00_map
from colortk.harness.metrics.pair import Pair, Truth
from colortk.harness.scoring import Scorer
from colortk.metrics import score
from colortk.plugin.discover import DISTRIBUTION
from colortk.plugin.registry import registry
from colortk.plugin.spec import MetricSpec
from conftest import photo
from pairs import Sample, pairs
from reference_metrics import Peer

DATA = Path(__file__).parent / "data"
KEPT = json.loads((DATA / "metrics.json").read_text("utf-8"))["pairs"]
SAMPLES = list(pairs())
#: The everyday tests use one pair of each distortion, each of another photograph.
EVERY_DAY = {0, 7, 14, 21, 28, 5}
NUMBERS = [
    pytest.param(n, id=SAMPLES[n].name, marks=() if n in EVERY_DAY else pytest.mark.slow)
    for n in range(len(SAMPLES))
]


#: Metrics of a network, which have tests of their own.
ELSEWHERE = {"lpips", "naturalness"}


def ours() -> list[str]:
    found = registry().of(MetricSpec)
    return [name for name in registry().metrics() if found[name].distribution == DISTRIBUTION]


@cache
def scores(number: int) -> dict[str, float]:
    sample = SAMPLES[number]
    return score(sample.result, sample.truth)


def close(name: str, expected: float) -> Any:
    """Compare with an absolute tolerance of 1e-4, and a relative one for small values."""
    if name == "mean_chrominance_mse":
        return pytest.approx(expected, rel=1e-4)
    return pytest.approx(expected, abs=1e-3 if name == "lpips" else 1e-4)


def test_thirty_pairs_that_differ() -> None:
    assert len(SAMPLES) == 30
    assert len({sample.digest for sample in SAMPLES}) == 30


@pytest.mark.parametrize("number", NUMBERS)
def test_against_scikit_image(number: int) -> None:
    sample = SAMPLES[number]
    peer = Peer(sample.truth, sample.result)
    found = scores(number)
    assert set(found) == set(ours())
    for name in set(found) - ELSEWHERE:
        assert found[name] == close(name, getattr(peer, name)()), name


@pytest.mark.parametrize("number", NUMBERS)
def test_against_piq_torchmetrics_colour_science_and_lpips(number: int) -> None:
    sample = SAMPLES[number]
    kept = KEPT[sample.name]
    assert kept["sha256"] == sample.digest, "the values kept are of other pictures"
    for name, expected in kept["values"].items():
        if name == "lpips_vgg":  # tested in tests/test_metrics_lpips_vgg.py
            continue
        assert scores(number)[name.split()[0]] == close(name, expected), name


def test_stored_values_cover_metrics_that_scikit_image_lacks() -> None:
    for sample in SAMPLES:
        assert {"lpips", "ms_ssim", "ms_ssim_ab", "cms_ssim"} <= set(KEPT[sample.name]["values"])


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_ciede2000_of_sharmas_pairs(precision: type) -> None:
    """Sharma, Wu, Dalal 2005, table 1: 34 pairs, with hues that are opposite, and both orders."""
    table = np.loadtxt(DATA / "sharma2005.csv", delimiter=",")
    assert len(table) == 34
    first, second = table[:, :3].astype(precision), table[:, 3:6].astype(precision)
    for one, other in ((first, second), (second, first)):
        assert delta_e00_map(one, other) == pytest.approx(table[:, 6], abs=1e-4)


def test_ciede2000_of_any_colors() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.uniform([0, -100, -100], [100, 100, 100], (2, 20_000, 3))
    first[:100, 1:] = second[50:150, 1:] = 0
    expected = deltaE_ciede2000(first, second)
    assert delta_e00_map(first, second) == pytest.approx(expected, abs=1e-9)
    close_by = first + rng.normal(0, 0.01, first.shape)
    found = delta_e00_map(first.astype(np.float32), close_by.astype(np.float32))
    assert found == pytest.approx(deltaE_ciede2000(first, close_by), abs=1e-4)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_ciede2000_of_opposite_hues(precision: type) -> None:
    """For opposite hues the mean hue is computed in 0°..360°, as if they were slightly less than opposite."""
    hues = np.array([0.0, 20, 90, 135, 170, 250, 300])
    first = np.stack([np.full(7, 50), *polar(30, hues)], -1)
    beside = np.stack(
        [np.full(7, 50), *polar(30, hues + 180 + np.where(hues < 180, -1e-6, 1e-6))], -1
    )
    found = delta_e00_map(first.astype(precision), first.astype(precision) * [1, -1, -1])
    assert found == pytest.approx(deltaE_ciede2000(first, beside), abs=1e-4)


def polar(chroma: float, degrees: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return chroma * np.cos(np.radians(degrees)), chroma * np.sin(np.radians(degrees))


def test_maps_of_delta_e_equal_scikit_image() -> None:
    sample = SAMPLES[20]
    labs = rgb2lab(sample.truth), rgb2lab(sample.result)
    assert delta_e00_map(*labs) == pytest.approx(deltaE_ciede2000(*labs), abs=1e-9)
    expected = deltaE_ciede94(*labs, kH=1, kC=1, kL=1, k1=0.045, k2=0.015)
    found = Pair(Truth(sample.truth), sample.result).delta_e94
    assert found == pytest.approx(expected, abs=1e-3)
    assert found.mean() == pytest.approx(expected.mean(), abs=1e-5)


def test_identical_pictures_have_perfect_scores() -> None:
    truth = photo(200, 180)
    found = score(truth.copy(), truth)
    ones = (
        "ssim",
        "ms_ssim",
        "ms_ssim_ab",
        "cms_ssim",
        "ab_auc",
        "within_jnd",
        "chroma_ratio",
        "ab_auc_rebalanced",
    )
    zeros = (
        "lpips", "mse", "mae", "ab_rmse", "delta_e76", "delta_e94", "delta_e00", "delta_e00_p95",
        "colorfulness_error", "mean_chrominance_mse", "naturalness",
    )  # fmt: skip
    assert {name: found[name] for name in ones} == pytest.approx(dict.fromkeys(ones, 1.0))
    assert {name: found[name] for name in zeros} == dict.fromkeys(zeros, 0.0)
    assert found["psnr"] == found["psnr_ab"] == 100


def test_scores_of_opposite_pictures_do_not_overflow() -> None:
    """Sums of 8-bit errors do not overflow."""
    black, white = np.zeros((600, 700, 3), np.uint8), np.full((600, 700, 3), 255, np.uint8)
    found = score(white, black, ["mse", "mae", "psnr", "delta_e76", "ab_auc", "within_jnd"])
    assert found["mse"] == 255**2
    assert found["mae"] == 255
    assert found["psnr"] == 0
    assert found["delta_e76"] == pytest.approx(100, abs=1e-3)
    assert found["ab_auc"] == pytest.approx(1, abs=0.01)
    assert found["within_jnd"] == 0


@pytest.mark.parametrize("number", [0, 12])
def test_a_gray_result(number: int) -> None:
    """The plugin `gray` gives such results; hues that come from rounding alone must not count."""
    truth = SAMPLES[number].truth
    gray = np.repeat(truth[..., 1:2], 3, 2)
    for pair in ((gray, truth), (truth, gray)):
        peer, found = Peer(pair[1], pair[0]), score(*pair)
        for name in set(found) - ELSEWHERE:
            assert found[name] == close(name, getattr(peer, name)()), name


@pytest.mark.parametrize("side", [1, 2, 5, 10, 11, 30, 100, 128])
def test_small_pictures_have_defined_scores(side: int) -> None:
    """Structural similarity uses fewer scales, and in the smallest pictures a smaller window."""
    truth = photo(side, side)
    names = ["ssim", "ms_ssim", "ms_ssim_ab", "cms_ssim"]
    assert score(truth, truth, names) == pytest.approx(dict.fromkeys(names, 1.0))
    other = score(photo(side, side, 9)[::-1], truth, names)
    assert all(-1 <= value < 1 for value in other.values())
    if side < 22:
        assert other["ms_ssim"] >= 0


def test_ms_ssim_weights_of_small_pictures_sum_to_one() -> None:
    """At 128 × 128, scikit-image computes SSIM of the last scale, and the reference the others."""
    from skimage.transform import downscale_local_mean

    from reference_metrics import WEIGHTS, blurred

    truth, result = (SAMPLES[2].truth[:128, :128, 0], SAMPLES[2].result[:128, :128, 0])
    x, y, product = truth.astype(float), result.astype(float), 1.0
    weights = WEIGHTS[:4] / WEIGHTS[:4].sum()
    for scale, weight in enumerate(weights):
        if scale:
            x, y = downscale_local_mean(x, (2, 2)), downscale_local_mean(y, (2, 2))
        planes = [image[..., None] for image in (x, y, x * x, y * y, x * y)]
        mx, my, xx, yy, xy = (blurred(plane) for plane in planes)
        value = (2 * (xy - mx * my) + 58.5225) / (xx - mx * mx + yy - my * my + 58.5225)
        if scale == 3:
            value = value * (2 * mx * my + 6.5025) / (mx * mx + my * my + 6.5025)
        product *= value.mean() ** weight
    gray = [np.repeat(plane[..., None], 3, 2) for plane in (truth, result)]
    assert score(gray[1], gray[0], ["ms_ssim"])["ms_ssim"] == pytest.approx(product, abs=1e-4)


def test_an_original_is_computed_once_for_all_results() -> None:
    sample: Sample = SAMPLES[0]
    truth, scorer = Truth(sample.truth), Scorer(ours())
    first = scorer(truth, sample.result)
    kept = truth.lab, truth.features
    other = scorer(truth, SAMPLES[1].result)
    assert truth.lab is kept[0]
    assert truth.features is kept[1]
    assert scorer(truth, sample.result).values == first.values
    assert other.values == score(SAMPLES[1].result, sample.truth)
    assert not first.errors
    assert first.seconds > 0
