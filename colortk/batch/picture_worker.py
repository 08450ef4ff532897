"""The parent's side of a worker process that colorizes pictures."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from colortk.batch.process_file import COLORIZING, WRITING
from colortk.batch.results import FileResult
from colortk.batch.worker import LoadedState, PictureTask, WorkerConfig, WorkerSetup
from colortk.errors import ColortkError, PluginError
from colortk.io.files import sweep
from colortk.plugin.origins import Origin
from colortk.plugin.registry import registry
from colortk.runtime import device_notes
from colortk.runtime.isolate import MIN_LOADING_TIMEOUT
from colortk.runtime.messages import Channel, MessageError
from colortk.runtime.plain_data import from_plain, to_plain
from colortk.runtime.subprocesses import exit_text
from colortk.runtime.worker_process import WorkerProcess

if TYPE_CHECKING:
    from colortk.runtime.worker_process import Started

#: Seconds for a process to take a task. A task is smaller than the buffer of a socket.
SEND_TIMEOUT = 30.0
_TIMEOUT_HINT = "raise --timeout if it is only slow"


class PictureWorker:
    """A worker process, its tasks and its time limit.

    Parameters
    ----------
    config : WorkerConfig
    threads : int or None
        Threads of the process.
    timeout : float or None
        Seconds for one picture.
    started : (process, channel) or None
        A process that was started before; see :mod:`colortk.batch.prestart`.
    on_loaded : callable
        Called when the plugin is loaded.

    Attributes
    ----------
    tasks : deque of PictureTask
        The task in work, and those that wait in the process.
    state : LoadedState or None
        Set when the plugin is loaded.
    ended : bool
        The process is gone, and ``tasks`` are for another worker.
    """

    def __init__(
        self,
        config: WorkerConfig,
        threads: int | None,
        timeout: float | None,
        started: Started | None = None,
        on_loaded: Callable[[LoadedState], None] = lambda state: None,
    ) -> None:
        self.config, self.timeout, self._on_loaded = config, timeout, on_loaded
        self.state: LoadedState | None = None
        self.tasks: deque[PictureTask] = deque()
        self.ended = False
        self._process = WorkerProcess("colortk.batch.worker:serve", threads, started)
        self._since = time.monotonic()
        setup = WorkerSetup(config, () if started else _origins(config))
        # A dead process is detected when the next reply is read.
        with suppress(OSError, MessageError):
            self._process.request("load", to_plain(setup), timeout=SEND_TIMEOUT)

    @property
    def channel(self) -> Channel:
        """The connection to the process."""
        return self._process.channel

    @property
    def loaded(self) -> bool:
        """Whether the plugin is loaded."""
        return self.state is not None

    @property
    def left(self) -> float | None:
        """Seconds until the first task is too late; ``None`` without a limit."""
        if self.timeout is None:
            return None
        limit = self.timeout if self.state else max(self.timeout, MIN_LOADING_TIMEOUT)
        return self._since + limit - time.monotonic()

    def submit(self, task: PictureTask) -> None:
        """Queue a task in the process, as soon as the plugin is loaded.

        Raises ``OSError`` if the process ended while it had nothing to do.
        """
        self.tasks.append(task)
        if self.state is None:
            return
        if len(self.tasks) > 1:
            # A dead process is detected when the next reply is read.
            with suppress(OSError, MessageError):
                self._send(task)
            return
        self._since = time.monotonic()
        try:
            self._send(task)
        except MessageError as error:
            raise OSError from error

    def _send(self, task: PictureTask) -> None:
        self._process.request("colorize", to_plain(task), timeout=SEND_TIMEOUT)

    def collect(self) -> FileResult | None:
        """Return the result of the first task if it has arrived.

        Raises ``ColortkError`` if the plugin cannot be loaded: ``PluginError`` if the process
        ended.
        """
        try:
            message = self._process.try_reply()
            if message is None:
                return None
            if self.state is None:
                self._set_loaded(from_plain(LoadedState, message.fields))
                return None
            return self._finish(from_plain(FileResult, message.fields))
        except ColortkError:  # reported by the process
            self.stop()
            raise
        except (MessageError, ValueError) as error:
            self.stop()
            name = self.config.request.plugin
            if self.state is None:
                problem = f"plugin '{name}' was stopped while loading"
                raise PluginError(problem, str(error)) from error
            return self._failure(f"plugin '{name}' was stopped: {error}")
        except (EOFError, OSError):
            return self._crash()

    def _set_loaded(self, state: LoadedState) -> None:
        self.state, self._since = state, time.monotonic()
        device_notes.emit(state.notes)
        self._on_loaded(state)
        # A dead process is detected when the next reply is read.
        with suppress(OSError, MessageError):
            for task in self.tasks:
                self._send(task)

    def _finish(self, result: FileResult) -> FileResult:
        """Complete a result with the parent's values for fields that the process could forge."""
        task = self.tasks.popleft()
        self._since = time.monotonic()
        return replace(result, input=task.name, plugin=self.config.request.plugin)

    def expire(self) -> FileResult:
        """End a process whose time is over. Raises ``PluginError`` if it was still loading."""
        name = self.config.request.plugin
        self.stop()
        assert self.timeout is not None
        if self.state is None:
            limit = max(self.timeout, MIN_LOADING_TIMEOUT)
            problem = f"plugin '{name}' was stopped"
            raise PluginError(problem, f"it did not load in {limit:g} s", _TIMEOUT_HINT)
        reason = f"{self._step()} was stopped: it took over {self.timeout:g} s"
        return self._failure(f"{reason} ({_TIMEOUT_HINT})")

    def fail(self, error: ColortkError) -> FileResult:
        """Return ``error`` as the result of the first task, and drop the task."""
        task = self.tasks.popleft()
        return FileResult(task.name, None, self.config.request.plugin, error=str(error))

    def stop(self) -> int:
        """End the process, delete its temporary files, and return its exit code."""
        return self._sweep(self._process.stop())

    def _sweep(self, code: int) -> int:
        self.ended = True
        paths = {task.target.path for task in self.tasks}
        for folder in {Path(path).parent for path in paths if path is not None}:
            sweep(folder, self._process.process.pid)
        return code

    def _crash(self) -> FileResult:
        name = self.config.request.plugin
        reason = exit_text(self._sweep(self._process.wait_exit_code()))
        if self.state is None:
            raise PluginError(f"plugin '{name}' crashed while loading", reason)
        hint = " (use fewer --jobs if memory is short)" if "SIGKILL" in reason else ""
        if self._process.step == COLORIZING:
            return self._failure(f"{self._step()} crashed: {reason}{hint}")
        return self._failure(f"the worker crashed while {self._step()}: {reason}{hint}")

    def _step(self) -> str:
        """Return the step that works on the first task: the plugin, or one before or after it."""
        step = self._process.step
        if step == COLORIZING:
            return f"plugin '{self.config.request.plugin}'"
        return "writing the result" if step == WRITING else "reading the file"

    def _failure(self, reason: str) -> FileResult:
        task = self.tasks.popleft()
        result = FileResult(task.name, None, self.config.request.plugin)
        result.error = f"cannot colorize '{task.name}': {reason}"
        result.seconds["total"] = time.monotonic() - self._since
        return result


def _origins(config: WorkerConfig) -> tuple[Origin, ...]:
    """Return where the plugin and the refinement are declared. Raises ``ColortkError``."""
    plugin = registry().colorizer(config.request.plugin)[0].origin
    refinement = registry().refiner_origin(config.options.refine)
    return tuple(origin for origin in (plugin, refinement) if origin is not None)
