"""Where two variants of a comparison differ most."""

from __future__ import annotations

from typing import Any

import numpy as np

from colortk.errors import UsageError
from colortk.harness.comparison import Comparison
from colortk.harness.duplicate_pixels import duplicate_pixels
from colortk.harness.outcome import Outcome
from colortk.harness.plugin_variants import parse_variants
from colortk.harness.protocol import load_protocol
from colortk.harness.results import Results
from colortk.harness.runner import metric_digests
from colortk.harness.scored_set import LEAD
from colortk.harness.sources import Source
from colortk.plugin.registry import registry


def scored_before(
    results: Results, first: str, second: str, metric: str | None = None
) -> Comparison:
    """What the store holds of two variants, on the pictures that both were scored on.

    Raises ``UsageError`` if there are none.
    """
    protocol = load_protocol()
    chosen = parse_variants([first, second])
    name = metric or LEAD
    codes = metric_digests([name])
    found = {e.label: results.results(protocol.hash, e.key, codes) for e in chosen}
    known = results.pictures(protocol.hash)
    both = set(known).intersection(
        *({p for p, row in rows.items() if name in row.values} for rows in found.values())
    )
    if not both:
        raise UsageError(
            f"nothing is known of '{first}' and '{second}' on the same pictures",
            f"no {name} of both",
            "name another --metric, or pictures, or run colortk compare on them",
        )
    ordered = sorted(both, key=lambda sha: known[sha].name)
    repeats = duplicate_pixels(ordered, known)
    pictures = {sha: known[sha] for sha in ordered if sha not in repeats}
    shown = [Source(row.name, sha) for sha, row in pictures.items()]
    spec = registry().metric(name)
    return Comparison(protocol, shown, chosen, {name: spec}, Outcome(pictures, found))


def between(comparison: Comparison, first: str, second: str, metric: str) -> dict[str, Any]:
    """The pictures by how much the scores of two labels differ, the largest difference first."""
    labels = [variant.label for variant in comparison.variants]
    values = comparison.values(metric)[:, [labels.index(first), labels.index(second)]]
    both = np.flatnonzero(~np.isnan(values).any(1))
    if not len(both):
        gray = comparison.near_gray and not comparison.candidates
        why = "every original is gray and left out" if gray else f"no picture has {metric} of both"
        raise UsageError(f"'{first}' and '{second}' have no score in common", why)
    spec = comparison.metrics[metric]
    rows = [
        {
            "name": comparison.used[k].name,
            "picture": comparison.used[k].picture,
            "scores": [float(v) for v in values[k]],
            "difference": float(values[k, 0] - values[k, 1]),
        }
        for k in both
    ]
    rows.sort(key=lambda row: -abs(row["difference"]))  # type: ignore[arg-type]
    return {
        "metric": {
            "name": metric,
            "label": spec.label or metric,
            "digits": spec.digits,
            "definition": spec.definition or spec.summary,
            "higher_is_better": spec.higher_is_better,
        },
        "plugins": [first, second],
        "images": len(rows),
        "mean": [float(v) for v in values[both].mean(0)],
        "pictures": rows,
    }
