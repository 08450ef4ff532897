"""Comparisons of made-up scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from colortk.harness.comparison import Comparison
from colortk.harness.outcome import Outcome
from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.protocol import load_protocol
from colortk.harness.records import Key, PictureRow, ResultRow
from colortk.harness.sources import Source
from colortk.plugin.registry import registry
from colortk.runtime.loading import PluginRequest


def entry(label: str) -> PluginVariant:
    """Return a plugin that is not installed."""
    return PluginVariant(label, PluginRequest(label), 1.0, Key(label, "", "{}", "code"), "", "", "")


def compared(
    tables_of: dict[str, np.ndarray],
    gray: Sequence[int] = (),
    name: str = "v2",
    labels: Sequence[str] = (),
    seconds: Sequence[float] = (),
    **more: Any,
) -> Comparison:
    """Return a comparison with scores (pictures, plugins) by metric; NaN means a failure.

    ``seconds`` are the times of each plugin for a picture.
    """
    (count, width) = next(iter(tables_of.values())).shape
    entries = [entry(label) for label in labels or [f"plugin{k}" for k in range(width)]]
    pictures, results = {}, {e.label: {} for e in entries}  # type: ignore[var-annotated]
    for i in range(count):
        chroma = 0.5 if i in gray else 30.0
        pictures[f"p{i}"] = PictureRow(f"p{i}", f"{i}.png", 9, 9, chroma, 40.0, False)
        for k, e in enumerate(entries):
            values = {m: float(t[i, k]) for m, t in tables_of.items() if not np.isnan(t[i, k])}
            error = None if values else "it broke"
            results[e.label][f"p{i}"] = ResultRow(
                f"p{i}", e.key, values, seconds=seconds[k] if seconds else 0.0, error=error
            )
    sources = [Source(f"{i}.png", f"p{i}") for i in range(count)]
    metrics = {m: registry().metric(m) for m in tables_of}
    return Comparison(
        load_protocol(name), sources, entries, metrics, Outcome(pictures, results), **more
    )
