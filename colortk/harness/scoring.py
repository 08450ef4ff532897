"""Score a result against an original with metrics, built-in or from other packages."""

from __future__ import annotations

import math
import numbers
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from colortk.errors import ColortkError, UsageError
from colortk.harness.metrics.pair import Pair, Truth
from colortk.plugin.registry import registry
from colortk.plugin.spec import MetricSpec, load_callable
from colortk.runtime.loading import plugin_context
from colortk.runtime.plugin_errors import reason
from colortk.types import Array

#: Largest number that a metric may return: the squares of larger ones overflow in intervals.
MAX_VALUE = 1e100


@dataclass
class Scores:
    """Scores of one result.

    Parameters
    ----------
    values, errors : dict
        Scores, and the errors of metrics that failed, by name of the metric.
    seconds : float
        Time that all metrics took.
    """

    values: dict[str, float] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class Scorer:
    """Score results with some metrics, which are looked up once.

    Parameters
    ----------
    names : sequence of str
        Metrics of pictures.

    Raises
    ------
    UsageError
        If a metric is unknown, or scores films.
    PluginError
        If a metric is broken.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.specs: dict[str, MetricSpec] = {name: registry().metric(name) for name in names}
        for name, spec in self.specs.items():
            if spec.takes in ("film", "set"):
                kind = "films" if spec.takes == "film" else "sets of pictures"
                raise UsageError(f"metric '{name}' scores {kind}, not pictures")
        self._functions: dict[str, Callable[..., Any]] = {}

    def __call__(self, truth: Truth, result: Array) -> Scores:
        """Score a result.

        Parameters
        ----------
        truth : Truth
            The original.
        result : ndarray
            sRGB uint8 (H, W, 3).

        Raises
        ------
        UsageError
            If the result is not a picture of the original's size.
        """
        return self.score(Pair(truth, result))

    def score(self, pair: Pair) -> Scores:
        """Score a pair. If a metric fails, only its own value is missing."""
        start = time.perf_counter()
        scores = Scores()
        with plugin_context():
            for name, spec in self.specs.items():
                try:
                    scores.values[name] = self._value(spec, pair)
                except KeyboardInterrupt:
                    raise
                except BaseException as error:  # SystemExit, too, is a failure of the metric.
                    scores.errors[name] = failed(name, error, spec.function)
        scores.seconds = time.perf_counter() - start
        return scores

    def _value(self, spec: MetricSpec, pair: Pair) -> float:
        function = self._functions.get(spec.name)
        if function is None:
            function = self._functions[spec.name] = load_callable(spec.function)
        if spec.takes == "pair":
            value = function(pair)
        elif spec.needs_reference:
            value = function(pair.truth.pixels, pair.result.pixels)
        else:
            value = function(pair.result.pixels)
        return finite(value)


def finite(value: Any) -> float:
    """Return a metric's value as a finite float; raises ``TypeError`` or ``ValueError``."""
    if not isinstance(value, numbers.Real):
        raise TypeError(f"it returned {type(value).__name__}, not a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"it returned {number}, not a finite number")
    if abs(number) > MAX_VALUE:
        raise ValueError(f"it returned {number:.3g}, beyond ±{MAX_VALUE:g}")
    return number


def failed(name: str, error: BaseException, function: str) -> str:
    """Return why a metric has no value, in one line.

    Parameters
    ----------
    name : str
        Name of the metric.
    error : BaseException
        What its function raised.
    function : str
        Import path of the function. The line of its package that failed is named.
    """
    text = str(error) if isinstance(error, ColortkError) else reason(error, function)
    return f"metric '{name}': {text}"
