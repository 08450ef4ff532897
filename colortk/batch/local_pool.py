"""A pool of worker processes of this machine that colorize pictures."""

from __future__ import annotations

from typing import Protocol

from colortk.batch.picture_worker import PictureWorker
from colortk.batch.prestart import PrestartedWorkers
from colortk.batch.results import FileResult
from colortk.batch.worker import LoadedState, PictureTask, WorkerConfig
from colortk.runtime.pool import WorkerPool


class PicturePool(Protocol):
    """A pool that colorizes pictures, here or on other machines; its context ends its workers."""

    def __enter__(self) -> PicturePool: ...

    def __exit__(self, *_: object) -> None: ...

    @property
    def has_capacity(self) -> bool:
        """Whether a task can be submitted."""
        ...

    @property
    def is_busy(self) -> bool:
        """Whether a result is due."""
        ...

    def submit(self, task: PictureTask) -> None:
        """Give a task to a worker."""
        ...

    def collect(self) -> list[tuple[PictureTask, FileResult]]:
        """Wait for the next results; the list may be empty.

        Raises ``ColortkError`` if no worker can go on.
        """
        ...


class LocalPool(WorkerPool[PictureTask, FileResult]):
    """Worker processes of this machine, started as there is work, replaced when they crash or hang.

    Parameters
    ----------
    config : WorkerConfig
    jobs : int
        Most processes at one time.
    threads : int
        Threads per process.
    timeout : float or None
        Seconds for one picture.
    prestarted : PrestartedWorkers or None
        Processes that are already started, to be used first.

    Attributes
    ----------
    state : LoadedState or None
        The report of the last worker that loaded the plugin.
    """

    def __init__(
        self,
        config: WorkerConfig,
        jobs: int,
        threads: int,
        timeout: float | None = None,
        prestarted: PrestartedWorkers | None = None,
    ) -> None:
        super().__init__(self._new_worker, jobs)
        self._config, self._threads, self._timeout = config, threads, timeout
        self._prestarted = prestarted
        self.state: LoadedState | None = None

    def _new_worker(self) -> PictureWorker:
        started = self._prestarted.pop_worker(self._threads) if self._prestarted else None
        return PictureWorker(self._config, self._threads, self._timeout, started, self._set_state)

    def _set_state(self, state: LoadedState) -> None:
        self.state = state

    def __enter__(self) -> LocalPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
