"""Compute the statistics of large sets with Dask, on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from colortk.runtime.subprocesses import cores

T = TypeVar("T")
R = TypeVar("R")
#: With fewer numbers, one core is faster: the others would have to be started first.
LARGE = 1_000_000


def map_large(function: Callable[[T], R], items: Iterator[T], size: int) -> Iterator[R]:
    """Yield the function of each item, in order; with Dask on several cores if it is much work.

    While some items are computed, the next ones are taken from the iterator. At any time, only two
    items for each core are in memory.

    Parameters
    ----------
    function : callable
        Releases the lock of the interpreter most of the time.
    items : iterator
        Its items may be expensive to make.
    size : int
        How many numbers each call reads.
    """
    workers = cores()
    dask = _dask() if size >= LARGE and workers > 1 else None
    if dask is None:
        yield from map(function, items)
        return
    batch = _take(items, workers)
    while batch:
        # As arguments of tasks, Dask would convert iterators and lists.
        calls = [partial(function, item) for item in batch] + [partial(_take, items, workers)]
        tasks = [dask.delayed(call, pure=False)() for call in calls]
        *results, batch = dask.compute(*tasks, scheduler="threads", num_workers=workers)
        yield from results


def _take(items: Iterator[T], count: int) -> list[T]:
    return list(islice(items, count))


def _dask() -> Any:
    """Return Dask, or ``None`` if it is not installed."""
    try:
        import dask
    except ImportError:
        return None
    return dask
