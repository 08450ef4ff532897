"""Several workers of this machine at once, each replaced when it dies or hangs."""

from __future__ import annotations

from typing import Protocol

from colortk.batch.prestart import Early
from colortk.batch.records import Record
from colortk.batch.worker import Orders, Ready, Task, Worker
from colortk.runtime.pool import WorkerPool


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
        self._orders, self._threads, self._timeout, self._early = orders, threads, timeout, early
        self.ready: Ready | None = None
        self._pool = WorkerPool(self._worker, jobs)

    def _worker(self) -> Worker:
        started = self._early.take(self._threads) if self._early else None
        return Worker(self._orders, self._threads, self._timeout, started, self._set_ready)

    def _set_ready(self, ready: Ready) -> None:
        self.ready = ready

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End all processes, whatever they are at."""
        self._pool.stop()

    @property
    def room(self) -> bool:
        return self._pool.has_capacity

    @property
    def busy(self) -> bool:
        return self._pool.is_busy

    def give(self, task: Task) -> None:
        self._pool.submit(task)

    def take(self) -> list[tuple[Task, Record]]:
        return self._pool.collect()
