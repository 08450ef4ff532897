"""A plugin in a process of its own, which can be stopped when it hangs or dies."""

from __future__ import annotations

import contextlib
import subprocess
import time
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from colortk import errors
from colortk.color import Float32
from colortk.digests import running_digest
from colortk.errors import ColortkError, PluginError, PredictionError
from colortk.host import registry
from colortk.loading import Request, load
from colortk.process import died, incoming, peak_memory, spawn, stop
from colortk.spec import ColorizerSpec

#: Seconds that a plugin may take to load, at least.
LOADING = 60.0


@dataclass(frozen=True)
class Answer:
    """Chroma, seconds that the plugin itself took, and the most memory its process has held."""

    ab: Float32
    seconds: float
    peak_memory: int | None


@dataclass(frozen=True)
class Failure:
    """A ``ColortkError`` as text: a plugin's own kind of it could not be made in the parent."""

    kind: str
    what: str
    why: str
    do: str

    def error(self) -> ColortkError:
        """The error again, of the nearest kind that is ours."""
        kind: type[ColortkError] = getattr(errors, self.kind)
        return kind(self.what, self.why, self.do)


def flat(error: ColortkError) -> Failure:
    """``error`` as text, of the nearest kind that is ours."""
    ours = next(kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
    parts = (getattr(error, name, "") for name in ("what", "why", "do"))
    return Failure(ours.__name__, *map(str, parts))


def serve(pipe: Connection, request: Request) -> None:
    """The child: load once, then answer every lightness with chroma or an error."""
    try:
        loaded = load(request)
        pipe.send((loaded.digest, loaded.options_key, running_digest(loaded.spec.factory)))
    except ColortkError as error:
        pipe.send(flat(error))
        return
    for lightness in incoming(pipe):
        answer: Answer | Failure
        try:
            start = time.perf_counter()
            ab = loaded.predict(lightness)
            answer = Answer(ab, time.perf_counter() - start, peak_memory())
        except ColortkError as error:
            answer = flat(error)
        except KeyboardInterrupt:  # nobody else's: this process does not hear of interrupts
            answer = flat(PredictionError(f"plugin '{request.plugin}' failed", "KeyboardInterrupt"))
        except MemoryError:
            answer = flat(PredictionError(f"plugin '{request.plugin}' failed", "out of memory"))
        with contextlib.suppress(BrokenPipeError):
            pipe.send(answer)


class Isolated:
    """A :class:`~colortk.loading.Predictor` with a time limit, in seconds, for each answer.

    ``timeout``: ``None`` waits for ever. Loading gets a minute, or the limit if that is longer;
    a plugin that does not load in it is a ``PluginError``. After a time-out, or when the process
    dies, the next picture gets a new process. ``threads``: how many the plugin may use. ``loading``:
    seconds that starting and loading took. ``code``: digest of the code that it runs. ``late``:
    whether the last answer did not come in time.
    """

    def __init__(
        self, request: Request, timeout: float | None = None, threads: int | None = None
    ) -> None:
        self.request, self.timeout, self.threads = request, timeout, threads
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self.digest, self.options_key, self.code = "", "{}", ""
        self.last: Answer | None = None
        self.loading = 0.0
        self.late = False
        self._start()

    @cached_property
    def spec(self) -> ColorizerSpec:
        """Declaration of the plugin."""
        return registry().colorizer(self.request.plugin)[1]

    @property
    def alive(self) -> bool:
        """Whether the process is there: it is not after a time-out or a crash."""
        return self._process is not None

    def predict(self, lightness: Float32) -> Float32:
        """As :meth:`colortk.loading.Loaded.predict`; a hang is a ``PredictionError`` too.

        Afterwards ``last`` is the whole :class:`Answer`.
        """
        self.last = None
        if self._process is None:
            try:
                self._start()
            except PluginError as error:  # it has loaded before: this picture's failure
                raise PredictionError(error.what, error.why, error.do) from error
        assert self._pipe is not None
        with contextlib.suppress(OSError):  # a dead child: _answer says so
            self._pipe.send(np.ascontiguousarray(lightness))
        answer: Answer = self._answer("on a picture", self.timeout, PredictionError)
        self.last = answer
        return answer.ab

    def close(self) -> int:
        """Stop the process; returns its exit code."""
        code = 0
        if self._process is not None and self._pipe is not None:
            code = stop(self._process, self._pipe)
        self._process = self._pipe = None
        return code

    def __enter__(self) -> Isolated:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        start = time.perf_counter()
        self._process, self._pipe = spawn(
            "colortk.isolate:serve", self.request, threads=self.threads
        )
        limit = None if self.timeout is None else max(self.timeout, LOADING)
        self.digest, self.options_key, self.code = self._answer("while loading", limit, PluginError)
        self.loading += time.perf_counter() - start

    def _answer(self, when: str, limit: float | None, error: type[ColortkError]) -> Any:
        assert self._pipe is not None
        assert self._process is not None
        name = self.request.plugin
        try:
            self.late = not self._pipe.poll(limit)
            if self.late:
                self.close()
                raise error(
                    f"plugin '{name}' was stopped",
                    f"no answer {when} in {limit:g} s",
                    "raise --timeout if it is merely slow",
                )
            answer = self._pipe.recv()
        except ColortkError:
            raise
        except (EOFError, OSError) as broken:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)  # its own end, not ours by kill
            raise error(f"plugin '{name}' died {when}", died(self.close())) from broken
        except Exception as broken:  # it has sent what is no answer
            self.close()
            raise error(f"plugin '{name}' failed {when}", f"{type(broken).__name__}") from broken
        except BaseException:  # an interrupt here would leave the answer for the next picture
            self.close()
            raise
        if isinstance(answer, Failure):
            if error is PluginError:
                self.close()
            raise answer.error()
        return answer
