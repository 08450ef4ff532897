"""Run a plugin in a separate process, which can be stopped when the plugin hangs."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from colortk.errors import ColortkError, PluginError, PredictionError
from colortk.guidance.working_hints import WorkingHints
from colortk.plugin.registry import registry
from colortk.plugin.spec import ColorizerSpec
from colortk.runtime import device_notes
from colortk.runtime.film_messages import IsolatedFilm
from colortk.runtime.loading import PluginRequest, check_prediction, need_samples
from colortk.runtime.messages import Message, MessageError
from colortk.runtime.plain_data import from_plain, to_plain
from colortk.runtime.plugin_server import Loading, Ready
from colortk.runtime.sandbox import ASPECTS, Hidden, sealing_enabled
from colortk.runtime.sandboxed_request import sandboxed_request
from colortk.runtime.subprocesses import exit_text
from colortk.runtime.worker_process import Deadline, WorkerProcess, forged_reply, prediction_of
from colortk.types import Float32

#: Seconds that a plugin may take to load, even if its time limit is shorter.
MIN_LOADING_TIMEOUT = 60.0


@dataclass(frozen=True)
class TimedPrediction:
    """A prediction, with its duration and memory.

    Parameters
    ----------
    ab : float32 array of shape (H, W, 2), or (N, H, W, 2) of versions
        CIE a* and b*.
    seconds : float
        From the request to the reply, measured in this process.
    peak_memory : int or None
        Most bytes that the plugin's process has used.
    """

    ab: Float32
    seconds: float
    peak_memory: int | None


class Isolated:
    """A :class:`~colortk.runtime.predictors.Predictor` in a separate process.

    After a timeout or a crash, the next picture gets a new process.

    Parameters
    ----------
    request : PluginRequest
        The plugin to load.
    timeout : float or None
        Most seconds for each prediction; ``None`` waits forever. Loading gets at least a minute.
    threads : int or None
        Threads that the plugin may use.
    hidden : Hidden or None
        Seal the process off from these pictures and from everything else that it does not need,
        see :mod:`colortk.runtime.sandbox`.

    Attributes
    ----------
    last : TimedPrediction or None
        The last prediction.
    follows_hints : bool
        Whether the plugin takes hints itself.
    late : bool
        Whether the last prediction was stopped by the time limit.
    loading : float
        Seconds that starting and loading took.
    sealed : dict of str to bool
        Which aspects are sealed.

    Raises
    ------
    UsageError, PluginError, ArtifactError
        If the plugin cannot be loaded, or not in time.
    """

    def __init__(
        self,
        request: PluginRequest,
        timeout: float | None = None,
        threads: int | None = None,
        hidden: Hidden | None = None,
    ) -> None:
        self._hidden = hidden
        self.sealed = dict.fromkeys(ASPECTS, False)
        self.request, self.timeout, self.threads = request, timeout, threads
        self._worker: WorkerProcess | None = None
        self.digest, self.options_key, self.follows_hints = "", "{}", False
        self.last: TimedPrediction | None = None
        self.loading = 0.0
        self.late = False
        self._start()

    @cached_property
    def spec(self) -> ColorizerSpec:
        """Declaration of the plugin."""
        return registry().colorizer(self.request.plugin)[1]

    @property
    def alive(self) -> bool:
        """Whether the process runs: it does not after a timeout or a crash."""
        return self._worker is not None

    def predict(self, lightness: Float32) -> Float32:
        """Predict as :meth:`colortk.runtime.loading.Loaded.predict` does, and set ``last``.

        A timeout raises ``PredictionError``, too.
        """
        return self._predict("predict", lightness, None, {})

    def predict_samples(self, lightness: Float32, count: int, seed: int) -> Float32:
        """Predict versions as :meth:`colortk.runtime.loading.Loaded.predict_samples` does."""
        need_samples(self.spec)
        return self._predict("samples", lightness, count, {"count": count, "seed": seed})

    def predict_guided(self, lightness: Float32, hints: WorkingHints) -> Float32:
        """Predict with hints as :meth:`colortk.runtime.loading.Loaded.predict_guided` does."""
        arrays = {
            "hint_ab": np.ascontiguousarray(hints.ab, np.float32),
            "hint_mask": np.ascontiguousarray(hints.mask, np.float32),
        }
        return self._predict("guided", lightness, None, {}, arrays)

    def begin_film(self) -> IsolatedFilm:
        """Begin a film for a plugin that declares ``film``."""
        self.last = None
        self._start_again()

        def ask(kind: str, arrays: dict[str, Float32], max_bytes: int) -> Message:
            return self._ask(kind, {}, arrays, max_bytes, "on a film")

        return IsolatedFilm(self.spec, ask, self.close)

    def _predict(
        self,
        kind: str,
        lightness: Float32,
        count: int | None,
        fields: dict[str, Any],
        more: dict[str, Float32] | None = None,
    ) -> Float32:
        self.last = None
        self._start_again()
        start = time.perf_counter()
        arrays = {"lightness": np.ascontiguousarray(lightness, np.float32), **(more or {})}
        message = self._ask(kind, fields, arrays, 2 * (count or 1) * arrays["lightness"].nbytes)
        seconds = time.perf_counter() - start
        try:
            ab, memory = prediction_of(message)
        except MessageError as error:
            self.close()
            raise forged_reply(
                self.request.plugin, "on a picture", PredictionError, error
            ) from error
        try:
            self.last = TimedPrediction(
                check_prediction(self.request.plugin, lightness, ab, count), seconds, memory
            )
        except PredictionError:  # Our code in the process checks, too, so it did not send this.
            self.close()
            raise
        return self.last.ab

    def close(self) -> int:
        """Stop the process. Return its exit code."""
        worker, self._worker = self._worker, None
        return worker.stop() if worker is not None else 0

    def __enter__(self) -> Isolated:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start_again(self) -> None:
        """Start a process if none is left."""
        if self._worker is None:
            try:
                self._start()
            except PluginError as error:  # it has loaded before: this picture's failure
                raise PredictionError(error.problem, error.reason, error.hint) from error

    def _start(self) -> None:
        start = time.perf_counter()
        origin = registry().colorizer(self.request.plugin)[0].origin
        request, sandbox = self.request, None
        if self._hidden is not None and sealing_enabled():
            request, sandbox = sandboxed_request(self.spec, request, self._hidden)
        self._worker = WorkerProcess(
            "colortk.runtime.plugin_server:serve", self.threads, None, sandbox
        )
        message = self._ask("load", to_plain(Loading(request, origin)))
        try:
            ready = from_plain(Ready, message.fields)
        except ValueError as error:
            self.close()
            raise forged_reply(self.request.plugin, "while loading", PluginError, error) from error
        self.digest, self.options_key = ready.digest, ready.options_key
        self.follows_hints = ready.follows_hints
        device_notes.emit(ready.notes)
        self.loading += time.perf_counter() - start

    def _ask(
        self,
        kind: str,
        fields: dict[str, Any],
        arrays: dict[str, Float32] | None = None,
        max_bytes: int = 0,
        when: str = "on a picture",
    ) -> Message:
        """Send a request and wait for its reply. A failure ends the process."""
        worker, name = self._worker, self.request.plugin
        assert worker is not None
        loading = kind == "load"
        when, error = ("while loading", PluginError) if loading else (when, PredictionError)
        limit = self.timeout
        if loading and limit is not None:
            limit = max(limit, MIN_LOADING_TIMEOUT)
        deadline, self.late = Deadline(limit), False
        try:
            if loading and self._hidden is not None and sealing_enabled():
                self.sealed = worker.wait_until_sealed(deadline.left)
            # If the child is dead, the reply fails, too.
            with contextlib.suppress(ConnectionError):
                worker.request(kind, fields, arrays, deadline.left)
            return worker.wait_for_reply(deadline.left, max_bytes)
        except TimeoutError as late:
            self.late = True
            self.close()
            raise error(
                f"plugin '{name}' was stopped",
                f"no reply {when} within {limit:g} s",
                "use a longer --timeout if the plugin is only slow",
            ) from late
        except ColortkError:
            if loading:
                self.close()
            raise
        except MessageError as forged:
            self.close()
            raise forged_reply(name, when, error, forged) from forged
        except (EOFError, OSError) as broken:
            self._worker = None
            raise error(
                f"plugin '{name}' died {when}", exit_text(worker.wait_exit_code())
            ) from broken
        except BaseException:  # after an interrupt, the next picture would get this reply
            self.close()
            raise
