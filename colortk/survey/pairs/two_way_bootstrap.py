"""The uncertainty of strengths: raters and pictures are both drawn from larger populations.

Three bootstraps draw raters, pictures, and single answers, each with replacement. The covariance of
the strengths is that over raters plus that over pictures minus that over answers, which the first
two both contain (Cameron, Gelbach and Miller 2011). Drawing raters and pictures at the same time
(Owen's pigeonhole bootstrap, 2007) would count the chance in each answer three times.

References
----------
Cameron, A. C., J. B. Gelbach and D. L. Miller (2011). Robust inference with multiway clustering.
    Journal of Business & Economic Statistics 29: 238-249.
Owen, A. B. (2007). The pigeonhole bootstrap. Annals of Applied Statistics 1: 386-411.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from colortk.survey.pairs.bradley_terry import Floats, strengths

Integers = npt.NDArray[np.intp]
#: Bootstrap samples of each of the three kinds.
SAMPLES = 1000


@dataclass(frozen=True)
class Comparisons:
    """Choices as arrays of the same length.

    Parameters
    ----------
    raters, pictures : ndarray
        Rater and picture of each choice, numbers from 0 without gaps.
    winners, losers : ndarray
        The version that was chosen, and the other one, from 0.
    count : int
        Number of versions.
    """

    raters: Integers
    pictures: Integers
    winners: Integers
    losers: Integers
    count: int

    @property
    def wins(self) -> Floats:
        """(K, K): how often the row was preferred to the column."""
        wins: Floats = self._wins_by(np.zeros_like(self.raters), 1)[0]
        return wins

    def wins_by_rater(self) -> Floats:
        """(R, K, K): the wins of each rater."""
        return self._wins_by(self.raters, int(self.raters.max(initial=-1)) + 1)

    def wins_by_picture(self) -> Floats:
        """(N, K, K): the wins of each picture."""
        return self._wins_by(self.pictures, int(self.pictures.max(initial=-1)) + 1)

    def _wins_by(self, groups: Integers, size: int) -> Floats:
        cell = (groups * self.count + self.winners) * self.count + self.losers
        counts = np.bincount(cell, minlength=size * self.count**2)
        return counts.reshape(size, self.count, self.count).astype(np.float64)


@dataclass(frozen=True)
class Uncertainty:
    """Covariances (K, K) of the strengths over raters, pictures and answers.

    ``rater_count`` and ``picture_count``: how many of them there are.
    """

    raters: Floats
    pictures: Floats
    answers: Floats
    rater_count: int
    picture_count: int

    def variance(self, contrast: Floats) -> tuple[float, float]:
        """Return the variance of a contrast of strengths and its degrees of freedom.

        It is at least that of independent answers. The degrees of freedom are Satterthwaite's.
        """
        raters, pictures, answers = (
            float(contrast @ matrix @ contrast)
            for matrix in (self.raters, self.pictures, self.answers)
        )
        variance = max(raters + pictures - answers, answers)
        spread = raters**2 / (self.rater_count - 1) + pictures**2 / (self.picture_count - 1)
        return variance, max(1.0, variance**2 / spread) if spread else 1.0

    def interval(self, contrast: Floats, value: float) -> tuple[float, float]:
        """Return the 95 % interval of a contrast whose estimate is ``value``."""
        variance, freedom = self.variance(contrast)
        half = float(stdtrit(freedom, 0.975)) * math.sqrt(variance)
        return value - half, value + half

    def p_value(self, contrast: Floats, value: float) -> float:
        """Return the two-sided p-value of the hypothesis that a contrast is 0."""
        variance, freedom = self.variance(contrast)
        if variance == 0:
            return 1.0
        return float(2 * stdtr(freedom, -abs(value) / math.sqrt(variance)))


def uncertainty(
    comparisons: Comparisons, seed: int = 0, samples: int = SAMPLES
) -> Uncertainty | None:
    """Return the covariances of the strengths.

    Parameters
    ----------
    comparisons : Comparisons
        The choices.
    seed : int
        Seed of the bootstraps.
    samples : int
        Samples of each bootstrap.

    Returns
    -------
    Uncertainty or None
        ``None`` with fewer than two raters or two pictures: how they differ is not known.
    """
    by_rater, by_picture = comparisons.wins_by_rater(), comparisons.wins_by_picture()
    rater_count, picture_count = len(by_rater), len(by_picture)
    if rater_count < 2 or picture_count < 2:
        return None
    random = np.random.default_rng(seed)
    total = int(comparisons.wins.sum())
    cells = comparisons.wins.ravel() / total
    answers = random.multinomial(total, cells, samples).reshape(samples, *comparisons.wins.shape)
    return Uncertainty(
        _covariance(_resampled(by_rater, random, samples)) * rater_count / (rater_count - 1),
        _covariance(_resampled(by_picture, random, samples)) * picture_count / (picture_count - 1),
        _covariance(answers.astype(np.float64)),
        rater_count,
        picture_count,
    )


def _resampled(wins: Floats, random: np.random.Generator, samples: int) -> Floats:
    """Return the wins (samples, K, K) of groups that are drawn with replacement."""
    groups = len(wins)
    weights = random.multinomial(groups, np.full(groups, 1 / groups), samples)
    drawn: Floats = (weights @ wins.reshape(groups, -1)).reshape(samples, *wins.shape[1:])
    return drawn


def _covariance(wins: Floats) -> Floats:
    covariance: Floats = np.atleast_2d(np.cov(strengths(wins), rowvar=False))
    return covariance
