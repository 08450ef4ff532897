"""A pool of the threads of a Dask cluster; each thread has a worker process of its own.

The machines must see the same files under the same paths: only paths and results are sent.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from colortk.batch.cluster_worker import process_tasks
from colortk.batch.results import FileResult
from colortk.batch.worker import LoadedState, PictureTask, WorkerConfig
from colortk.errors import ColortkError, EnvironmentProblem
from colortk.runtime.dask_pool import connect

#: Tasks per thread: the one in work, and one that the thread need not wait for.
TASKS_PER_THREAD = 2
#: Pictures that are sent in one task. A message takes as long as decoding a small picture, so that
#: several are sent: at most this many,
MAX_PICTURES_PER_TASK = 8
#: of about this many seconds,
SECONDS_PER_TASK = 1.0
#: and at most this share of what is left for a thread, so that all threads end together.
SHARE_PER_TASK = 1 / 4
#: Seconds that a cluster without workers may take to get one.
WORKER_TIMEOUT = 60.0
#: Seconds without work after which a worker process ends: the cluster outlives the batch.
IDLE_TIMEOUT = 60.0
#: Seconds between two counts of the threads.
COUNT_INTERVAL = 5.0
RESUME_HINT = "finished results are kept: run the same command with --resume to continue"


class ClusterPool:
    """A pool like :class:`~colortk.batch.local_pool.LocalPool` on the machines of a Dask cluster.

    A worker whose weights, options or code differ from those of this machine is refused.

    Parameters
    ----------
    config : WorkerConfig
    address : str
        Address of the scheduler, as ``tcp://host:port``.
    state : LoadedState
        Weights and options of the plugin on this machine.
    code : str
        Digest of the code and the libraries that results depend on.
    threads : int
        Threads per worker process.
    timeout : float or None
        Seconds for one picture.
    count : int
        Most pictures that will be submitted.
    """

    def __init__(
        self,
        config: WorkerConfig,
        address: str,
        state: LoadedState,
        code: str,
        threads: int,
        timeout: float | None,
        count: int,
    ) -> None:
        request, options = config.request, config.options
        if request.weights is not None:
            request = replace(request, weights=request.weights.absolute())
        if options.intermediates is not None:
            options = replace(options, intermediates=options.intermediates.absolute())
        config = replace(config, request=request, options=options, idle=IDLE_TIMEOUT)
        run_id = secrets.token_hex(8)
        self._arguments: Any = (config, state, code, threads, timeout, run_id)
        self._address, self._plugin = address, request.plugin
        self._tasks: dict[Any, list[PictureTask]] = {}  # by future
        self._queued: deque[PictureTask] = deque()
        self._not_sent, self._seconds_per_picture = count, float("inf")
        self._finished: SimpleQueue[Any] = SimpleQueue()
        self._stack = ExitStack()
        self._client: Any = None
        self._cluster_threads, self._counted = 1, 0.0

    def __enter__(self) -> ClusterPool:
        self._client = self._stack.enter_context(connect(self._address))
        self._count_threads()
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            if self._tasks:
                self._client.cancel(list(self._tasks))
                self._tasks.clear()
        finally:
            self._stack.__exit__(*error)  # with the error, which may mean a lost scheduler

    @property
    def has_capacity(self) -> bool:
        """Whether a task can be submitted."""
        tasks = len(self._tasks) + len(self._queued) / self._task_size()
        return tasks < TASKS_PER_THREAD * self._cluster_threads

    @property
    def is_busy(self) -> bool:
        """Whether a result is due."""
        return bool(self._tasks or self._queued)

    def _task_size(self) -> int:
        """Return how many pictures are sent in one task now."""
        share = int(self._not_sent * SHARE_PER_TASK / self._cluster_threads)
        most = min(MAX_PICTURES_PER_TASK, share)
        return max(1, min(most, int(SECONDS_PER_TASK / self._seconds_per_picture)))

    def submit(self, task: PictureTask) -> None:
        """Queue a task; :meth:`collect` sends it."""
        self._queued.append(task)

    def _send(self, tasks: list[PictureTask]) -> None:
        shared = [_with_absolute_paths(task) for task in tasks]
        future = self._client.submit(process_tasks, shared, *self._arguments, pure=False)
        self._tasks[future] = tasks
        self._not_sent -= len(tasks)
        future.add_done_callback(self._finished.put)

    def collect(self) -> list[tuple[PictureTask, FileResult]]:
        """Wait for the next results; the list may be empty.

        Raises
        ------
        EnvironmentProblem
            The scheduler or all workers are lost.
        ColortkError
            A worker cannot load the plugin, or has another version of it.
        """
        while self._queued:
            size = min(self._task_size(), len(self._queued))
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
                results += self._results_of(future, self._tasks.pop(future))
            return results

    def _results_of(
        self, future: Any, tasks: list[PictureTask]
    ) -> list[tuple[PictureTask, FileResult]]:
        if future.status == "finished":
            results = future.result()
            seconds = [result.seconds.get("total", 0) for result in results]
            self._seconds_per_picture = max(1e-3, *seconds)
            return list(zip(tasks, results, strict=True))
        if future.status != "error":
            raise EnvironmentProblem("the Dask scheduler was lost", "", RESUME_HINT)
        error = future.exception()
        if isinstance(error, ColortkError):
            raise error
        if len(tasks) > 1:  # one picture caused it: try each one alone
            self._not_sent += len(tasks)
            for task in tasks:
                self._send([task])
            return []
        (task,) = tasks
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        result = FileResult(task.name, None, self._plugin)
        result.error = f"cannot colorize '{task.name}': the Dask worker was lost: {reason[:270]}"
        return [(task, result)]

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
        self._cluster_threads, self._counted = max(1, sum(threads.values())), time.monotonic()


def _with_absolute_paths(task: PictureTask) -> PictureTask:
    """Return the task for another machine.

    The target is overwritten there: when a Dask worker dies, another one repeats its tasks and finds
    what the first one has written.
    """
    path = task.target.path
    assert path is not None  # a batch on a cluster does not write to standard output
    target = replace(task.target, path=str(Path(path).absolute()), overwrite=True)
    return replace(task, source=str(Path(task.source).absolute()), target=target)
