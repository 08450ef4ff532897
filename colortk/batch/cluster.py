"""The workers of a Dask cluster: each of their threads has a worker process of its own.

Machines see the same files under the same names: what travels is a name, and a record.
"""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from multiprocessing.connection import wait
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from colortk.batch.records import Record
from colortk.batch.worker import Orders, Ready, Task, Worker
from colortk.errors import ColortkError, EnvironmentProblem, PluginError
from colortk.harness.cluster import connected

#: Pictures that a thread has waiting, so that it does not wait for the next.
_AHEAD = 2
#: Seconds for a cluster without workers to get one.
_PATIENCE = 60.0
#: Seconds without work after which a worker process ends: a cluster lives on.
_IDLE = 60.0
#: Seconds between two looks at how many threads there are.
_LOOK = 5.0
_GO_ON = "what was done is kept: go on with --resume"
_kept = threading.local()


class Cluster:
    """As :class:`~colortk.batch.crew.Crew`, on the machines of the scheduler at ``address``.

    ``here``: the plugin's weights and code on this machine; a worker with others is refused.
    """

    def __init__(
        self, orders: Orders, address: str, here: Ready, threads: int, timeout: float | None
    ) -> None:
        request = orders.request
        if request.weights is not None:
            request = replace(request, weights=request.weights.absolute())
        kept = orders.settings.intermediates
        settings = replace(
            orders.settings, output=None, intermediates=kept.absolute() if kept else None
        )
        orders = replace(orders, request=request, settings=settings, idle=_IDLE)
        self._how: Any = (orders, here, threads, timeout, secrets.token_hex(8))
        self._address, self._plugin = address, request.plugin
        self._tasks: dict[Any, Task] = {}
        self._finished: SimpleQueue[Any] = SimpleQueue()
        self._stack = ExitStack()
        self._client: Any = None
        self._threads, self._looked = 1, 0.0

    def __enter__(self) -> Cluster:
        self._client = self._stack.enter_context(connected(self._address))
        self._look()
        return self

    def __exit__(self, *_: object) -> None:
        with self._stack:
            if self._tasks:
                with suppress(OSError, TimeoutError):
                    self._client.cancel(list(self._tasks))
                self._tasks.clear()

    @property
    def room(self) -> bool:
        return len(self._tasks) < _AHEAD * max(1, self._threads)

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    def give(self, task: Task) -> None:
        spot, path = task.spot, task.spot.path
        assert path is not None  # a cluster has no standard output
        # When a Dask worker dies another does the same again, and finds what the first has written.
        spot = replace(spot, path=path.absolute(), force=True)
        far = replace(task, source=str(Path(task.source).absolute()), spot=spot)
        future = self._client.submit(work, far, *self._how, pure=False)
        self._tasks[future] = task
        future.add_done_callback(self._finished.put)

    def take(self) -> list[tuple[Task, Record]]:
        if time.monotonic() - self._looked > _LOOK:
            self._look()
        finished: list[Any] = []
        try:
            finished.append(self._finished.get(timeout=_LOOK))
            while True:
                finished.append(self._finished.get_nowait())
        except Empty:
            return [self._record(future, self._tasks.pop(future)) for future in finished]

    def _record(self, future: Any, task: Task) -> tuple[Task, Record]:
        if future.status == "finished":
            return task, future.result()
        if future.status != "error":
            raise EnvironmentProblem("the Dask scheduler was lost", do=_GO_ON)
        error = future.exception()
        if isinstance(error, ColortkError):
            raise error
        why = f"the Dask worker was lost: {type(error).__name__}: {' '.join(str(error).split())}"
        record = Record(task.name, None, self._plugin)
        record.error = f"cannot colorize '{task.name}': {why[:300]}"
        return task, record

    def _look(self) -> None:
        """See how many threads there are."""
        until = time.monotonic() + _PATIENCE
        try:
            while not (found := self._client.nthreads()):
                if time.monotonic() > until:
                    raise EnvironmentProblem("the Dask workers were lost", do=_GO_ON)
                time.sleep(1)
        except (OSError, TimeoutError) as error:
            why = type(error).__name__
            raise EnvironmentProblem("the Dask scheduler was lost", why, _GO_ON) from error
        self._threads, self._looked = sum(found.values()), time.monotonic()


def work(
    task: Task, orders: Orders, here: Ready, threads: int, timeout: float | None, run: str
) -> Record:
    """A picture in a thread of a Dask worker, in a process that the thread keeps for the ``run``."""
    kept: tuple[str, Worker] | None = getattr(_kept, "worker", None)
    if kept is not None and kept[0] != run:
        kept[1].end()
        kept = None
    worker = kept[1] if kept is not None else Worker(orders, threads, timeout)
    _kept.worker = None
    try:
        worker.give(task)
    except OSError:  # it had nothing to do for long, and has ended
        worker.end()
        worker = Worker(orders, threads, timeout)
        worker.give(task)
    record = None
    while record is None:
        left = worker.left
        heard = wait([worker.pipe], None if left is None else max(0.0, left))
        record = worker.hear() if heard else worker.late()
        if worker.ready is not None and worker.ready != here:
            worker.end()
            what = "weights" if worker.ready.digest != here.digest else "code"
            raise PluginError(
                f"plugin '{orders.request.plugin}' has other {what} on a Dask worker",
                do="install the same version everywhere, and restart the workers",
            )
    if not worker.ended:
        _kept.worker = run, worker
    return record
