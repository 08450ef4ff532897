"""Run tasks in this process, in local worker processes, or on a Dask cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import TypeVar

from colortk.errors import EnvironmentProblem
from colortk.harness.plugin_processes import close_plugins
from colortk.harness.run_options import RunOptions
from colortk.harness.statistics import preload
from colortk.harness.tasks import Task, TaskResult
from colortk.runtime.dask_pool import DaskPool
from colortk.runtime.function_pool import FunctionPool, map_unordered

#: Tasks that a Dask worker gets in one message: each message costs the scheduler time.
TASKS_PER_MESSAGE = 4
#: Workers that may crash in a comparison before it ends: each may take its picture with it.
MAX_CRASHES = 5
RERUN_HINT = (
    "The scores so far are stored. Run the same command to continue, "
    "with fewer --jobs if memory is short"
)

AnyTask = TypeVar("AnyTask", bound=Task)


def run_tasks(
    tasks: Iterator[AnyTask],
    run_options: RunOptions,
    work: Callable[[AnyTask], TaskResult],
) -> Iterator[TaskResult]:
    """Run tasks and yield each result as soon as it is ready.

    Parameters
    ----------
    tasks : iterator of Task
        Consumed as workers become free, so that a task may depend on earlier results.
    run_options : RunOptions
        ``jobs``, ``threads`` and ``scheduler`` decide where the tasks run.
    work : callable
        Runs a task. Unless the tasks run in this process, it is a function of a module.

    Yields
    ------
    TaskResult
        In completion order.

    Raises
    ------
    EnvironmentProblem
        If several workers die, or the scheduler cannot be reached. The picture of a worker that
        dies gets an error.
    """
    if run_options.scheduler is None and run_options.jobs <= 1:
        try:
            for task in tasks:
                yield work(task)
        finally:
            close_plugins()
        return
    if run_options.scheduler is not None:
        results = _run_on_cluster(tasks, run_options.scheduler, work)
    else:
        results = _run_in_processes(tasks, run_options, work)
    with contextlib.closing(results):
        for number, result in enumerate(results):
            if number == 0:  # Not earlier: the workers are starting and need the cores.
                preload()
            yield result


def _run_on_cluster(
    tasks: Iterator[AnyTask],
    scheduler: str,
    work: Callable[[AnyTask], TaskResult],
) -> Generator[TaskResult, None, None]:
    pool: DaskPool[AnyTask, TaskResult] = DaskPool(
        scheduler, partial(_run_each, work), _report_lost_workers, message_size=TASKS_PER_MESSAGE
    )
    with pool:
        while True:
            while pool.has_capacity and (task := next(tasks, None)) is not None:
                pool.submit(task)
            if not pool.is_busy:
                return
            for _, result in pool.collect():
                yield result


def _run_each(
    work: Callable[[AnyTask], TaskResult], tasks: tuple[AnyTask, ...]
) -> list[TaskResult]:
    return [work(task) for task in tasks]


def _report_lost_workers(task: Task, reason: str) -> TaskResult:
    raise EnvironmentProblem("the workers were lost", reason[:300], RERUN_HINT)


def _run_in_processes(
    tasks: Iterator[AnyTask], run_options: RunOptions, work: Callable[[AnyTask], TaskResult]
) -> Generator[TaskResult, None, None]:
    crashes = 0

    def lost(task: AnyTask, reason: str) -> TaskResult:
        nonlocal crashes
        crashes += 1
        if crashes >= MAX_CRASHES:
            raise EnvironmentProblem("the workers were lost", reason, RERUN_HINT)
        error = f"cannot score '{task.name}': {reason} (use fewer --jobs if memory is short)"
        return TaskResult(task.picture, task.name, error=error)

    pool = FunctionPool(work, lost, run_options.jobs, run_options.threads, close_plugins)
    return map_unordered(tasks, pool)
