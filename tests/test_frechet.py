"""Distances of sets of features, compared with the published formulas by SciPy and NumPy."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.linalg import sqrtm

from colortk.harness.frechet import frechet
from colortk.harness.kernel_distance import kernel_distance
from colortk.harness.statistics import summaries


def features(count: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Correlated features of originals and of results that are related to them."""
    rng = np.random.default_rng(seed)
    mix = rng.normal(0, 1, (width, width)) / np.sqrt(width)
    truth = rng.gamma(2, 1, (count, width)) @ mix
    result = 0.8 * truth + 0.3 * rng.normal(0.5, 1, (count, width)) @ mix
    return truth.astype(np.float32), result.astype(np.float32)


def reference_fid(truth: np.ndarray, result: np.ndarray) -> float:
    """FID as pytorch-fid computes it from mean and covariance."""
    first, second = truth.astype(np.float64), result.astype(np.float64)
    mean = first.mean(0) - second.mean(0)
    sigma, other = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    root = sqrtm(sigma @ other)
    return float(mean @ mean + np.trace(sigma) + np.trace(other) - 2 * np.trace(root).real)


def reference_kid(truth: np.ndarray, result: np.ndarray) -> float:
    """The unbiased estimator of Bińkowski et al., by whole matrices in float64."""
    x, y = truth.astype(np.float64), result.astype(np.float64)
    m, width = x.shape
    of_x, of_y, both = ((a @ b.T / width + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    unbiased = [(k.sum() - np.trace(k)) / (m * (m - 1)) for k in (of_x, of_y)]
    return float(sum(unbiased) - 2 * both.mean())


@pytest.mark.parametrize(("count", "width"), [(300, 40), (5000, 40), (130, 128), (4200, 64)])
def test_frechet_is_the_formula_of_the_reference(count: int, width: int) -> None:
    truth, result = features(count, width)
    distance, influence = frechet(truth, result)
    assert distance == pytest.approx(reference_fid(truth, result), rel=1e-6, abs=1e-9)
    assert influence.shape == (count,)
    assert influence.mean() == pytest.approx(0, abs=1e-8 * np.abs(influence).max())


def test_fewer_pictures_than_features_have_a_distance() -> None:
    truth, result = features(50, 80)
    # The product of two singular matrices has no stable root; its eigenvalues are stable.
    sigma, other = (np.cov(x.astype(np.float64), rowvar=False) for x in (truth, result))
    roots = np.sqrt(np.clip(np.linalg.eigvals(sigma @ other).real, 0, None)).sum()
    mean = truth.mean(0, dtype=np.float64) - result.mean(0, dtype=np.float64)
    expected = mean @ mean + np.trace(sigma) + np.trace(other) - 2 * roots
    assert frechet(truth, result)[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("offset", [0.0, 3.0])
def test_known_distances(offset: float) -> None:
    """Equal sets have none; a shift adds its square, a scale the square of the spread's change."""
    truth, _ = features(400, 8)
    assert frechet(truth, truth)[0] == pytest.approx(0, abs=1e-6)
    distance = frechet(truth.astype(np.float64), truth.astype(np.float64) * 2 + offset)[0]
    mean = truth.mean(0, dtype=np.float64) + offset
    spread = np.trace(np.cov(truth.astype(np.float64), rowvar=False))
    assert distance == pytest.approx(mean @ mean + spread, rel=1e-6)


def test_features_without_spread_have_a_distance() -> None:
    truth, result = features(60, 6)
    truth[:, 2], result[:, 2] = 1, 3
    result[:, 4] = 0
    truth[:, 5] = truth[:, 0]
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # SciPy says that the root of a singular matrix is not exact
        expected = reference_fid(truth, result)
    assert frechet(truth, result)[0] == pytest.approx(expected, rel=1e-4)
    constant = np.ones((60, 6), np.float32)
    assert frechet(constant, constant + 1)[0] == pytest.approx(6)


@pytest.mark.parametrize(("count", "width"), [(400, 6), (90, 100)])
def test_influence_is_the_change_by_a_picture(count: int, width: int) -> None:
    """Leaving out one picture rather than another changes the distance by their influences over N.

    (Leaving out any picture also changes the bias, which depends on N.)
    """
    truth, result = (x.astype(np.float64) for x in features(count, width, 3))
    _, influence = frechet(truth, result)
    order = np.argsort(influence)
    left_out = [int(order[k]) for k in (0, count // 2, count - 1)]
    changed = [
        frechet(truth[np.arange(count) != k], result[np.arange(count) != k])[0] for k in left_out
    ]
    for first, second in ((0, 1), (1, 2), (0, 2)):
        expected = (influence[left_out[second]] - influence[left_out[first]]) / (count - 1)
        assert changed[first] - changed[second] == pytest.approx(expected, rel=0.12)


def test_kid_is_the_formula_of_the_reference() -> None:
    truth, result = features(700, 32)
    distance, influence = kernel_distance(truth, result)
    expected = reference_kid(truth, result)
    assert distance == pytest.approx(expected, rel=1e-4)
    assert influence.mean() == pytest.approx(0, abs=1e-9 + 1e-6 * np.abs(influence).max())
    rest = np.arange(700) != 5
    changed = reference_kid(truth[rest], result[rest])
    assert changed - expected == pytest.approx(-influence[5] / 699, rel=0.05, abs=1e-6)


def test_of_many_pictures_kid_uses_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("colortk.harness.kernel_distance.MAX_PICTURES", 400)
    truth, result = features(802, 2)
    distance, influence = kernel_distance(truth, result)
    used = ~np.isnan(influence)
    assert used.sum() == 268
    assert distance == pytest.approx(reference_kid(truth[used], result[used]), rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("measure", [frechet, kernel_distance])
def test_intervals_cover_the_expected_distance(measure: object) -> None:
    """95 % intervals over N pictures contain the mean distance of sets of N pictures."""
    count, width, sets = 250, 8, 300
    mix = np.random.default_rng(9).normal(0, 1, (width, width)) / np.sqrt(width)
    found, intervals = [], []
    for seed in range(sets):
        rng = np.random.default_rng([4, seed])
        truth = rng.gamma(2, 1, (count, width)) @ mix
        result = 0.8 * truth + 0.3 * rng.normal(0.5, 1, (count, width)) @ mix
        distance, influence = measure(truth, result)  # type: ignore[operator]
        (mean,) = summaries((distance + influence)[:, None], (0, np.inf))
        assert mean is not None
        assert mean.mean == pytest.approx(distance)
        found.append(distance)
        intervals.append(mean.ci95)
    expected = np.mean(found)
    hits = np.mean([low <= expected <= high for low, high in intervals])
    assert 0.92 <= hits <= 0.99
    width_of_interval = np.median([high - low for low, high in intervals])
    assert width_of_interval == pytest.approx(2 * 1.96 * np.std(found), rel=0.15)
