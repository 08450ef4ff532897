"""Processes that work in parallel and end with the process that started them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from colortk.errors import ColortkError
from colortk.runtime.subprocesses import end_with_parent

Item = TypeVar("Item")
Result = TypeVar("Result")
#: Items sent to a process at a time; when stopped, a process finishes a few such chunks.
CHUNK_SIZE = 4
#: Several processes with several threads each would wait for one another.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def parallel_map(
    work: Callable[[Item], Result], items: Iterable[Item], jobs: int
) -> Generator[Result, None, None]:
    """Apply ``work`` to every item, in order, in several processes.

    Close the generator (``contextlib.closing``) to stop: the processes then finish their current
    items and end. They ignore interruptions, and end when the parent is killed.

    Parameters
    ----------
    work : callable
        Called with one item; it must be importable by name in another process.
    items : iterable
        Arguments of ``work``.
    jobs : int
        Number of processes. 1 calls ``work`` in this process.

    Yields
    ------
    object
        The result for each item, in the order of ``items``.

    Raises
    ------
    ColortkError
        A process died.
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
            "a worker process died", "perhaps the memory is too small", "use fewer --jobs"
        ) from error
    finally:
        results.close()  # cancels tasks that no process has yet
        executor.shutdown(wait=True)


def _prepare_worker(parent: int) -> None:
    """In a new process: ignore interruptions, and end when the parent has ended."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    end_with_parent(parent)
