"""A process that colorizes pictures, one after the other, from file to file.

The plugin is loaded once, in that process. One that dies or hangs costs the picture that it was at.
"""

from __future__ import annotations

import gc
import subprocess
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from colortk.batch.one import colorize_file, guarded
from colortk.batch.records import Record, Settings, Spot
from colortk.digests import running_digest
from colortk.errors import ColortkError, PluginError
from colortk.io.files import sweep
from colortk.isolate import LOADING, Failure, flat
from colortk.loading import Loaded, Request, load
from colortk.pipeline import Refiner, refiner
from colortk.process import died, keep_freed_memory, spawn, stop

if TYPE_CHECKING:
    from colortk.batch.early import Begun

_SLOW = "raise --timeout if it is merely slow"


@dataclass(frozen=True)
class Orders:
    """What a worker does with every picture. ``idle``: seconds without one after which it ends."""

    request: Request
    refine: str
    settings: Settings
    idle: float | None = None


@dataclass(frozen=True)
class Task:
    """A picture: its ``name`` in words, the file, and where its result goes."""

    name: str
    source: str
    spot: Spot


@dataclass(frozen=True)
class Ready:
    """A worker's first word: the plugin's weights and code as they are where it runs."""

    digest: str
    code: str


def serve_early(pipe: Connection, plugin: str, options: tuple[str, ...], weights: str) -> None:
    """As :func:`serve`, of orders that are still to come: they will be for this plugin."""
    found: Loaded | ColortkError
    try:
        found = load(Request(plugin, options, Path(weights) if weights else None))
    except ColortkError as error:  # it is said when it is asked for
        found = error
    with suppress(EOFError, OSError):  # the parent is gone, or wants nothing
        serve(pipe, pipe.recv(), found)


def serve(pipe: Connection, orders: Orders, found: Loaded | ColortkError | None = None) -> None:
    """The child: load once, then answer every task with a record.

    ``found``: what came of it, if that has been done.
    """
    with suppress(EOFError, OSError):  # the parent is gone
        try:
            if isinstance(found, ColortkError):
                raise found
            loaded = found or load(orders.request)
            refine = refiner(orders.refine)
        except ColortkError as error:
            pipe.send(flat(error))
            return
        keep_freed_memory()
        gc.freeze()  # what was imported need not be looked through again and again
        pipe.send(Ready(loaded.digest, running_digest(loaded.spec.factory)))
        while pipe.poll(orders.idle):
            pipe.send(_work(pipe.recv(), loaded, refine, orders.settings))


def _work(task: Task, loaded: Loaded, refine: Refiner, settings: Settings) -> Record:
    record = Record(task.name, None, loaded.spec.name)
    with guarded(record):
        try:
            colorize_file(task.source, record, lambda _: task.spot, loaded, refine, settings)
        except KeyboardInterrupt:  # nobody else's: this process does not hear of interrupts
            record.error = f"plugin '{loaded.spec.name}' failed: KeyboardInterrupt"
    return record


class Worker:
    """The parent's side of one.

    ``ready``: its plugin is loaded. ``tasks``: what it is at, and what it does then, so that it need
    not wait for the next. ``ended``: it is no more, and ``tasks`` are for another. ``begun``: a process
    that was started for it, see :mod:`.early`.
    """

    def __init__(
        self, orders: Orders, threads: int | None, timeout: float | None, begun: Begun | None = None
    ) -> None:
        self.orders, self.timeout = orders, timeout
        self.ready: Ready | None = None
        self.tasks: deque[Task] = deque()
        self.ended = False
        self._process: subprocess.Popen[bytes]
        if begun is not None:
            self._process, self.pipe = begun
            with suppress(OSError):  # it has died: its silence says so
                self.pipe.send(orders)
        else:
            self._process, self.pipe = spawn("colortk.batch.worker:serve", orders, threads=threads)
        self._since = time.monotonic()

    def give(self, task: Task) -> None:
        """Let it work on ``task``, once it has loaded and done what it has.

        Raises ``OSError`` if it has ended with nothing to do.
        """
        self.tasks.append(task)
        if self.ready is not None:
            if len(self.tasks) == 1:
                self._since = time.monotonic()
                self.pipe.send(task)
            else:
                with suppress(OSError):  # it has ended: the next word says so
                    self.pipe.send(task)

    @property
    def left(self) -> float | None:
        """Seconds until it is too late, or ``None`` without a limit."""
        if self.timeout is None:
            return None
        limit = self.timeout if self.ready else max(self.timeout, LOADING)
        return self._since + limit - time.monotonic()

    def hear(self) -> Record | None:
        """What it says, which is there: a record of the first task, or ``None`` when it has loaded.

        Raises ``ColortkError`` if the plugin cannot be loaded: ``PluginError`` if it died of it.
        """
        try:
            message = self.pipe.recv()
        except (EOFError, OSError):
            return self._lost()
        except Exception as error:  # it has sent what is no answer
            self.end()
            return self._record(f"{type(error).__name__} instead of an answer")
        if isinstance(message, Failure):
            self.end()
            raise message.error()
        if isinstance(message, Ready):
            self.ready, self._since = message, time.monotonic()
            with suppress(OSError):  # it has ended: the next word says so
                for task in self.tasks:
                    self.pipe.send(task)
            return None
        record: Record = message
        self.tasks.popleft()
        self._since = time.monotonic()
        return record

    def late(self) -> Record:
        """End it, as its time is over. Raises ``PluginError`` if it was still loading."""
        loading, name = self.ready is None, self.orders.request.plugin
        self.end()
        assert self.timeout is not None
        if loading:
            limit = max(self.timeout, LOADING)
            raise PluginError(
                f"plugin '{name}' was stopped", f"it did not load in {limit:g} s", _SLOW
            )
        return self._record(
            f"plugin '{name}' was stopped: not done in {self.timeout:g} s ({_SLOW})"
        )

    def end(self) -> int:
        """End the process, remove what it was writing, and return its exit code."""
        code = stop(self._process, self.pipe)
        self.ended = True
        for folder in {task.spot.path.parent for task in self.tasks if task.spot.path is not None}:
            sweep(folder, self._process.pid)
        return code

    def _lost(self) -> Record:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)  # its own end, not ours by kill
        loading, name = self.ready is None, self.orders.request.plugin
        why = died(self.end())
        if loading:
            raise PluginError(f"plugin '{name}' died while loading", why)
        memory = " (fewer --jobs if memory is short)" if "SIGKILL" in why else ""
        return self._record(f"plugin '{name}' died on it: {why}{memory}")

    def _record(self, why: str) -> Record:
        task = self.tasks.popleft()
        record = Record(task.name, None, self.orders.request.plugin)
        record.error = f"cannot colorize '{task.name}': {why}"
        record.seconds["total"] = time.monotonic() - self._since
        return record
