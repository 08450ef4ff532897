"""The pictures whose scores differ most between two plugins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from colortk.errors import UsageError
from colortk.harness.comparison import Comparison
from colortk.harness.duplicate_pixels import duplicate_pixels
from colortk.harness.json_values import to_json_value
from colortk.harness.outcome import Outcome
from colortk.harness.paired_tests import PairedTest, paired_tests
from colortk.harness.plugin_variants import parse_variants
from colortk.harness.protocol import load_protocol
from colortk.harness.results import Results
from colortk.harness.runner import metric_digests
from colortk.harness.score_table import HEADLINE, LEAD
from colortk.harness.sources import Source
from colortk.plugin.registry import registry


@dataclass(frozen=True)
class DifferenceMetric:
    """The metric that two plugins are compared by."""

    name: str
    label: str
    digits: int
    definition: str
    higher_is_better: bool | None


@dataclass(frozen=True)
class PictureDifference:
    """One picture, the scores of both plugins, and the first minus the second.

    ``picture`` is the SHA-256 (hex) of the original's file, ``name`` its path.
    """

    name: str
    picture: str
    scores: list[float]
    difference: float


@dataclass(frozen=True)
class ScoreDifferences:
    """Two plugins on the same pictures.

    Parameters
    ----------
    metric : DifferenceMetric
        Kind of the scored originals.
    plugins : list of str
        The two labels.
    images : int
        Number of pictures with both scores.
    mean : list of float
        Mean score of each plugin over these pictures.
    pictures : list of PictureDifference
        The pictures, largest difference first.
    tests : list of PairedTest
        Tests of the mean difference, by metric.
    """

    metric: DifferenceMetric
    plugins: list[str]
    images: int
    mean: list[float]
    pictures: list[PictureDifference]
    tests: list[PairedTest]

    def as_dict(self) -> dict[str, Any]:
        """Return the differences as ``colortk diff --json`` prints them."""
        values: dict[str, Any] = to_json_value(self)
        return values


def stored_comparison(
    results: Results, first: str, second: str, metric: str | None = None
) -> Comparison:
    """Return the stored scores of two plugins on the pictures that both were scored on.

    Parameters
    ----------
    results : Results
        The store.
    first, second : str
        Plugins, as for ``colortk compare -p``.
    metric : str, optional
        The metric; by default the one that ranks.

    Raises
    ------
    UsageError
        If there is no such picture.
    """
    protocol = load_protocol()
    variants = parse_variants([first, second])
    name = metric or LEAD
    names = [metric] if metric else list(HEADLINE)
    codes = metric_digests(names)
    rows = {v.label: results.results(protocol.hash, v.key, codes) for v in variants}
    stored = results.pictures(protocol.hash)
    both = set(stored).intersection(*(table.with_score(name) for table in rows.values()))
    if not both:
        raise UsageError(
            f"no stored scores of '{first}' and '{second}' on the same pictures",
            f"no {name} of both",
            "choose another --metric, name pictures, or run colortk compare on them first",
        )
    ordered = sorted(both, key=lambda digest: stored[digest].name)
    duplicates = duplicate_pixels(ordered, stored)
    pictures = {digest: stored[digest] for digest in ordered if digest not in duplicates}
    sources = [Source(row.name, digest) for digest, row in pictures.items()]
    specs = {name: registry().metric(name) for name in names}
    return Comparison(protocol, sources, variants, specs, Outcome(pictures, rows))


def score_differences(
    comparison: Comparison, first: str, second: str, metric: str | None = None
) -> ScoreDifferences:
    """Sort pictures by how much the scores of two plugins differ, the largest difference first.

    Parameters
    ----------
    comparison : Comparison
        Scores of both plugins.
    first, second : str
        Labels of the plugins.
    metric : str, optional
        The metric that sorts the pictures; by default the one that ranks. If it is given, only its
        difference is tested.

    Raises
    ------
    UsageError
        If no picture has scores of both.
    """
    tested = [metric] if metric else []
    metric = metric or comparison.lead
    labels = [variant.label for variant in comparison.variants]
    values = comparison.values(metric)[:, [labels.index(first), labels.index(second)]]
    both = np.flatnonzero(~np.isnan(values).any(1))
    if not len(both):
        gray = comparison.near_gray and not comparison.candidates
        reason = (
            "every original is gray and left out" if gray else f"no picture has {metric} of both"
        )
        raise UsageError(f"'{first}' and '{second}' have no score in common", reason)
    spec = comparison.metrics[metric]
    rows = [
        PictureDifference(
            comparison.used[k].name,
            comparison.used[k].picture,
            [float(value) for value in values[k]],
            float(values[k, 0] - values[k, 1]),
        )
        for k in both
    ]
    rows.sort(key=lambda row: -abs(row.difference))
    definition = spec.definition or spec.summary
    return ScoreDifferences(
        DifferenceMetric(
            metric, spec.label or metric, spec.digits, definition, spec.higher_is_better
        ),
        [first, second],
        len(rows),
        [float(value) for value in values[both].mean(0)],
        rows,
        paired_tests(comparison, first, second, tested),
    )
