"""Processes that work side by side, and never outlive the one that wants their results."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from colortk.errors import ColortkError
from colortk.runtime.subprocesses import end_with

Item = TypeVar("Item")
Result = TypeVar("Result")
#: Items sent to a process at a time; when stopped, it finishes a few such pieces.
CHUNK_SIZE = 4
#: Several processes with several threads each would only wait for each other.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def parallel_map(
    work: Callable[[Item], Result], items: Iterable[Item], jobs: int
) -> Generator[Result, None, None]:
    """``work`` of every item, in order, in ``jobs`` processes (in this one if it is 1).

    To be closed (``contextlib.closing``): then the processes finish what they hold and end. They
    leave interruptions to this process, and end when it is killed. Raises ``ColortkError`` if a
    process dies.
    """
    if jobs == 1:
        yield from map(work, items)
        return
    from joblib.externals.loky import BrokenProcessPool, ProcessPoolExecutor

    executor = ProcessPoolExecutor(
        jobs, initializer=_prepare_worker, initargs=(os.getpid(),), env=_ONE_THREAD
    )
    results = executor.map(work, items, chunksize=CHUNK_SIZE)
    try:
        yield from results
    except BrokenProcessPool as error:
        raise ColortkError(
            "a process of --jobs died", "perhaps there is too little memory", "use fewer --jobs"
        ) from error
    finally:
        results.close()  # cancels what no process holds yet
        executor.shutdown(wait=True)


def _prepare_worker(parent: int) -> None:
    """In a new process: leave interruptions to the parent, and end when it is gone."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    end_with(parent)
