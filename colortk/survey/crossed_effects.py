"""Intervals of shares that account for the choice of raters and of pictures.

Answers of one rater have something in common, and so have answers about one picture: raters and
pictures are crossed random effects, both drawn from larger populations. An interval that takes all
answers as independent is too narrow.

The variance of a share is estimated by moments, without a distribution of the effects: the variance
over raters plus the variance over pictures minus the variance over answers, which both contain
(Cameron, Gelbach and Miller 2011; for crossed random effects see Gao and Owen 2017). Owen's (2007)
pigeonhole bootstrap estimates the same, but counts the residual variance of each answer three
times, which is most of the variance of a yes or no: its intervals are up to 1.7 times too wide.

References
----------
Cameron, A. C., J. B. Gelbach and D. L. Miller (2011). Robust inference with multiway clustering.
    Journal of Business & Economic Statistics 29: 238-249.
Gao, K. and A. B. Owen (2017). Efficient moment calculations for variance components in large
    unbalanced crossed random effects models. Electronic Journal of Statistics 11: 1235-1296.
Korn, E. L. and B. I. Graubard (1998). Confidence intervals for proportions with small expected
    number of positive counts estimated from survey data. Survey Methodology 24: 193-201.
Owen, A. B. (2007). The pigeonhole bootstrap. Annals of Applied Statistics 1: 386-411.
Zou, G. Y. and A. Donner (2008). Construction of confidence limits about effect measures: a general
    approach. Statistics in Medicine 27: 1693-1702.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from colortk.survey.answers import Answer
from colortk.survey.proportions import Interval, wilson

Integers = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AnswerGroup:
    """Answers about one condition.

    Parameters
    ----------
    raters, pictures
        Rater and picture of each answer, (n,), numbers from 0.
    real
        1 for the answer "real", 0 for the other, (n,).
    """

    raters: Integers
    pictures: Integers
    real: Floats

    @classmethod
    def of(cls, answers: Iterable[Answer]) -> AnswerGroup:
        """Return the group of some answers."""
        rows = [(a.rater, a.picture, a.real) for a in answers]
        table = np.array(rows, dtype=np.int64).reshape(-1, 3)
        return cls(
            table[:, 0].astype(np.intp), table[:, 1].astype(np.intp), table[:, 2].astype(np.float64)
        )

    @property
    def share(self) -> float:
        """Share of the answer "real"; NaN without answers."""
        return float(self.real.mean()) if len(self.real) else math.nan

    @property
    def influence(self) -> Floats:
        """By how much each answer moves the share, (n,)."""
        moved: Floats = (self.real - self.real.mean()) / max(1, len(self.real))
        return moved


def missing_interval_reason(*groups: AnswerGroup) -> str:
    """Return why no interval can be computed for these groups together, or ""."""
    for group in groups:
        if not len(group.real):
            return "no answers"
    for axis, name in (("raters", "rater"), ("pictures", "picture")):
        for group in groups:
            if len(np.unique(getattr(group, axis))) < 2:
                return f"only one {name}: how {axis} differ is not known"
    return ""


def share_interval(group: AnswerGroup) -> Interval | None:
    """95 % interval of a share, for other raters and other pictures.

    Wilson's interval with the effective number of answers: as many independent answers as would
    vary as much (Korn and Graubard 1998), at most as many as there are. If all answers are the
    same, their variance says nothing: then the effective number is the number of raters or of
    pictures, whichever is smaller.

    Returns
    -------
    tuple of float or None
        Lower and upper end; ``None`` where :func:`missing_interval_reason` says why.
    """
    if missing_interval_reason(group):
        return None
    share, n = group.share, len(group.real)
    if share in (0.0, 1.0):
        effective = float(min(len(np.unique(group.raters)), len(np.unique(group.pictures))))
        return wilson(share, effective, _quantile(effective - 1))
    variance, freedom = _variance(group)
    binomial = share * (1 - share) / n
    return wilson(share, n * binomial / max(variance, binomial), _quantile(freedom))


def difference_interval(first: AnswerGroup, second: AnswerGroup) -> Interval | None:
    """95 % interval of the share of ``first`` minus the share of ``second``.

    The ends come from both shares' intervals and the correlation of the shares (Zou and Donner
    2008): raters who call everything real raise both.

    Returns
    -------
    tuple of float or None
        Lower and upper end within -1 and 1; ``None`` where :func:`missing_interval_reason` says
        why.
    """
    first_interval, second_interval = share_interval(first), share_interval(second)
    if first_interval is None or second_interval is None:
        return None
    difference = first.share - second.share
    correlation = _correlation(first, second)
    down, up = first.share - first_interval[0], first_interval[1] - first.share
    other_down, other_up = second.share - second_interval[0], second_interval[1] - second.share
    below = down**2 + other_up**2 - 2 * correlation * down * other_up
    above = up**2 + other_down**2 - 2 * correlation * up * other_down
    low, high = difference - math.sqrt(max(0, below)), difference + math.sqrt(max(0, above))
    return max(-1.0, low), min(1.0, high)


def _covariances(first: AnswerGroup, second: AnswerGroup) -> tuple[float, float]:
    """Covariance of two shares over raters, and over pictures."""
    parts = []
    for first_rows, second_rows in (
        (first.raters, second.raters),
        (first.pictures, second.pictures),
    ):
        size, count = (
            int(max(first_rows.max(), second_rows.max())) + 1,
            len(np.union1d(first_rows, second_rows)),
        )
        sums = (
            np.bincount(first_rows, first.influence, size),
            np.bincount(second_rows, second.influence, size),
        )
        parts.append(float(sums[0] @ sums[1]) * count / (count - 1))
    return parts[0], parts[1]


def _variance(group: AnswerGroup) -> tuple[float, float]:
    """Variance of a share over raters and pictures, and its degrees of freedom (Satterthwaite)."""
    raters, pictures = _covariances(group, group)
    answers = float(group.influence @ group.influence)
    variance = max(raters + pictures - answers, answers)
    spread = raters**2 / (len(np.unique(group.raters)) - 1)
    spread += pictures**2 / (len(np.unique(group.pictures)) - 1)
    return variance, max(1.0, variance**2 / spread) if spread else 1.0


def _correlation(first: AnswerGroup, second: AnswerGroup) -> float:
    """Correlation of the shares of two conditions; 0 where one of them does not vary.

    No answer is about both conditions: a rater sees a picture once.
    """
    product = _variance(first)[0] * _variance(second)[0]
    if not product:
        return 0.0
    return float(np.clip(sum(_covariances(first, second)) / math.sqrt(product), -1, 1))


def _quantile(freedom: float) -> float:
    return float(stdtrit(freedom, 0.975))
