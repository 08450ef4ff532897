"""Intervals that cover, tests against scipy's own, ranks that the data support."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from colortk.harness.statistics import differences, holm, intervals, ranks, summaries, wilcoxon


def test_interval_against_scipys_bootstrap() -> None:
    values = np.random.default_rng(1).gamma(2, 3, 80)
    ours = intervals(values[:, None])[:, 0]
    theirs = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=9999, rng=np.random.default_rng(2)
    ).confidence_interval
    assert ours == pytest.approx([theirs.low, theirs.high], abs=0.08)


@pytest.mark.slow
def test_interval_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(200):
        low, high = intervals(rng.normal(3, 1, (60, 1)), seed=trial)[:, 0]
        hits += low <= 3 <= high
    assert 178 <= hits <= 200


def test_columns_share_their_resamples() -> None:
    """What is better on every picture by the same amount is better by it in every resample."""
    values = np.random.default_rng(3).normal(size=(50, 1))
    (low, lower), (high, higher) = intervals(np.hstack([values, values + 2]))
    assert (lower - low, higher - high) == pytest.approx((2, 2))


def test_gaps_are_left_out_and_one_picture_has_no_interval() -> None:
    gap = np.nan
    table = np.array([[1.0, gap, gap], [2.0, 4.0, gap], [6.0, gap, gap]])
    first, second, third = summaries(table)
    assert first is not None
    assert (first.mean, first.median, first.n) == (3, 2, 3)
    assert second is not None
    assert (second.mean, second.ci95, second.n) == (4, None, 1)
    assert third is None


def test_wilcoxon() -> None:
    # Wilcoxon 1945 as in textbooks: six differences, all positive: p = 2 / 2^6.
    assert wilcoxon(np.array([1.0, 2, 3, 4, 5, 6])) == pytest.approx(2 / 64)
    assert wilcoxon(np.zeros(5)) == 1
    delta = np.random.default_rng(4).normal(0.3, 1, 120)
    assert wilcoxon(delta) == pytest.approx(stats.wilcoxon(delta, method="asymptotic").pvalue)


@pytest.mark.parametrize("zeros", [0, 16, 295])
def test_pictures_without_a_difference_do_not_make_the_others_significant(zeros: int) -> None:
    # Four of one sign: 2 / 2^4; five: 2 / 2^5. Neither is under 0.05, with however many zeros.
    assert wilcoxon(np.array([1.0, 2, 3, 4] + [0] * zeros)) == pytest.approx(1 / 8)
    assert wilcoxon(np.array([1.0, 2, 3, 4, 5] + [0] * zeros)) == pytest.approx(1 / 16)


def test_holm() -> None:
    # Worked by hand: sorted .005 .01 .03 .04 times 4 3 2 1, never falling.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1, 1]


def test_differences_count_wins_in_the_scores_own_direction() -> None:
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


def test_plugins_that_are_not_told_apart_share_a_rank() -> None:
    rng = np.random.default_rng(5)
    base = rng.normal(20, 5, 100)
    twin = base + rng.normal(0, 1, 100)
    worse = base - 3 + rng.normal(0, 1, 100)
    nothing = np.full(100, np.nan)
    table = np.stack([worse, base, twin, nothing], 1)
    assert ranks(table, True) == [3, 1, 1, None]
    assert ranks(-table, False) == [3, 1, 1, None]
    assert ranks(table, False) == [1, 2, 2, None]
    # Three pictures prove nothing, however far apart.
    assert ranks(table[:3, :2], True) == [1, 1]


def test_a_mean_that_a_few_pictures_make_claims_no_order() -> None:
    """On most pictures a little worse, on some much better: mean and test point apart."""
    rng = np.random.default_rng(6)
    base = rng.normal(20, 1, 100)
    delta = np.where(np.arange(100) < 80, -0.14, 5) + rng.normal(0, 0.01, 100)
    table = np.stack([base + delta, base], 1)
    (found,) = differences(table[:, :1], table[:, 1:], [True])
    assert found is not None
    assert found.ci95 is not None
    assert found.ci95[0] > 0  # alone, each of the two would claim an order
    assert found.p < 0.05
    assert ranks(table, True) == [1, 1]


def test_a_plugin_without_a_tenth_of_its_scores_has_no_rank() -> None:
    rng = np.random.default_rng(7)
    base = rng.normal(20, 5, 100)
    lucky = np.where(np.arange(100) < 85, base + 9, np.nan)
    nearly = np.where(np.arange(100) < 95, base + 9, np.nan)
    assert ranks(np.stack([base, lucky], 1), True) == [1, None]
    assert ranks(np.stack([base, nearly], 1), True) == [2, 1]
