"""Metrics of a whole set of pictures, from the stored features of results and originals.

A value of a set has no values of single pictures. But each picture has an influence on it, and the
value plus the influence of each picture has the value as its mean. So intervals, and differences of
plugins, are computed from these as from scores of pictures: by the bootstrap over pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.protocol import Protocol
from colortk.harness.result_reader import ResultReader
from colortk.harness.scoring import failed, finite
from colortk.harness.sources import Source
from colortk.plugin.spec import MetricSpec, load_callable
from colortk.runtime.loading import plugin_context
from colortk.types import Float32, Float64

#: With fewer pictures, a report warns that values depend on the number of pictures.
MIN_SET_PICTURES = 2000


@dataclass(frozen=True)
class SetScores:
    """Metrics of a set of pictures.

    Parameters
    ----------
    specs : dict of str to MetricSpec
        The metrics, by name.
    tables : dict of str to ndarray
        float64 (pictures, plugins) by name: the value of each plugin plus the influence of each
        picture on it; NaN for a picture without features.
    errors : dict of str to str
        Why a metric has no value, by name.
    """

    specs: dict[str, MetricSpec] = field(default_factory=dict)
    tables: dict[str, Float64] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def feature_metrics(specs: Mapping[str, MetricSpec]) -> dict[str, MetricSpec]:
    """Return one metric for each function that computes features: several may share them."""
    first: dict[str, MetricSpec] = {}
    for spec in specs.values():
        first.setdefault(spec.function, spec)
    return {spec.name: spec for spec in first.values()}


def measure_sets(
    specs: Mapping[str, MetricSpec],
    codes: Mapping[str, str],
    sources: Sequence[Source],
    variants: Sequence[PluginVariant],
    protocol: Protocol,
    results: ResultReader,
    advance: Callable[[int], None] = lambda n: None,
) -> SetScores:
    """Compute metrics of sets from stored features.

    Parameters
    ----------
    specs : dict of str to MetricSpec
        The metrics, by name.
    codes : dict of str to str
        Digest of each metric's code, by name; those of :func:`feature_metrics` are needed.
    sources : sequence of Source
        The pictures that count.
    variants : sequence of PluginVariant
        The plugins.
    protocol : Protocol
        How pictures were prepared.
    results : ResultReader
        The store.
    advance : callable
        Called with 1 when a plugin is done.
    """
    places = {source.picture: k for k, source in enumerate(sources)}
    scores = SetScores(dict(specs))
    for name in specs:
        scores.tables[name] = np.full((len(sources), len(variants)), np.nan)
    for representative in feature_metrics(specs).values():
        function, code = representative.function, codes[representative.name]
        sharing = {n: spec for n, spec in specs.items() if spec.function == function}
        truth = results.features(protocol.hash, None, function, code, places)
        for k, variant in enumerate(variants):
            result = results.features(protocol.hash, variant.key, function, code, places)
            advance(1)
            if truth.shape != result.shape:  # nothing is stored of one of them
                continue
            used = ~(np.isnan(truth).any(1) | np.isnan(result).any(1))
            if used.sum() < 2:
                continue
            for name, spec in sharing.items():
                try:
                    values = _values(spec, _rows(truth, used), _rows(result, used))
                except Exception as error:  # a metric of another package may fail in any way
                    scores.errors[name] = failed(name, error, spec.set_function)
                else:
                    scores.tables[name][used, k] = values
    return scores


def _rows(features: Float32, used: Any) -> Float32:
    return features if used.all() else features[used]


def _values(spec: MetricSpec, truth: Float32, result: Float32) -> Float64:
    """Return the value of a set plus the influence of each picture, (N,)."""
    with plugin_context():
        value, influence = load_callable(spec.set_function)(truth, result)
        influence = np.asarray(influence, np.float64)
        if influence.shape != (len(truth),):
            raise ValueError(f"it returned influences {influence.shape}, not ({len(truth)},)")
        return finite(value) + influence
