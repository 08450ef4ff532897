"""Rank aggregation, agreement and power, against published values and simulated raters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from colortk.survey.pairs.agreement import agreement
from colortk.survey.pairs.bradley_terry import connected, elo, strengths
from colortk.survey.pairs.findings import holm
from colortk.survey.pairs.plan import PairDesign
from colortk.survey.pairs.power import needed_raters
from colortk.survey.pairs.two_way_bootstrap import Comparisons, uncertainty
from pair_simulations import SPREADS, Population


@pytest.mark.parametrize("seed", range(5))
def test_strengths_maximize_the_likelihood(seed: int) -> None:
    """A general optimizer finds the same maximum."""
    random = np.random.default_rng(seed)
    wins = random.integers(1, 30, (5, 5)).astype(float)
    np.fill_diagonal(wins, 0)

    def loss(values: np.ndarray) -> float:
        difference = values[:, None] - values[None, :]
        return float((wins * np.logaddexp(0, -difference)).sum())

    expected = minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-8}).x
    found = strengths(wins, prior=0)
    assert found == pytest.approx(expected - expected.mean(), abs=1e-5)
    # The likelihood equations: expected wins equal those observed.
    chance = 1 / (1 + np.exp(found[None, :] - found[:, None]))
    assert ((wins + wins.T) * chance).sum(1) == pytest.approx(wins.sum(1), abs=1e-6)


def test_two_versions_have_a_closed_form() -> None:
    found = strengths(np.array([[0.0, 30], [10, 0]]), prior=0)
    assert found[0] - found[1] == pytest.approx(math.log(3))
    ratings = elo(found)
    assert ratings[0] - ratings[1] == pytest.approx(400 * math.log10(3))
    assert ratings.mean() == pytest.approx(1500)


def test_a_version_that_always_wins_has_a_finite_strength() -> None:
    wins = np.array([[0.0, 9, 9], [0, 0, 5], [0, 4, 0]])
    found = strengths(wins)
    assert np.isfinite(found).all()
    assert found[0] > 2
    assert connected(wins)
    assert not connected(np.array([[0.0, 3, 0], [1, 0, 0], [0, 0, 0]]))


def test_krippendorff_published_example() -> None:
    """Krippendorff 2011, section C: nominal data, four observers, missing values: 0.743."""
    units = [
        [1, 1, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
        [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [5, 5, 5], [1, 1], [3],
    ]  # fmt: skip
    found = agreement(units)
    assert found.alpha == pytest.approx(0.743, abs=5e-4)
    assert (found.questions, found.answers) == (11, 40)
    assert agreement([[1], [2]]).alpha is None
    assert agreement([[1, 1], [1, 1]]).alpha is None


def test_holm() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def _contrast(count: int, i: int, j: int) -> np.ndarray:
    weights = np.zeros(count)
    weights[i], weights[j] = 1, -1
    return weights


def test_the_variance_of_independent_answers() -> None:
    """Without effects of raters and pictures, it is the inverse of the Fisher information."""
    random = np.random.default_rng(1)
    survey = Population(np.array([0.5, -0.5]), 0, 0).survey(
        PairDesign(1, 40, (0, 1), 40), 40, random
    )
    found = uncertainty(survey, 1, 2000)
    assert found is not None
    contrast = _contrast(2, 0, 1)
    chance = 1 / (1 + math.exp(-1))
    fisher = 1 / (len(survey.raters) * chance * (1 - chance))
    assert contrast @ found.answers @ contrast == pytest.approx(fisher, rel=0.15)
    assert found.variance(contrast)[0] == pytest.approx(fisher, rel=0.6)


def test_power_needs_more_raters_for_smaller_differences() -> None:
    random = np.random.default_rng(2)
    survey = Population(np.array([0.3, 0, -0.3]), 0.3, 0).survey(
        PairDesign(1, 20, (0, 1, 2), 20), 10, random
    )
    found = uncertainty(survey)
    assert found is not None
    contrast = _contrast(3, 0, 1)
    few, many = (needed_raters(found, contrast, difference).total for difference in (2.0, 0.6))
    assert few is not None
    assert many is None or many > few
    assert needed_raters(found, contrast, 1e-9).total is None


def test_one_rater_has_no_uncertainty() -> None:
    rows = np.array([0, 1], np.intp)
    assert uncertainty(Comparisons(rows * 0, rows, rows, 1 - rows, 2)) is None


SIMULATIONS = 40


@pytest.mark.slow
@pytest.mark.parametrize("effects", SPREADS)
def test_intervals_hold_the_truth(effects: str) -> None:
    """About 95 % of the intervals of simulated surveys hold the true strengths.

    ``python -m pytest tests/test_pair_statistics.py -k intervals -s`` prints the shares.
    """
    truth_of = Population(np.array([0.8, 0.2, -0.1, -0.9]), *SPREADS[effects])
    truth = truth_of.truth()
    random = np.random.default_rng(7)
    held = []
    for seed in range(SIMULATIONS):
        survey = truth_of.survey(PairDesign(seed, 30, (0, 1, 2, 3), 15), 20, random)
        values, found = strengths(survey.wins), uncertainty(survey, seed, 300)
        assert found is not None
        for i in range(4):
            for j in range(i):
                low, high = found.interval(_contrast(4, i, j), values[i] - values[j])
                held.append(low <= truth[i] - truth[j] <= high)
    share = float(np.mean(held))
    print(f"{effects}: {share:.3f} of {len(held)} intervals")
    assert 0.9 <= share <= 0.998
