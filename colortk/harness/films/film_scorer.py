"""Score a result of a film: metrics of films use all frames, metrics of pictures some."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from colortk.harness.films.frame import FilmFrame
from colortk.harness.scoring import Scorer, Scores, failed, finite
from colortk.plugin.registry import registry
from colortk.plugin.spec import load_callable
from colortk.runtime.loading import plugin_context


class FilmScorer:
    """Score results with metrics of pictures and of films, which are looked up once.

    Parameters
    ----------
    names : sequence of str
        The metrics.

    Raises
    ------
    UsageError
        If a metric is unknown.
    PluginError
        If a metric is broken.
    """

    def __init__(self, names: Sequence[str]) -> None:
        specs = {name: registry().metric(name) for name in names}
        self.films = {name: spec.function for name, spec in specs.items() if spec.takes == "film"}
        self.pictures = Scorer([name for name in names if name not in self.films])

    def begin(self) -> RunningScores:
        """Return the scores of a new result, which then gets its frames."""
        return RunningScores(self)


class RunningScores:
    """The scores of one result while its frames are added.

    If a metric fails, only its own value is missing.
    """

    def __init__(self, scorer: FilmScorer) -> None:
        self._pictures, self._functions = scorer.pictures, scorer.films
        self._scores = Scores()
        self._sums: dict[str, float] = {}
        self._count = 0
        self._meters: dict[str, Any] = {}
        for name, path in scorer.films.items():
            meter = self._call_metric(name, _begin, path)
            if meter is not None:
                self._meters[name] = meter

    def add(self, frame: FilmFrame, scored: bool) -> None:
        """Add the next frame.

        Parameters
        ----------
        frame : FilmFrame
            The frame.
        scored : bool
            Metrics of pictures score it, too.
        """
        start = time.perf_counter()
        for name, meter in self._meters.items():
            if name not in self._scores.errors:
                self._call_metric(name, _add, meter, frame)
        if scored:
            scores = self._pictures.score(frame.pair)
            self._count += 1
            for name, value in scores.values.items():
                self._sums[name] = self._sums.get(name, 0.0) + value
            for name, reason in scores.errors.items():
                self._scores.errors.setdefault(name, f"{reason} (frame {frame.number})")
        self._scores.seconds += time.perf_counter() - start

    def finish(self) -> Scores:
        """Return the mean scores over the scored frames, and the values of the metrics of films."""
        for name, meter in self._meters.items():
            if name not in self._scores.errors:
                value = self._call_metric(name, _result, meter)
                if value is not None:
                    self._scores.values[name] = value
        for name, total in self._sums.items():
            if name not in self._scores.errors:
                self._scores.values[name] = total / self._count
        return self._scores

    def _call_metric(self, name: str, call: Callable[..., Any], *arguments: Any) -> Any:
        try:
            with plugin_context():
                return call(*arguments)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit, too, is a failure of the metric.
            self._scores.errors[name] = failed(name, error, self._functions[name])
            return None


def _begin(path: str) -> Any:
    return load_callable(path)()


def _add(meter: Any, frame: FilmFrame) -> None:
    meter.add(frame)


def _result(meter: Any) -> float:
    return finite(meter.result())
