"""The conformance checks of metrics. Each raises ``AssertionError`` if it fails."""

from __future__ import annotations

import contextlib
import math
import numbers
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colortk.color.cielab import lab_to_rgb8
from colortk.errors import PictureError
from colortk.plugin import Pair, Truth
from colortk.plugin.spec import MetricSpec, load_callable
from colortk.testing.check_functions import (
    NothingToCheckError,
    NotRunError,
    UnlikelyResultWarning,
    scene,
)
from colortk.types import Float32

_HEIGHT, _WIDTH = 96, 128


class CheckedMetric:
    """A metric that is called as the host calls it.

    Parameters
    ----------
    spec : MetricSpec
        Its declaration.
    """

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec
        self.failed = False

    def value(self, truth: NDArray[np.uint8], result: NDArray[np.uint8]) -> float:
        """Return the score of a result; raises what the metric raises."""
        function = load_callable(self.spec.function)
        if self.spec.takes == "pair":
            score: Any = function(Pair(Truth(truth), result))
        elif self.spec.needs_reference:
            score = function(truth, result)
        else:
            score = function(result)
        assert isinstance(score, numbers.Real), f"it returned {type(score).__name__}, not a number"
        number = float(score)
        assert math.isfinite(number), f"it returned {number}, not a finite number"
        return number


def colored_scene(strength: float = 1.0, shift: float = 0.0) -> NDArray[np.uint8]:
    """Return a picture whose chroma is multiplied, and then shifted along a* and b*."""
    lightness = scene(_HEIGHT, _WIDTH)
    y, x = np.mgrid[:_HEIGHT, :_WIDTH].astype(np.float32)
    waves: Float32 = np.stack([20 * np.sin(x / 19), 20 * np.cos(y / 13)], -1)
    lab = np.concatenate([lightness[..., None], waves * strength + shift], -1)
    return lab_to_rgb8(lab.astype(np.float32))


def _results() -> dict[str, NDArray[np.uint8]]:
    """Return results that differ from the scene, by what was changed."""
    return {
        "gray": colored_scene(0.0),
        "of half the chroma": colored_scene(0.5),
        "of shifted colors": colored_scene(1.0, 15.0),
        "of opposite colors": colored_scene(-1.0),
    }


def returns_a_finite_number(metric: CheckedMetric) -> None:
    """Check the type and the range of the scores of an ordinary picture."""
    low, high = metric.spec.bounds
    truth = colored_scene()
    for kind, result in _results().items():
        value = metric.value(truth, result)
        assert low <= value <= high, (
            f"{value:g} of a result {kind}; its bounds are {low:g}, {high:g}"
        )


def handles_gray_and_flat_pictures(metric: CheckedMetric) -> None:
    """Check pictures without contrast or color, by which a metric may divide."""
    flat = [np.full((_HEIGHT, _WIDTH, 3), level, np.uint8) for level in (0, 128, 255)]
    # The host leaves gray originals out of metrics of color.
    truths = [colored_scene()] if metric.spec.chroma else [colored_scene(), *flat]
    for truth in truths:
        for result in [*flat, colored_scene(0.0)]:
            with contextlib.suppress(PictureError):  # a metric may refuse a picture, with a reason
                metric.value(truth, result)


def returns_the_same_number_twice(metric: CheckedMetric) -> None:
    """Check that the same pictures give the same score."""
    truth, result = colored_scene(), colored_scene(0.5)
    first, second = metric.value(truth, result), metric.value(truth, result)
    assert first == second, f"two scores of the same pictures are {first:g} and {second:g}"


def does_not_change_its_input(metric: CheckedMetric) -> None:
    """Check that both pictures are unchanged afterward."""
    truth, result = colored_scene(), colored_scene(0.5)
    before = truth.copy(), result.copy()
    metric.value(truth, result)
    unchanged = np.array_equal(truth, before[0]) and np.array_equal(result, before[1])
    assert unchanged, "it changed the pictures that it was given"


def prefers_identical_pictures(metric: CheckedMetric) -> None:
    """Check that the original itself has a better score than other results.

    The check fails if every other result is better, as with a wrong direction, and warns if one is:
    a rating that is predicted need not be best for the original.
    """
    better = metric.spec.higher_is_better
    if better is None:
        raise NothingToCheckError("it declares neither direction as better")
    if not metric.spec.needs_reference:
        raise NothingToCheckError("it needs no original")
    truth = colored_scene()
    best = metric.value(truth, truth.copy())
    values = {kind: metric.value(truth, result) for kind, result in _results().items()}
    wrong = [kind for kind, value in values.items() if (value > best if better else value < best)]
    if not wrong:
        return
    text = (
        f"a result {wrong[0]} has {values[wrong[0]]:g}, the original itself {best:g},"
        f" and {'higher' if better else 'lower'} is declared as better"
    )
    assert len(wrong) < len(values), text
    warnings.warn(text, UnlikelyResultWarning, stacklevel=2)


def metric_checks(spec: MetricSpec) -> list[tuple[str, Callable[[], None]]]:
    """Return the checks that call a metric: name and function without arguments.

    Parameters
    ----------
    spec : MetricSpec
        The metric. One of films or of sets of pictures cannot be called on a pair of pictures.
    """
    metric = CheckedMetric(spec)
    checks = (
        returns_a_finite_number,
        handles_gray_and_flat_pictures,
        returns_the_same_number_twice,
        does_not_change_its_input,
        prefers_identical_pictures,
    )
    return [(check.__name__, partial(_run, check, metric)) for check in checks]


def _run(check: Callable[[CheckedMetric], None], metric: CheckedMetric) -> None:
    if metric.spec.takes in ("film", "set"):
        raise NothingToCheckError(
            f"metrics of a {metric.spec.takes} are only checked by declaration"
        )
    if metric.failed:
        raise NotRunError(f"{returns_a_finite_number.__name__} has failed")
    try:
        check(metric)
    except BaseException:
        metric.failed |= check is returns_a_finite_number and not _is_scored(metric)
        raise


def _is_scored(metric: CheckedMetric) -> bool:
    """Return whether the metric gives an ordinary picture any finite number."""
    try:
        metric.value(colored_scene(), colored_scene(0.5))
    except Exception:
        return False
    return True
