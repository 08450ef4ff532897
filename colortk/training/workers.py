"""Processes that work in parallel and end with the process that started them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeVar

from colortk.errors import ColortkError
from colortk.runtime.function_pool import FunctionPool, map_unordered

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")
#: Seconds for the current tasks if the work is stopped.
TASK_GRACE = 10.0


def parallel_map(
    work: Callable[[TaskT], ResultT], tasks: Iterable[TaskT], jobs: int
) -> Generator[ResultT, None, None]:
    """Apply ``work`` to every task in several processes of one thread each.

    Close the generator (``contextlib.closing``) to stop: the processes then finish their current
    tasks and end. They ignore interruptions, and end when the parent is killed.

    Parameters
    ----------
    work : callable
        A function of a module. Its annotations name the type of a task and of a result: dataclasses
        of plain values.
    tasks : iterable
        Arguments of ``work``.
    jobs : int
        Number of processes. 1 calls ``work`` in this process.

    Yields
    ------
    object
        The results in completion order.

    Raises
    ------
    ColortkError
        A process died.
    """
    if jobs == 1:
        yield from map(work, tasks)
        return
    # Several processes with several threads each would wait for one another.
    pool = FunctionPool(work, _report_death, jobs, threads=1, grace=TASK_GRACE)
    yield from map_unordered(tasks, pool)


def _report_death(task: Any, reason: str) -> Any:
    raise ColortkError("a worker process died", reason, "use fewer --jobs if memory is short")
