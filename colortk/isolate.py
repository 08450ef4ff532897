"""A plugin in a process of its own, which can be stopped when it hangs or dies."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from typing import Any

from colortk.color import Float32
from colortk.errors import ColortkError, PluginError, PredictionError
from colortk.host import registry
from colortk.loading import Request, load
from colortk.spec import ColorizerSpec

#: Seconds that a plugin may take to load, at least.
LOADING = 60.0


def _serve(connection: Connection, request: Request) -> None:
    """The child: load once, then answer every lightness with chroma or an error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops us
    os.dup2(2, 1)  # what a plugin prints does not belong between results
    try:
        loaded = load(request)
        connection.send((loaded.digest, loaded.options_key))
    except ColortkError as error:
        connection.send(error)
        return
    while True:
        try:
            lightness = connection.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            connection.send(loaded.predict(lightness))
        except ColortkError as error:
            connection.send(error)
        except MemoryError:
            connection.send(PredictionError(f"plugin '{request.plugin}' failed", "out of memory"))


class Isolated:
    """A :class:`~colortk.loading.Predictor` with a time limit, in seconds, for each answer.

    Loading gets a minute, or the limit if that is longer; a plugin that does not load in it is
    a ``PluginError``. After a time-out, or when the process dies, the next picture gets a new
    process.
    """

    def __init__(self, request: Request, timeout: float) -> None:
        self.request, self.timeout = request, timeout
        self._process: Any = None
        self._pipe: Connection | None = None
        self.digest, self.options_key = "", "{}"
        self._start()

    @property
    def spec(self) -> ColorizerSpec:
        """Declaration of the plugin."""
        return registry().colorizer(self.request.plugin)[1]

    def predict(self, lightness: Float32) -> Float32:
        """As :meth:`colortk.loading.Loaded.predict`; a hang is a ``PredictionError`` too."""
        if self._process is None:
            try:
                self._start()
            except PluginError as error:  # it has loaded before: this picture's failure
                raise PredictionError(error.what, error.why, error.do) from error
        assert self._pipe is not None
        with contextlib.suppress(OSError):  # a dead child: _answer says so
            self._pipe.send(lightness)
        chroma: Float32 = self._answer("on a picture", self.timeout, PredictionError)
        return chroma

    def close(self) -> None:
        """Stop the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None

    def __enter__(self) -> Isolated:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self.request), daemon=True)
        self._process.start()
        theirs.close()
        self.digest, self.options_key = self._answer(
            "while loading", max(self.timeout, LOADING), PluginError
        )

    def _answer(self, when: str, limit: float, error: type[ColortkError]) -> Any:
        assert self._pipe is not None
        name = self.request.plugin
        try:
            if not self._pipe.poll(limit):
                self.close()
                raise error(
                    f"plugin '{name}' was stopped",
                    f"no answer {when} in {limit:g} s",
                    "raise --timeout if it is merely slow",
                )
            answer = self._pipe.recv()
        except (EOFError, OSError) as broken:
            self._process.join(5)
            code = self._process.exitcode
            self.close()
            raise error(
                f"plugin '{name}' died {when}", f"its process ended (exit code {code})"
            ) from broken
        if isinstance(answer, ColortkError):
            raise answer
        return answer
