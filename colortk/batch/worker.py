"""A process that colorizes pictures, one after the other, from file to file.

The plugin is loaded once, in that process. One that dies or hangs costs the picture that it was at.
"""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from colortk.batch.process_file import COLORIZING, WRITING, OnStep, colorize_file, guarded
from colortk.batch.records import Record, Settings, Spot
from colortk.errors import ColortkError, PluginError
from colortk.io.files import sweep
from colortk.pipeline import Refiner, refiner
from colortk.plugin.origins import Origin, discover_only
from colortk.plugin.registry import registry
from colortk.runtime.isolate import LOADING
from colortk.runtime.loading import Loaded, Request, load
from colortk.runtime.messages import Channel, Message, MessageError
from colortk.runtime.plain_data import from_plain, to_plain
from colortk.runtime.subprocesses import died, incoming, keep_freed_memory
from colortk.runtime.worker_process import WorkerProcess, failure

if TYPE_CHECKING:
    from colortk.runtime.worker_process import Started

#: Seconds in which a process has to take a task; it is smaller than what a socket holds.
SENDING = 30.0
_SLOW = "raise --timeout if it is merely slow"


@dataclass(frozen=True)
class Orders:
    """What a worker does with every picture. ``idle``: seconds without one after which it ends."""

    request: Request
    refine: str
    settings: Settings
    idle: float | None = None


@dataclass(frozen=True)
class Instructions:
    """A worker's first message. ``origins``: where the plugin and the refinement are declared."""

    orders: Orders
    origins: tuple[Origin, ...]


@dataclass(frozen=True)
class Task:
    """A picture: its ``name`` in words, the file, and where its result goes."""

    name: str
    source: str
    spot: Spot


@dataclass(frozen=True)
class Ready:
    """A worker's first word: the plugin's weights and options as they are where it runs."""

    digest: str
    options: str


def serve_early(channel: Channel) -> None:
    """As :func:`serve`, but load the plugin of a first message before the orders arrive."""
    first = next(incoming(channel, 0), None)
    if first is None:
        return
    loaded: Loaded | ColortkError
    try:
        loaded = load(from_plain(Request, first.fields))
    except ColortkError as error:  # reported when the plugin is asked for
        loaded = error
    serve(channel, loaded)


def serve(channel: Channel, loaded: Loaded | ColortkError | None = None) -> None:
    """Load what the first message orders, then reply to every task with a record.

    Parameters
    ----------
    channel : Channel
        To the parent.
    loaded : Loaded, ColortkError or None
        The plugin, or why it cannot be loaded, if that is known.
    """
    first = next(incoming(channel, 0), None)
    if first is None:
        return
    with suppress(EOFError, OSError):  # the parent is gone
        instructions = from_plain(Instructions, first.fields)
        orders = instructions.orders
        try:
            if isinstance(loaded, ColortkError):
                raise loaded
            if loaded is None:
                discover_only(instructions.origins)
                loaded = load(orders.request)
            refine = refiner(orders.refine)
        except ColortkError as error:
            channel.send(failure(first, error))
            return
        keep_freed_memory()
        gc.freeze()  # what was imported need not be looked through again and again
        ready = Ready(loaded.digest, loaded.options_key)
        channel.send(Message("ready", first.number, to_plain(ready)))
        for request in incoming(channel, 0, orders.idle):
            task = from_plain(Task, request.fields)

            def on_step(step: str, number: str = request.number) -> None:
                channel.send(Message("step", number, {"step": step}))

            record = _work(task, loaded, refine, orders, on_step)
            channel.send(Message("record", request.number, to_plain(record)))


def _work(task: Task, loaded: Loaded, refine: Refiner, orders: Orders, on_step: OnStep) -> Record:
    record = Record(task.name, None, loaded.spec.name)
    with guarded(record):
        try:
            spot, settings = task.spot, orders.settings
            colorize_file(
                task.source, record, lambda _: spot, loaded, refine, settings, on_step=on_step
            )
        except KeyboardInterrupt:  # nobody else's: this process does not hear of interrupts
            record.error = f"plugin '{loaded.spec.name}' failed: KeyboardInterrupt"
    return record


