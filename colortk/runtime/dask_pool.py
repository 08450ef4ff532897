"""A pool of the threads of a Dask cluster, with the methods of a pool of local processes."""

from __future__ import annotations

import time
import warnings
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import ExitStack
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from colortk.errors import ColortkError, EnvironmentProblem
from colortk.runtime.dask_client import RESUME_HINT, connect

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")
#: Messages per thread: the current one and the next one, so that the thread never waits.
MESSAGES_PER_THREAD = 2
#: Seconds for the first worker of a cluster to appear.
WORKER_TIMEOUT = 60.0
#: Seconds between two counts of the threads.
COUNT_INTERVAL = 5.0


class DaskPool(Generic[TaskT, ResultT]):
    """A pool of the threads of a Dask cluster; a context manager.

    Parameters
    ----------
    address : str
        Address of the scheduler, such as ``tcp://host:port``.
    work : callable
        Called on the cluster as ``work(tasks, *arguments)`` with a tuple of tasks; returns their
        results in the same order. It must be possible to pickle it.
    fail : callable
        Called here as ``fail(task, reason)`` when the workers of a task were lost; returns its
        result, or raises.
    arguments : tuple
        More arguments of ``work``.
    message_size : int
        Tasks that are sent in one message; see :meth:`message_size`.
    """

    def __init__(
        self,
        address: str,
        work: Callable[..., list[ResultT]],
        fail: Callable[[TaskT, str], ResultT],
        arguments: tuple[Any, ...] = (),
        message_size: int = 1,
    ) -> None:
        self._address, self._work, self._fail = address, work, fail
        self._arguments, self._message_size = arguments, message_size
        self._sent: dict[Any, list[TaskT]] = {}  # by future
        self._queued: deque[TaskT] = deque()
        self._finished: SimpleQueue[Any] = SimpleQueue()
        self._stack = ExitStack()
        self._client: Any = None
        self.threads, self._counted = 1, 0.0

    def __enter__(self) -> DaskPool[TaskT, ResultT]:
        self._client = self._stack.enter_context(connect(self._address))
        self._count_threads()
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            if self._sent:
                self._client.cancel(list(self._sent))
                self._sent.clear()
        finally:
            self._stack.__exit__(*error)  # the error may mean that the scheduler is lost

    @property
    def has_capacity(self) -> bool:
        """Whether a task can be submitted."""
        messages = len(self._sent) + len(self._queued) / self.message_size()
        return messages < MESSAGES_PER_THREAD * self.threads

    @property
    def is_busy(self) -> bool:
        """Whether a result is due."""
        return bool(self._sent or self._queued)

    def message_size(self) -> int:
        """Return how many tasks are sent in one message now."""
        return self._message_size

    def submit(self, task: TaskT) -> None:
        """Queue a task; :meth:`collect` sends it."""
        self._queued.append(task)

    def prepare(self, task: TaskT) -> TaskT:
        """Return the task to send for ``task``; subclasses may change it."""
        return task

    def update_speed(self, tasks: list[TaskT], results: list[ResultT] | None) -> None:
        """Handle tasks that were sent, or that came back with results; for subclasses."""

    def _send(self, tasks: list[TaskT]) -> None:
        prepared = tuple(self.prepare(task) for task in tasks)
        with warnings.catch_warnings():
            # Dask expects large data to be stored on one worker, which may be lost.
            warnings.filterwarnings("ignore", message="Sending large graph")
            future = self._client.submit(self._work, prepared, *self._arguments, pure=False)
        self._sent[future] = tasks
        self.update_speed(tasks, None)
        future.add_done_callback(self._finished.put)

    def collect(self) -> list[tuple[TaskT, ResultT]]:
        """Wait for the next results; the list may be empty.

        Raises
        ------
        EnvironmentProblem
            The scheduler or all workers are lost.
        ColortkError
            An error that ``work`` or ``fail`` raised.
        """
        while self._queued:
            size = min(self.message_size(), len(self._queued))
            self._send([self._queued.popleft() for _ in range(size)])
        if time.monotonic() - self._counted > COUNT_INTERVAL:
            self._count_threads()
        futures: list[Any] = []
        try:
            futures.append(self._finished.get(timeout=COUNT_INTERVAL))
            while True:
                futures.append(self._finished.get_nowait())
        except Empty:
            results = []
            for future in futures:
                results += self._results_of(future, self._sent.pop(future))
            return results

    def _results_of(self, future: Any, tasks: list[TaskT]) -> list[tuple[TaskT, ResultT]]:
        if future.status == "finished":
            try:
                results: list[ResultT] = future.result()
            except (OSError, TimeoutError, CancelledError) as loss:
                reason = type(loss).__name__
                raise EnvironmentProblem(
                    "the Dask scheduler was lost", reason, RESUME_HINT
                ) from loss
            self.update_speed(tasks, results)
            return list(zip(tasks, results, strict=True))
        if future.status != "error":
            raise EnvironmentProblem("the Dask scheduler was lost", "", RESUME_HINT)
        error = future.exception()
        if isinstance(error, ColortkError):
            raise error
        if len(tasks) > 1:  # one task caused it: try each one alone
            for task in tasks:
                self._send([task])
            return []
        (task,) = tasks
        return [(task, self._fail(task, f"{type(error).__name__}: {' '.join(str(error).split())}"))]

    def _count_threads(self) -> None:
        """Count the threads of the cluster. Raises ``EnvironmentProblem`` if there is none."""
        end = time.monotonic() + WORKER_TIMEOUT
        try:
            while not (threads := self._client.nthreads()):
                if time.monotonic() > end:
                    raise EnvironmentProblem("the Dask workers were lost", "", RESUME_HINT)
                time.sleep(1)
        except (OSError, TimeoutError) as error:
            reason = type(error).__name__
            raise EnvironmentProblem("the Dask scheduler was lost", reason, RESUME_HINT) from error
        self.threads, self._counted = max(1, sum(threads.values())), time.monotonic()
