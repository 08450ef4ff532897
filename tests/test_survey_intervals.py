"""The survey's intervals against simulation and arithmetic, and the rule that excludes raters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from colortk.survey.answers import Answer
from colortk.survey.crossed_effects import (
    AnswerGroup,
    _covariances,
    _variance,
    difference_interval,
    missing_interval_reason,
    share_interval,
)
from colortk.survey.exclusion import minimum_answers, uniform_raters
from conftest import ROOT


def crossed(table: np.ndarray) -> AnswerGroup:
    """Every rater (row) answers about every picture (column)."""
    raters, pictures = np.indices(table.shape)
    return AnswerGroup(raters.ravel(), pictures.ravel(), table.ravel().astype(float))


def test_the_variance_is_that_of_repeated_surveys() -> None:
    """The mean estimated variance equals the variance of shares over simulated surveys."""
    rng = np.random.default_rng(5)
    for rater_spread, picture_spread in ((0.0, 0.0), (0.15, 0.0), (0.0, 0.2), (0.12, 0.15)):
        shares, estimates = [], []
        for _ in range(400):
            raters = rng.uniform(-1, 1, (12, 1)) * math.sqrt(3) * rater_spread
            pictures = rng.uniform(-1, 1, (1, 15)) * math.sqrt(3) * picture_spread
            group = crossed(rng.uniform(size=(12, 15)) < 0.5 + raters + pictures)
            shares.append(group.share)
            over_raters, over_pictures = _covariances(group, group)
            estimates.append(over_raters + over_pictures - group.influence @ group.influence)
        assert np.mean(estimates) == pytest.approx(np.var(shares, ddof=1), rel=0.2)


def test_the_pigeonhole_bootstrap_counts_chance_three_times() -> None:
    """Owen 2007, theorem 3: the bootstrap adds the variance of single answers to the variances over
    raters and pictures, where the unbiased estimate subtracts it."""
    rng = np.random.default_rng(2)
    group = crossed(rng.uniform(size=(15, 18)) < 0.5 + 0.2 * rng.normal(size=(15, 1)))
    resampled = []
    for _ in range(2500):
        rows = np.bincount(rng.integers(15, size=15), minlength=15)[group.raters]
        columns = np.bincount(rng.integers(18, size=18), minlength=18)[group.pictures]
        weights = rows * columns
        resampled.append(np.average(group.real, weights=weights))
    over_raters, over_pictures = _covariances(group, group)
    answers = float(group.influence @ group.influence)
    expected = over_raters * 14 / 15 + over_pictures * 17 / 18 + answers
    assert np.var(resampled) == pytest.approx(expected, rel=0.1)
    assert _variance(group)[0] < np.var(resampled)


def test_many_independent_answers_have_wilsons_interval() -> None:
    rng = np.random.default_rng(0)
    group = AnswerGroup(
        np.arange(4000), rng.integers(2000, size=4000), (np.arange(4000) % 4 > 0) * 1.0
    )
    expected = stats.binomtest(3000, 4000).proportion_ci(method="wilson")
    assert share_interval(group) == pytest.approx((expected.low, expected.high), abs=2e-3)


def test_an_interval_is_never_narrower_than_for_independent_answers() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        size = rng.integers(2, 12, 2)
        group = crossed(rng.uniform(size=size) < rng.uniform())
        interval, n = share_interval(group), len(group.real)
        assert interval is not None
        low, high = interval
        assert 0 <= low <= group.share <= high <= 1
        count = round(group.share * n)
        plain = stats.binomtest(count, n).proportion_ci(method="wilson")
        assert high - low >= plain.high - plain.low - 1e-9


def test_common_effects_of_raters_cancel_in_differences() -> None:
    """Raters who call nearly all pictures real, or none, still inform about the difference."""
    rng = np.random.default_rng(4)
    bias = rng.choice([-0.35, 0.35], (40, 1))
    seen = rng.uniform(size=(40, 30)) < 0.5
    raters, pictures = np.indices(seen.shape)
    real = (rng.uniform(size=seen.shape) < 0.5 + bias) * 1.0
    groups = [AnswerGroup(raters[which], pictures[which], real[which]) for which in (seen, ~seen)]
    widths = [np.diff(interval)[0] for interval in map(share_interval, groups) if interval]
    difference = difference_interval(*groups)
    assert difference is not None
    assert difference[1] - difference[0] < 0.7 * max(widths)
    assert difference[0] < groups[0].share - groups[1].share < difference[1]


@pytest.mark.parametrize(
    "raters, pictures, why",
    [
        ([0, 0, 0], [0, 1, 2], "only one rater: how raters differ is not known"),
        ([0, 1, 2], [4, 4, 4], "only one picture: how pictures differ is not known"),
        ([], [], "no answers"),
        ([0, 1], [0, 1], ""),
    ],
)
def test_intervals_that_cannot_be_computed_name_the_reason(
    raters: list[int], pictures: list[int], why: str
) -> None:
    group = AnswerGroup(np.array(raters, int), np.array(pictures, int), np.ones(len(raters)))
    other = crossed(np.eye(3))
    assert (
        missing_interval_reason(group)
        == missing_interval_reason(group, other)
        == missing_interval_reason(other, group)
        == why
    )
    for interval in (share_interval(group), difference_interval(group, other)):
        assert (interval is None) == bool(why)
    assert math.isnan(group.share) == (not raters)


def test_all_or_none_have_wide_intervals() -> None:
    """If ten raters all say "real" about five pictures, this proves no more than five answers."""
    low, high = share_interval(crossed(np.ones((10, 5)))) or (0, 0)
    assert high == 1
    assert low == pytest.approx(5 / (5 + stats.t.ppf(0.975, 4) ** 2))
    assert share_interval(crossed(np.zeros((10, 5)))) == pytest.approx((0, 1 - low))


def test_intervals_of_one_design_cover_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """This design is quick; benchmarks/survey_coverage.py prints more designs."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    from survey_coverage import Design, coverage

    share, difference = coverage(Design(20, 20, 20, 1, (0.5, 0.4, 0.3)), 120, 1)
    assert all(0.9 <= value <= 0.995 for value in (*share, *difference))


def answers(*given: str) -> list[Answer]:
    """Answers of raters: "r" for real, "n" for not real."""
    return [
        Answer(rater, place, 0, said == "r", 0.0, 1.0)
        for rater, text in enumerate(given)
        for place, said in enumerate(text)
    ]


def test_raters_are_excluded_by_the_rule() -> None:
    given = answers("r" * 10, "r" * 9, "n" * 40, "r" * 39 + "n", "rn" * 20, "")
    assert uniform_raters(given, 40) == {0: True, 2: False}
    assert uniform_raters(given, 9) == {0: True, 1: True, 2: False}
    assert [minimum_answers(each) for each in (1, 5, 6, 9, 10, 40)] == [5, 5, 6, 9, 10, 10]
    assert uniform_raters(answers("rrrr"), 4) == {}