class Worker:
    """The parent's side of a worker.

    Parameters
    ----------
    orders : Orders
    threads : int or None
        Threads of the process.
    timeout : float or None
        Seconds for a picture.
    started : (process, channel) or None
        A process that was started for this worker; see :mod:`.early`.
    on_ready : callable
        Called when the plugin is loaded.

    Attributes
    ----------
    tasks : deque of Task
        The task that the process works on, and those that it has besides, so that it need not wait.
    ready : Ready or None
        Set when the plugin is loaded.
    ended : bool
        The process is gone, and ``tasks`` are for another worker.
    """

    def __init__(
        self,
        orders: Orders,
        threads: int | None,
        timeout: float | None,
        started: Started | None = None,
        on_ready: Callable[[Ready], None] = lambda ready: None,
    ) -> None:
        self.orders, self.timeout, self._on_ready = orders, timeout, on_ready
        self.ready: Ready | None = None
        self.tasks: deque[Task] = deque()
        self.ended = False
        target = "colortk.batch.worker:serve"
        self._process = WorkerProcess(target, threads, started)
        self._since = time.monotonic()
        instructions = Instructions(orders, () if started else _origins(orders))
        with suppress(OSError, MessageError):  # the next reply, or its absence, shows it
            self._process.request("load", to_plain(instructions), timeout=SENDING)

    @property
    def channel(self) -> Channel:
        return self._process.channel

    @property
    def loaded(self) -> bool:
        return self.ready is not None

    def submit(self, task: Task) -> None:
        """Let the process work on ``task`` after what it has, once the plugin is loaded.

        Raises ``OSError`` if the process has ended with nothing to do.
        """
        self.tasks.append(task)
        if self.ready is not None:
            if len(self.tasks) == 1:
                self._since = time.monotonic()
                try:
                    self._send(task)
                except MessageError as error:
                    raise OSError from error
            else:
                with suppress(OSError, MessageError):  # the next reply, or its absence, shows it
                    self._send(task)

    def _send(self, task: Task) -> None:
        self._process.request("colorize", to_plain(task), timeout=SENDING)

    @property
    def left(self) -> float | None:
        """Seconds until it is too late, or ``None`` without a limit."""
        if self.timeout is None:
            return None
        limit = self.timeout if self.ready else max(self.timeout, LOADING)
        return self._since + limit - time.monotonic()

    def collect(self) -> Record | None:
        """Return the first task's record if it has arrived.

        Raises ``ColortkError`` if the plugin cannot be loaded: ``PluginError`` if the process died.
        """
        try:
            message = self._process.poll()
            if message is None:
                return None
            if self.ready is None:
                self._loaded(from_plain(Ready, message.fields))
                return None
            return self._finished(from_plain(Record, message.fields))
        except ColortkError:  # reported by the process
            self.stop()
            raise
        except (MessageError, ValueError) as error:
            self.stop()
            name = self.orders.request.plugin
            if self.ready is None:
                raise PluginError(
                    f"plugin '{name}' was stopped while loading", str(error)
                ) from error
            return self._failed(f"plugin '{name}' was stopped: {error}")
        except (EOFError, OSError):
            return self._lost()

    def _loaded(self, ready: Ready) -> None:
        self.ready, self._since = ready, time.monotonic()
        self._on_ready(ready)
        with suppress(OSError, MessageError):  # the next reply, or its absence, shows it
            for task in self.tasks:
                self._send(task)

    def _finished(self, record: Record) -> Record:
        """Whose record it is, the parent knows; the process is not asked."""
        task = self.tasks.popleft()
        self._since = time.monotonic()
        return replace(record, input=task.name, plugin=self.orders.request.plugin)

    def expire(self) -> Record:
        """End the process, as its time is over. Raises ``PluginError`` if it was still loading."""
        name = self.orders.request.plugin
        self.stop()
        assert self.timeout is not None
        if self.ready is None:
            limit = max(self.timeout, LOADING)
            raise PluginError(
                f"plugin '{name}' was stopped", f"it did not load in {limit:g} s", _SLOW
            )
        return self._failed(
            f"{self._actor()} was stopped: not done in {self.timeout:g} s ({_SLOW})"
        )

    def fail(self, error: ColortkError) -> Record:
        """Return ``error`` as the record of the first task, and drop the task."""
        task = self.tasks.popleft()
        return Record(task.name, None, self.orders.request.plugin, error=str(error))

    def stop(self) -> int:
        """End the process, remove what it was writing, and return its exit code."""
        return self._swept(self._process.stop())

    def _swept(self, code: int) -> int:
        self.ended = True
        for folder in {task.spot.path.parent for task in self.tasks if task.spot.path is not None}:
            sweep(folder, self._process.process.pid)
        return code

    def _lost(self) -> Record:
        name = self.orders.request.plugin
        why = died(self._swept(self._process.ended()))
        if self.ready is None:
            raise PluginError(f"plugin '{name}' died while loading", why)
        memory = " (fewer --jobs if memory is short)" if "SIGKILL" in why else ""
        if self._process.step == COLORIZING:
            return self._failed(f"{self._actor()} died on it: {why}{memory}")
        return self._failed(f"its process died while {self._actor()}: {why}{memory}")

    def _actor(self) -> str:
        """What was at work on the first task: the plugin, or the step before or after it."""
        step = self._process.step
        if step == COLORIZING:
            return f"plugin '{self.orders.request.plugin}'"
        return "writing the result" if step == WRITING else "reading the file"

    def _failed(self, why: str) -> Record:
        task = self.tasks.popleft()
        record = Record(task.name, None, self.orders.request.plugin)
        record.error = f"cannot colorize '{task.name}': {why}"
        record.seconds["total"] = time.monotonic() - self._since
        return record


def _origins(orders: Orders) -> tuple[Origin, ...]:
    """Where the plugin and the refinement are declared. Raises ``ColortkError`` if they are not."""
    plugin = registry().colorizer(orders.request.plugin)[0].origin
    refinement = registry().refiner_origin(orders.refine)
    return tuple(origin for origin in (plugin, refinement) if origin is not None)
