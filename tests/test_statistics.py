"""Intervals contain the true mean; paired differences follow the direction of the metric."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from colortk.harness.intervals import mean_intervals
from colortk.harness.statistics import differences, holm, summaries
from simulations import DISTRIBUTIONS, coverage


def studentized(values: np.ndarray, seed: int) -> tuple[float, float]:
    """Compute the bootstrap-t in a loop, one resample after the other."""
    rng, count = np.random.default_rng(seed), len(values)
    error, found = values.std(ddof=1) / np.sqrt(count), []
    for _ in range(5000):
        drawn = rng.choice(values, count)
        found.append((drawn.mean() - values.mean()) / (drawn.std(ddof=1) / np.sqrt(count)))
    high, low = np.percentile(found, [2.5, 97.5])
    return values.mean() - low * error, values.mean() - high * error


def test_interval_is_the_wider_of_bootstrap_t_and_students_t() -> None:
    values = np.random.default_rng(1).gamma(2, 3, 40)
    found = mean_intervals(values[:, None])
    low, high = studentized(values, 2)
    mean, error = values.mean(), stats.sem(values)
    student = stats.t.interval(0.95, 39, mean, error)
    wanted = min(low, student[0]), max(high, student[1])
    assert (found.low[0], found.high[0]) == pytest.approx(wanted, abs=0.08)
    assert found.high[0] - mean > 1.1 * (mean - found.low[0]), "skewed scores: skewed interval"


def test_few_pictures_get_students_t() -> None:
    values = np.random.default_rng(2).normal(3, 1, 9)
    found = mean_intervals(values[:, None])
    wanted = stats.t.interval(0.95, 8, values.mean(), stats.sem(values))
    assert (found.low[0], found.high[0]) == pytest.approx(wanted)
    assert found.p[0] == pytest.approx(stats.ttest_1samp(values, 0).pvalue)


def test_the_interval_excludes_zero_exactly_if_p_is_small() -> None:
    rng = np.random.default_rng(3)
    for count in (3, 9, 12, 40):
        values = rng.normal(0.4, 1, (count, 300)) * (rng.random((count, 300)) < 0.8)
        found = mean_intervals(values)
        outside = (found.low > 0) | (found.high < 0)
        assert np.array_equal(outside, found.p <= 0.05)
        assert outside.any()
        assert not outside.all()


@pytest.mark.parametrize("count", [2, 3, 9, 12])
def test_intervals_stay_within_the_range_of_scores(count: int) -> None:
    """Check scores near 0 (like LPIPS), scores near 1 (like SSIM), and their differences."""
    rng = np.random.default_rng(count)
    near, far = rng.beta(0.3, 3, (2, count, 60)), 1 - rng.beta(0.3, 3, (2, count, 60))
    scores = np.hstack([near[0], far[0]])
    free, clipped = mean_intervals(scores), mean_intervals(scores, bounds=(0, 1))
    assert ((free.low < 0) | (free.high > 1)).any(), "there is something to clip"
    assert np.array_equal(clipped.low, np.maximum(free.low, 0))
    assert np.array_equal(clipped.high, np.minimum(free.high, 1))
    for found in summaries(scores, (0, 1)):
        assert found is not None
        assert found.ci95 is None or 0 <= found.ci95[0] <= found.mean <= found.ci95[1] <= 1
    wide = differences(near[0], far[0], [True] * 60)
    bounded = differences(near[0], far[0], [True] * 60, (0, 1))
    for before, after in zip(wide, bounded, strict=True):
        assert before is not None
        assert after is not None
        assert after.separated == before.separated
        if after.ci95 is not None:
            assert -1 <= after.ci95[0] <= after.ci95[1] <= 1


def test_scores_beyond_their_bounds_are_in_their_interval() -> None:
    found = mean_intervals(np.array([[3.0], [4.0], [5.0]]), bounds=(0, 1))
    assert found.low[0] < found.mean[0] == found.high[0]


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_intervals_cover_the_true_mean_in_a_short_simulation(name: str) -> None:
    assert coverage(name, 10, 500) > 0.87
    assert 0.90 < coverage(name, 48, 500) < 0.99


@pytest.mark.slow
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_intervals_cover_the_true_mean_as_often_as_stated(name: str) -> None:
    assert coverage(name, 10, 4000) >= 0.90
    for count in (30, 48):
        assert 0.93 <= coverage(name, count, 4000) <= 0.97, count


def test_all_columns_use_the_same_resamples() -> None:
    """If the difference is the same on every picture, it is the same in every resample."""
    values = np.random.default_rng(3).normal(size=(50, 1))
    found = mean_intervals(np.hstack([values, values + 2]))
    assert (np.diff(found.low), np.diff(found.high)) == pytest.approx((2, 2))


def test_missing_scores_are_ignored_and_one_picture_has_no_interval() -> None:
    gap = np.nan
    table = np.array([[1.0, gap, gap], [2.0, 4.0, gap], [6.0, gap, gap]])
    first, second, third = summaries(table)
    assert first is not None
    assert (first.mean, first.median, first.n) == (3, 2, 3)
    assert second is not None
    assert (second.mean, second.ci95, second.n) == (4, None, 1)
    assert third is None


@pytest.mark.parametrize("zeros", [0, 16, 295])
def test_pictures_without_a_difference_do_not_make_the_others_significant(zeros: int) -> None:
    for positive, wanted in ((4, False), (5, False), (12, True)):
        delta = np.concatenate([np.linspace(1, 1.2, positive), np.zeros(zeros)])[:, None]
        (found,) = differences(delta, np.zeros_like(delta), [True])
        assert found is not None
        if zeros:
            assert found.separated == wanted, positive
    (same,) = differences(np.zeros((40, 1)), np.zeros((40, 1)), [True])
    assert same is not None
    assert (same.ci95, same.p, same.ties, same.separated) == ((0, 0), 1, 40, False)


def test_equal_differences_give_the_p_value_of_a_sign_test() -> None:
    for count in (2, 5, 6, 30):
        (found,) = differences(np.full((count, 1), 0.75), np.zeros((count, 1)), [True])
        assert found is not None
        assert found.separated == (count >= 6)
        assert found.p == pytest.approx(stats.binomtest(count, count).pvalue)


def test_holm_equals_the_textbook_example() -> None:
    # By hand: sorted .005 .01 .03 .04 times 4 3 2 1, and made non-decreasing.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1, 1]


def test_wins_follow_the_direction_of_the_metric() -> None:
    mine, theirs = np.array([[1.0], [2.0], [3.0], [np.nan]]), np.array([[2.0], [2.0], [1.0], [9.0]])
    (higher,) = differences(mine, theirs, [True])
    (lower,) = differences(mine, theirs, [False])
    (neither,) = differences(mine, theirs, [None])
    assert higher is not None
    assert lower is not None
    assert neither is not None
    assert (higher.wins, higher.ties, higher.losses, higher.n) == (1, 1, 1, 3)
    assert (lower.wins, lower.losses) == (1, 1)
    assert neither.wins is None
    assert higher.mean == pytest.approx(1 / 3)
    assert differences(mine[3:], theirs[3:], [True]) == [None]
