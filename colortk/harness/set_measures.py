"""Measures of a whole set of pictures, which no single picture has a value of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from colortk.harness.statistics import MetricMean, summaries
from colortk.plugin.spec import MetricSpec
from colortk.types import Float64

#: Columns after which the set-level ΔCF is inserted: the first of these that a table has.
AFTER = ("colorfulness_error", "colorfulness")
#: ``higher_is_better`` is ``None``: plugins are ranked by values of single pictures.
SET_DELTA_CF = MetricSpec(
    "colorfulness_gap",
    "Difference of the mean colorfulness of the results to that of the originals",
    "",
    None,
    chroma=True,
    digits=2,
    label="ΔCF set",
    source="Hasler and Süsstrunk 2003",
    definition=(
        "set-level ΔCF: |mean CF of the results − mean CF of the originals|, over the pictures "
        "that have both; lower is closer; never larger than the mean ΔCF by picture"
    ),
)


@dataclass(frozen=True)
class ColorfulnessGap:
    r"""The set-level ΔCF of one plugin.

    Parameters
    ----------
    truth : float
        Mean colorfulness of the originals that have a result.
    difference : float
        \|mean of the results - mean of these originals\|.
    ci95 : (float, float) or None
        Interval of the difference of the means, folded at zero, as its sign is left out.
    n : int
        Number of pictures with a result.
    """

    truth: float
    difference: float
    ci95: tuple[float, float] | None
    n: int


def set_delta_cf(results: Float64, originals: Float64) -> list[ColorfulnessGap | None]:
    """Return the set-level ΔCF of each of K plugins; ``None`` without a result.

    Parameters
    ----------
    results
        float64 (N, K), colorfulness of each result, NaN where there is none.
    originals
        float64 (N,), colorfulness of each original.
    """
    means = summaries(results - originals[:, None])
    return [
        None if mean is None else _gap(mean, float(originals[~np.isnan(column)].mean()))
        for mean, column in zip(means, results.T, strict=True)
    ]


def _gap(mean: MetricMean, truth: float) -> ColorfulnessGap:
    ci95 = mean.ci95
    if ci95 is not None:
        low, high = sorted(map(abs, ci95))
        ci95 = (0.0 if ci95[0] <= 0 <= ci95[1] else low, high)
    return ColorfulnessGap(truth, abs(mean.mean), ci95, mean.n)


def with_set_measures(names: Iterable[str]) -> list[str]:
    """Insert the set-level ΔCF into names of metrics, after the other measures of colorfulness."""
    ordered = [name for name in names if name != SET_DELTA_CF.name]
    if "colorfulness" in ordered:
        previous = next(name for name in AFTER if name in ordered)
        ordered.insert(ordered.index(previous) + 1, SET_DELTA_CF.name)
    return ordered
