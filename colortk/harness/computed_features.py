"""Compute the features of a picture that metrics of sets compare."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from colortk.harness.metrics.pair import ScoredPicture
from colortk.harness.records import FeatureVector
from colortk.harness.scoring import failed
from colortk.plugin.registry import registry
from colortk.plugin.spec import load_callable
from colortk.runtime.loading import plugin_context

#: Name of the metric, import path of its function, digest of its code, and the function.
FeatureFunctions = tuple[tuple[str, str, str, Callable[[ScoredPicture], Any]], ...]


@dataclass
class Features:
    """Features of one picture.

    Parameters
    ----------
    vectors : dict of str to FeatureVector
        By import path of the function that computed them.
    errors : dict of str to str
        Why there are none, by name of the metric.
    seconds : float
        Time that they took.
    """

    vectors: dict[str, FeatureVector] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def feature_functions(metrics: Iterable[tuple[str, str]]) -> FeatureFunctions:
    """Import the functions of metrics of sets, which are given by name and digest of their code."""
    found = []
    with plugin_context():
        for name, code in metrics:
            path = registry().metric(name).function
            found.append((name, path, code, load_callable(path)))
    return tuple(found)


def compute(picture: ScoredPicture, functions: FeatureFunctions) -> Features:
    """Compute all features of a picture. If a function fails, only its own features are missing."""
    start, features = time.perf_counter(), Features()
    with plugin_context():
        for name, path, code, function in functions:
            try:
                vector = np.asarray(function(picture), np.float32)
                if vector.ndim != 1 or not vector.size or not np.isfinite(vector).all():
                    raise ValueError("its features are not a vector of finite numbers")
                features.vectors[path] = FeatureVector(code, vector.tobytes())
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # SystemExit, too, is a failure of the metric.
                features.errors[name] = failed(name, error, path)
    features.seconds = time.perf_counter() - start
    return features
