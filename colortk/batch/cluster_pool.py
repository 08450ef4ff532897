"""The workers of a Dask cluster: each of their threads has a worker process of its own.

Machines see the same files under the same names: what travels is a name, and a record.
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

from colortk.batch.cluster_worker import work
from colortk.batch.records import Record
from colortk.batch.worker import Orders, Ready, Task
from colortk.errors import ColortkError, EnvironmentProblem
from colortk.runtime.dask_pool import connect

#: What a thread has to do at most: what it is at, and what it then need not wait for.
_AHEAD = 2
#: Pictures that go to a thread together, for a message takes as long as a small picture's decoding:
#: at most so many, of so many seconds, and of what is left so small a share of a thread's part that
#: all threads end together.
_TOGETHER, _SECONDS, _SHARE = 8, 1.0, 4
#: Seconds for a cluster without workers to get one.
_PATIENCE = 60.0
#: Seconds without work after which a worker process ends: a cluster lives on.
_IDLE = 60.0
#: Seconds between two looks at how many threads there are.
_LOOK = 5.0
_GO_ON = "what was done is kept: go on with --resume"


class Cluster:
    """As :class:`~colortk.batch.local_pool.Crew`, on the machines of the scheduler at ``address``.

    ``here``: the plugin's weights and options on this machine, and ``code`` the digest of all code and
    libraries that results depend on. A worker with others is refused.
    ``pictures``: how many there are at most.
    """

    def __init__(
        self,
        orders: Orders,
        address: str,
        here: Ready,
        code: str,
        threads: int,
        timeout: float | None,
        pictures: int,
    ) -> None:
        request = orders.request
        if request.weights is not None:
            request = replace(request, weights=request.weights.absolute())
        kept = orders.settings.intermediates
        settings = replace(
            orders.settings, output=None, intermediates=kept.absolute() if kept else None
        )
        orders = replace(orders, request=request, settings=settings, idle=_IDLE)
        self._how: Any = (orders, here, code, threads, timeout, secrets.token_hex(8))
        self._address, self._plugin = address, request.plugin
        self._tasks: dict[Any, list[Task]] = {}
        self._given: deque[Task] = deque()
        self._left, self._pace = pictures, float("inf")
        self._finished: SimpleQueue[Any] = SimpleQueue()
        self._stack = ExitStack()
        self._client: Any = None
        self._threads, self._looked = 1, 0.0

    def __enter__(self) -> Cluster:
        self._client = self._stack.enter_context(connect(self._address))
        self._look()
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            if self._tasks:
                self._client.cancel(list(self._tasks))
                self._tasks.clear()
        finally:
            self._stack.__exit__(*error)  # with the error, which may mean a lost scheduler

    @property
    def room(self) -> bool:
        return len(self._tasks) + len(self._given) / self._size() < _AHEAD * self._threads

    @property
    def busy(self) -> bool:
        return bool(self._tasks or self._given)

    def _size(self) -> int:
        """How many pictures go together now."""
        most = min(_TOGETHER, self._left // (_SHARE * self._threads))
        return max(1, min(most, int(_SECONDS / self._pace)))

    def give(self, task: Task) -> None:
        self._given.append(task)

    def _send(self, tasks: list[Task]) -> None:
        future = self._client.submit(work, [_far(task) for task in tasks], *self._how, pure=False)
        self._tasks[future] = tasks
        self._left -= len(tasks)
        future.add_done_callback(self._finished.put)

    def take(self) -> list[tuple[Task, Record]]:
        while self._given:
            size = min(self._size(), len(self._given))
            self._send([self._given.popleft() for _ in range(size)])
        if time.monotonic() - self._looked > _LOOK:
            self._look()
        finished: list[Any] = []
        try:
            finished.append(self._finished.get(timeout=_LOOK))
            while True:
                finished.append(self._finished.get_nowait())
        except Empty:
            done = []
            for future in finished:
                done += self._records(future, self._tasks.pop(future))
            return done

    def _records(self, future: Any, tasks: list[Task]) -> list[tuple[Task, Record]]:
        if future.status == "finished":
            records = future.result()
            self._pace = max(1e-3, *(record.seconds.get("total", 0) for record in records))
            return list(zip(tasks, records, strict=True))
        if future.status != "error":
            raise EnvironmentProblem("the Dask scheduler was lost", hint=_GO_ON)
        error = future.exception()
        if isinstance(error, ColortkError):
            raise error
        if len(tasks) > 1:  # it is one picture's: the others should not pay for it
            self._left += len(tasks)
            for task in tasks:
                self._send([task])
            return []
        (task,) = tasks
        why = f"the Dask worker was lost: {type(error).__name__}: {' '.join(str(error).split())}"
        record = Record(task.name, None, self._plugin)
        record.error = f"cannot colorize '{task.name}': {why[:300]}"
        return [(task, record)]

    def _look(self) -> None:
        """See how many threads there are."""
        until = time.monotonic() + _PATIENCE
        try:
            while not (found := self._client.nthreads()):
                if time.monotonic() > until:
                    raise EnvironmentProblem("the Dask workers were lost", hint=_GO_ON)
                time.sleep(1)
        except (OSError, TimeoutError) as error:
            why = type(error).__name__
            raise EnvironmentProblem("the Dask scheduler was lost", why, _GO_ON) from error
        self._threads, self._looked = max(1, sum(found.values())), time.monotonic()


def _far(task: Task) -> Task:
    """``task`` as another machine finds it.

    When a Dask worker dies another does the same again, and finds what the first has written.
    """
    path = task.spot.path
    assert path is not None  # a cluster has no standard output
    spot = replace(task.spot, path=path.absolute(), force=True)
    return replace(task, source=str(Path(task.source).absolute()), spot=spot)
