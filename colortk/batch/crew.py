"""Several workers of this machine at once, each replaced when it dies or hangs."""

from __future__ import annotations

from collections.abc import Iterable
from multiprocessing.connection import wait
from typing import Protocol

from colortk.batch.early import Early
from colortk.batch.records import Record
from colortk.batch.worker import Orders, Ready, Task, Worker
from colortk.errors import ColortkError

#: Pictures that a worker has: the one that it is at, and one that it then need not wait for.
AHEAD = 2


class Hands(Protocol):
    """Whoever colorizes pictures elsewhere; a context, that ends them."""

    def __enter__(self) -> Hands: ...

    def __exit__(self, *_: object) -> None: ...

    @property
    def room(self) -> bool:
        """Whether a task can be given."""
        ...

    @property
    def busy(self) -> bool:
        """Whether a record is to come."""
        ...

    def give(self, task: Task) -> None: ...

    def take(self) -> list[tuple[Task, Record]]:
        """Wait for what is done; may be empty. Raises ``ColortkError`` if none can go on."""
        ...


class Crew:
    """Processes of this machine, started as there is work for them.

    ``threads``: of each. ``timeout``: seconds for one picture, ``None`` for ever. ``ready``: what
    the last that has loaded its plugin said. ``early``: processes that may have been started for it.
    """

    def __init__(
        self,
        orders: Orders,
        jobs: int,
        threads: int,
        timeout: float | None = None,
        early: Early | None = None,
    ) -> None:
        self._workers: list[Worker | None] = [None] * jobs
        self._orders, self._threads, self._timeout, self._early = orders, threads, timeout, early
        self.ready: Ready | None = None

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End all processes, whatever they are at."""
        for number, worker in enumerate(self._workers):
            if worker is not None:
                worker.end()
                self._workers[number] = None

    @property
    def room(self) -> bool:
        return any(worker is None or len(worker.tasks) < AHEAD for worker in self._workers)

    @property
    def busy(self) -> bool:
        return any(worker is not None and worker.tasks for worker in self._workers)

    def give(self, task: Task) -> None:
        number = min(range(len(self._workers)), key=self._reluctance)
        worker = self._workers[number]
        if worker is not None:
            try:
                worker.give(task)
                return
            except OSError:  # it has died of nothing that is this picture's
                worker.end()
        self._start(number, [task])

    def _reluctance(self, number: int) -> int:
        """A plugin is not loaded for work that idle workers would do, but before any has to wait."""
        worker = self._workers[number]
        return 1 if worker is None else 2 * len(worker.tasks)

    def _start(self, number: int, tasks: Iterable[Task]) -> None:
        begun = self._early.take(self._threads) if self._early else None
        self._workers[number] = worker = Worker(self._orders, self._threads, self._timeout, begun)
        for task in tasks:
            worker.give(task)

    def take(self) -> list[tuple[Task, Record]]:
        at_work = {w.pipe: (k, w) for k, w in enumerate(self._workers) if w is not None and w.tasks}
        left = [seconds for _, worker in at_work.values() if (seconds := worker.left) is not None]
        heard = wait(list(at_work), max(0.0, min(left)) if left else None)
        done = []
        for pipe, (number, worker) in at_work.items():
            task, record = worker.tasks[0], None
            late = worker.left is not None and worker.left <= 0
            if pipe not in heard and not late:
                continue
            try:
                record = worker.hear() if pipe in heard else worker.late()
            except ColortkError as error:
                if self.ready is None:
                    self._workers[number] = None
                    raise
                # It has loaded before: memory is short, or the files are being changed.
                worker.tasks.popleft()
                record = Record(task.name, None, worker.orders.request.plugin, error=str(error))
            self.ready = worker.ready or self.ready
            if worker.ended:
                self._workers[number] = None
                if worker.tasks:
                    self._start(number, worker.tasks)
            if record is not None:
                done.append((task, record))
        return done
