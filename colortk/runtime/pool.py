"""A pool of local worker processes, each replaced when it dies, hangs or forges a reply."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

from colortk.errors import ColortkError
from colortk.runtime.messages import Channel, wait

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")
Result_co = TypeVar("Result_co", covariant=True)
#: Tasks queued per worker: the current one and the next one, so that the worker never waits.
AHEAD = 2


class PoolWorker(Protocol[TaskT, Result_co]):
    """The parent's side of a worker of a pool.

    ``tasks``: unfinished tasks, in order. ``loaded``: whether the worker is ready for tasks.
    ``ended``: the process has ended, and another worker has to do ``tasks``.
    """

    tasks: deque[TaskT]
    ended: bool

    @property
    def loaded(self) -> bool: ...

    @property
    def channel(self) -> Channel: ...

    @property
    def left(self) -> float | None:
        """Seconds until the first task is too late; ``None`` without a limit."""
        ...

    def submit(self, task: TaskT) -> None:
        """Send a task. Raises ``OSError`` if the process ended while it had nothing to do."""
        ...

    def collect(self) -> Result_co | None:
        """Return the first task's result if all of it has arrived, and drop the task.

        Raises ``ColortkError`` if the worker cannot load the plugin.
        """
        ...

    def expire(self) -> Result_co:
        """End a process whose time is over; return the first task's result, and drop the task."""
        ...

    def fail(self, error: ColortkError) -> Result_co:
        """Return ``error`` as the first task's result, and drop the task."""
        ...

    def stop(self) -> int:
        """End the process. Return its exit code."""
        ...


class WorkerPool(Generic[TaskT, ResultT]):
    """Workers that are started as there is work for them.

    Parameters
    ----------
    start : callable
        Starts a worker.
    size : int
        Most workers at one time.
    """

    def __init__(self, start: Callable[[], PoolWorker[TaskT, ResultT]], size: int) -> None:
        self._start_worker = start
        self._workers: list[PoolWorker[TaskT, ResultT] | None] = [None] * size
        self._loaded_once = False

    @property
    def has_capacity(self) -> bool:
        """Whether a task can be submitted."""
        return any(worker is None or len(worker.tasks) < AHEAD for worker in self._workers)

    @property
    def is_busy(self) -> bool:
        """Whether a result is due."""
        return any(worker is not None and worker.tasks for worker in self._workers)

    def submit(self, task: TaskT) -> None:
        """Give a task to the worker with the least work."""
        number = min(range(len(self._workers)), key=self._load)
        worker = self._workers[number]
        if worker is not None:
            try:
                worker.submit(task)
                return
            except OSError:  # the process ended before it got this task
                worker.stop()
        self._start(number, [task])

    def _load(self, number: int) -> int:
        """Start a worker rather than let a task wait, but use idle workers first."""
        worker = self._workers[number]
        return 1 if worker is None else 2 * len(worker.tasks)

    def _start(self, number: int, tasks: Iterable[TaskT]) -> None:
        self._workers[number] = worker = self._start_worker()
        for task in tasks:
            worker.submit(task)

    def collect(self) -> list[tuple[TaskT, ResultT]]:
        """Wait for the next results; the list may be empty.

        Raises
        ------
        ColortkError
            No worker has ever loaded the plugin.
        """
        at_work = [(k, w) for k, w in enumerate(self._workers) if w is not None and w.tasks]
        left = [seconds for _, worker in at_work if (seconds := worker.left) is not None]
        readable = set(wait([w.channel for _, w in at_work], max(0.0, min(left)) if left else None))
        done = []
        for number, worker in at_work:
            task = worker.tasks[0]
            is_readable = worker.channel in readable
            if not is_readable:
                if not _late(worker):
                    continue
                # This process may have been stopped: a reply that is there by now is in time.
                is_readable = bool(wait([worker.channel], 0))
            try:
                result = worker.collect() if is_readable else worker.expire()
                if result is None and not worker.ended and worker.tasks and _late(worker):
                    result = worker.expire()  # only a part of a reply has arrived
            except ColortkError as error:
                if not self._loaded_once:
                    self._workers[number] = None
                    raise
                # It has loaded before: memory is short, or the files are being changed.
                result = worker.fail(error)
            self._loaded_once |= worker.loaded
            if worker.ended:
                self._workers[number] = None
                if worker.tasks:
                    self._start(number, worker.tasks)
            if result is not None:
                done.append((task, result))
        return done

    def stop(self) -> None:
        """End all processes, whatever they do."""
        for number, worker in enumerate(self._workers):
            if worker is not None:
                worker.stop()
                self._workers[number] = None


def _late(worker: PoolWorker[TaskT, ResultT]) -> bool:
    return worker.left is not None and worker.left <= 0
