"""Measures of a whole set of pictures, which no single picture has a value of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colortk.harness.records import described
from colortk.harness.statistics import summaries
from colortk.plugin.spec import MetricSpec

#: The set-level ΔCF stands after the one by picture, or after colorfulness.
AFTER = ("colorfulness_error", "colorfulness")
#: ``None`` of ``higher_is_better``: plugins are ranked by pictures, and there are no such values.
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
        "set-level ΔCF: |mean CF of the results − mean CF of the originals|, over the pictures that "
        "have both; lower is closer; never larger than the mean ΔCF by picture"
    ),
)


def set_delta_cf(results: NDArray[Any], originals: NDArray[Any]) -> dict[str, Any] | None:
    """Return the set-level ΔCF of one plugin.

    Parameters
    ----------
    results
        float64 (N,), colorfulness of each result, NaN where there is none.
    originals
        float64 (N,), colorfulness of each original.

    Returns
    -------
    dict or None
        ``difference``: |mean of results − mean of originals| over the pictures with a result;
        ``ci95``: the interval of the difference of the means, folded at zero, as its sign is left
        out; ``truth``: mean of those originals; ``n``: how many. ``None`` without a result.
    """
    (found,) = summaries((results - originals)[:, None])
    if found is None:
        return None
    ci95 = found.ci95
    if ci95 is not None:
        low, high = sorted(map(abs, ci95))
        ci95 = (0.0 if ci95[0] <= 0 <= ci95[1] else low, high)
    truth = float(originals[~np.isnan(results)].mean())
    return {"truth": truth, "difference": abs(found.mean), "ci95": ci95, "n": found.n}


def add_set_measures(report: dict[str, Any]) -> None:
    """Put the set-level ΔCF among the measures of a report that has colorfulness."""
    names = list(report["metrics"])
    if "colorfulness" not in names:
        return
    report["metrics"][SET_DELTA_CF.name] = described(SET_DELTA_CF)
    report["metrics"] = {name: report["metrics"][name] for name in with_set_measures(names)}
    for entry in report["plugins"]:
        if (gap := entry["colorfulness_gap"]) is not None:
            values = {"mean": gap["difference"], "median": None, "ci95": gap["ci95"], "n": gap["n"]}
            entry["metrics"][SET_DELTA_CF.name] = values


def with_set_measures(names: Iterable[str]) -> list[str]:
    """Insert the set-level ΔCF into names of metrics, beside the other measures of colorfulness."""
    found = [name for name in names if name != SET_DELTA_CF.name]
    if "colorfulness" in found:
        after = next(name for name in AFTER if name in found)
        found.insert(found.index(after) + 1, SET_DELTA_CF.name)
    return found
