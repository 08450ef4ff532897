"""Which plugins the pictures separate, pair by pair, and the ranks and letters that follow.

The verdict on two plugins depends only on their own scores: no other plugin can change it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement
from string import ascii_letters
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from colortk.harness.intervals import UNBOUNDED
from colortk.harness.statistics import SIGNIFICANT, Difference, column_differences, holm
from colortk.types import Float64


@dataclass(frozen=True)
class PairVerdict:
    """The comparison of two plugins on the pictures that both have.

    Parameters
    ----------
    first, second : int
        Indices of the plugins.
    difference : Difference
        The first minus the second.
    p : float or None
        Its p-value, corrected if both plugins are in the family.
    separated : bool
        The pictures separate the two; the one with the better mean is better.
    """

    first: int
    second: int
    difference: Difference
    p: float | None
    separated: bool


class ScoredMetric(NamedTuple):
    """Scores, (N, K), NaN where there is none; the better direction; the bounds of a score."""

    values: Float64
    higher_is_better: bool | None
    bounds: tuple[float, float] = UNBOUNDED


@dataclass(frozen=True)
class Verdicts:
    """Verdicts of one metric on K plugins.

    Parameters
    ----------
    order : list of int
        Indices by mean score, the best first; plugins that lack pictures are last.
    pairs : list of PairVerdict
        Every pair that has a picture in common.
    ranks : list of int or None
        1 for the best; ``None`` unless the pictures separate a plugin from every other complete
        plugin.
    letters : list of str
        Two plugins share a letter if and only if the pictures do not separate them (compact letter
        display); empty for plugins that lack pictures.
    counts : list of int
        Number of scores of each plugin.
    pictures : int
        Number of pictures with any score.
    comparisons : int
        Pairs behind ranks and letters.
    """

    order: list[int]
    pairs: list[PairVerdict]
    ranks: list[int | None]
    letters: list[str]
    counts: list[int]
    pictures: int
    comparisons: int

    @property
    def complete(self) -> list[bool]:
        """Whether each plugin has a score of every picture that any has a score of."""
        return [bool(self.pictures) and count == self.pictures for count in self.counts]


def verdicts(
    values: Float64,
    higher_is_better: bool | None,
    family: Collection[int] = (),
    bounds: tuple[float, float] = UNBOUNDED,
) -> Verdicts:
    """Compare every two of K plugins by one measure.

    Parameters
    ----------
    values
        Scores, (N, K), NaN where there is none.
    higher_is_better
        ``None``: the metric has no better direction, and no plugin gets a rank or a letter.
    family
        Places of plugins all pairs of which are corrected together (Holm 1979). Every other pair
        is tested by itself at the 95 % level.
    bounds
        The lowest and the highest value that a score can have.
    """
    return metric_verdicts([ScoredMetric(values, higher_is_better, bounds)], family)[0]


def metric_verdicts(
    metrics: Sequence[ScoredMetric], family: Collection[int] = ()
) -> list[Verdicts]:
    """Compare every two of K plugins by each of several metrics; see :func:`verdicts`.

    For all metrics at once, the pictures of large sets are resampled only once.
    """
    width = metrics[0].values.shape[1] if metrics else 0
    couples = list(combinations(range(width), 2))
    pairs = metric_pairs(metrics, couples, family)
    return [_verdicts(metric, of_metric) for metric, of_metric in zip(metrics, pairs, strict=True)]


def _verdicts(metric: ScoredMetric, pairs: list[PairVerdict]) -> Verdicts:
    width = metric.values.shape[1]
    present = ~np.isnan(metric.values)
    counts = [int(count) for count in present.sum(0)]
    pictures = int(present.any(1).sum())
    complete = [bool(pictures) and count == pictures for count in counts]
    order = _order(metric.values, complete, metric.higher_is_better)
    ranked = [] if metric.higher_is_better is None else [k for k in order if complete[k]]
    separated = np.zeros((width, width), bool)
    for pair in pairs:
        separated[pair.first, pair.second] = separated[pair.second, pair.first] = pair.separated
    return Verdicts(
        order,
        pairs,
        _ranks(ranked, separated),
        compact_letters(ranked, separated),
        counts,
        pictures,
        len(ranked) * (len(ranked) - 1) // 2,
    )


def metric_pairs(
    metrics: Sequence[ScoredMetric],
    couples: Sequence[tuple[int, int]],
    family: Collection[int] = (),
) -> list[list[PairVerdict]]:
    """Compare some pairs of plugins by several metrics, pairs without a common picture left out.

    Arguments as of :func:`verdicts`. The whole family corrects each of its pairs, whether or not
    ``couples`` has all of them.
    """
    if not metrics:
        return []
    related = list(combinations(sorted(set(family)), 2))
    tested_pairs = [*couples, *related]
    width, count = metrics[0].values.shape[1], len(tested_pairs)
    all_differences = column_differences(
        np.concatenate([metric.values for metric in metrics], 1),
        [(a + k * width, b + k * width) for k in range(len(metrics)) for a, b in tested_pairs],
        [metric.higher_is_better for metric in metrics for _ in tested_pairs],
        np.array([metric.bounds for metric in metrics for _ in tested_pairs], float)
        .reshape(-1, 2).T,
    )  # fmt: skip
    return [
        _pairs(couples, related, all_differences[k * count : (k + 1) * count])
        for k in range(len(metrics))
    ]


def _pairs(
    couples: Sequence[tuple[int, int]],
    related: Sequence[tuple[int, int]],
    all_differences: Sequence[Difference | None],
) -> list[PairVerdict]:
    """Return the verdicts of one metric; differences of ``couples``, then of the family."""
    tested = [
        (frozenset(couple), d.p)
        for couple, d in zip(related, all_differences[len(couples) :], strict=True)
        if d is not None and d.p is not None
    ]
    corrected = dict(zip([c for c, _ in tested], holm([p for _, p in tested]), strict=True))
    pairs = []
    for (a, b), difference in zip(couples, all_differences, strict=False):
        if difference is None:
            continue
        p = corrected.get(frozenset((a, b)))
        is_separated = difference.separated if p is None else p <= SIGNIFICANT
        pairs.append(PairVerdict(a, b, difference, difference.p if p is None else p, is_separated))
    return pairs


def _order(values: Float64, complete: list[bool], higher_is_better: bool | None) -> list[int]:
    sign = -1 if higher_is_better else 1

    def key(k: int) -> tuple[bool, bool, float]:
        scores = values[~np.isnan(values[:, k]), k]
        return not complete[k], not len(scores), sign * float(scores.mean()) if len(scores) else 0.0

    return sorted(range(values.shape[1]), key=key)


def _ranks(ranked: list[int], separated: NDArray[np.bool_]) -> list[int | None]:
    """Return the ranks of plugins that are separated from all others; a single plugin has none."""
    ranks: list[int | None] = [None] * len(separated)
    for rank, k in enumerate(ranked, 1):
        if len(ranked) > 1 and all(separated[k, j] for j in ranked if j != k):
            ranks[k] = rank
    return ranks


def compact_letters(ranked: list[int], separated: NDArray[np.bool_]) -> list[str]:
    """Return the letters of K plugins, "" for plugins that are not in ``ranked``.

    Two of ``ranked`` (places, best first) share a letter if and only if ``separated``, (K, K), is
    false for them.

    References
    ----------
    H.-P. Piepho (2004), "An algorithm for a letter-based representation of all-pairwise
    comparisons"; J. Gramm et al. (2007), "Algorithms for compact letter displays", for growing
    one group after the other, which stays quick whatever the pairs are.
    """
    groups: list[list[int]] = []
    covered = separated.copy()
    for a, b in combinations_with_replacement(ranked, 2):
        if covered[a, b]:
            continue
        group = [a] if a == b else [a, b]
        candidates = [k for k in ranked if k not in group and not separated[k, group].any()]
        while candidates:
            # Add the plugin with the most uncovered pairs first: this needs the fewest letters.
            k = max(candidates, key=lambda k: (~covered[k, group]).sum())
            group.append(k)
            candidates = [other for other in candidates if other != k and not separated[other, k]]
        covered[np.ix_(group, group)] = True
        groups.append(group)
    letters = [""] * len(separated)
    for number, group in enumerate(groups):
        for k in group:
            letters[k] += _name(number)
    return letters


def _name(number: int) -> str:
    """Return the letter of a group: a to z, A to Z, then Unicode letters from Ā on."""
    return ascii_letters[number] if number < len(ascii_letters) else chr(0x100 + number)
