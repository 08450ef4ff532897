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
from colortk.plugin.origins import Origin, discover_only
from colortk.plugin.registry import registry
from colortk.plugin.spec import ColorizerSpec
from colortk.runtime import device_notes
from colortk.runtime.loading import PluginRequest, check_prediction, load, need_samples
from colortk.runtime.messages import Channel, Message, MessageError
from colortk.runtime.plain_data import from_plain, to_plain
from colortk.runtime.sandbox import ASPECTS, Hidden, sealing_enabled
from colortk.runtime.sandboxed_request import sandboxed_request
from colortk.runtime.subprocesses import exit_text, incoming, peak_memory
from colortk.runtime.worker_process import Deadline, WorkerProcess, failure
from colortk.types import Float32

#: Seconds that a plugin may take to load, even if its time limit is shorter.
MIN_LOADING_TIMEOUT = 60.0
#: Most bytes of the lightness of a picture.
MAX_PREDICTION_BYTES = 1 << 40


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


@dataclass(frozen=True)
class Loading:
    """The plugin for a process to load. ``origin``: where the plugin is declared."""

    request: PluginRequest
    origin: Origin | None


@dataclass(frozen=True)
class Ready:
    """Report of a plugin's process after it has loaded the plugin, with notes on the device."""

    digest: str
    options_key: str
    follows_hints: bool = False
    notes: tuple[str, ...] = ()


def serve(channel: Channel) -> None:
    """Load the plugin that the first message names, and reply to each lightness with chroma."""
    requests = incoming(channel, MAX_PREDICTION_BYTES)
    first = next(requests, None)
    if first is None:
        return
    loading = from_plain(Loading, first.fields)
    try:
        if loading.origin is not None:
            discover_only([loading.origin])
        loaded = load(loading.request)
        ready = Ready(loaded.digest, loaded.options_key, loaded.follows_hints, device_notes.take())
        channel.send(Message("ready", first.number, to_plain(ready)))
    except ColortkError as error:
        channel.send(failure(first, error))
        return
    name = loading.request.plugin
    for request in requests:
        try:
            lightness = request.arrays["lightness"]
            if request.kind == "samples":
                count, seed = int(request.fields["count"]), int(request.fields["seed"])
                ab = loaded.predict_samples(lightness, count, seed)
            elif request.kind == "guided":
                hints = WorkingHints(request.arrays["hint_ab"], request.arrays["hint_mask"])
                ab = loaded.predict_guided(lightness, hints)
            else:
                ab = loaded.predict(lightness)
            memory = {"peak_memory": peak_memory()}
            reply = Message("prediction", request.number, memory, {"ab": ab})
        except ColortkError as error:
            reply = failure(request, error)
        except KeyboardInterrupt:  # raised by the plugin: this process ignores interrupts
            interrupted = PredictionError(f"plugin '{name}' failed", "KeyboardInterrupt")
            reply = failure(request, interrupted)
        except MemoryError:
            reply = failure(request, PredictionError(f"plugin '{name}' failed", "out of memory"))
        with contextlib.suppress(BrokenPipeError):
            channel.send(reply)


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

    def _predict(
        self,
        kind: str,
        lightness: Float32,
        count: int | None,
        fields: dict[str, Any],
        more: dict[str, Float32] | None = None,
    ) -> Float32:
        self.last = None
        if self._worker is None:
            try:
                self._start()
            except PluginError as error:  # it has loaded before: this picture's failure
                raise PredictionError(error.problem, error.reason, error.hint) from error
        start = time.perf_counter()
        arrays = {"lightness": np.ascontiguousarray(lightness, np.float32), **(more or {})}
        message = self._ask(kind, fields, arrays, 2 * (count or 1) * arrays["lightness"].nbytes)
        seconds = time.perf_counter() - start
        try:
            ab, memory = _prediction(message)
        except MessageError as error:
            self.close()
            raise _forged(self.request.plugin, "on a picture", PredictionError, error) from error
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

    def _start(self) -> None:
        start = time.perf_counter()
        origin = registry().colorizer(self.request.plugin)[0].origin
        request, sandbox = self.request, None
        if self._hidden is not None and sealing_enabled():
            request, sandbox = sandboxed_request(self.spec, request, self._hidden)
        self._worker = WorkerProcess("colortk.runtime.isolate:serve", self.threads, None, sandbox)
        message = self._ask("load", to_plain(Loading(request, origin)))
        try:
            ready = from_plain(Ready, message.fields)
        except ValueError as error:
            self.close()
            raise _forged(self.request.plugin, "while loading", PluginError, error) from error
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
    ) -> Message:
        """Send a request and wait for its reply. A failure ends the process."""
        worker, name = self._worker, self.request.plugin
        assert worker is not None
        loading = kind == "load"
        when, error = (
            ("while loading", PluginError) if loading else ("on a picture", PredictionError)
        )
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
            raise _forged(name, when, error, forged) from forged
        except (EOFError, OSError) as broken:
            self._worker = None
            raise error(
                f"plugin '{name}' died {when}", exit_text(worker.wait_exit_code())
            ) from broken
        except BaseException:  # after an interrupt, the next picture would get this reply
            self.close()
            raise


def _prediction(message: Message) -> tuple[Any, int | None]:
    """Return chroma and memory of a reply. Raises ``MessageError`` for any other content."""
    memory = message.fields.get("peak_memory")
    if message.kind != "prediction" or set(message.arrays) != {"ab"}:
        raise MessageError("its reply is not a prediction")
    if memory is not None and (type(memory) is not int or not 0 <= memory < 1 << 63):
        raise MessageError("it reports an impossible amount of memory")
    return message.arrays["ab"], memory


def _forged(name: str, when: str, error: type[ColortkError], reason: Exception) -> ColortkError:
    return error(
        f"plugin '{name}' was stopped {when}", str(reason), "report it to the plugin's author"
    )
