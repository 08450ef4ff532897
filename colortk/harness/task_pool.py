"""Run tasks in this process, in local worker processes, or on a Dask cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from itertools import islice
from threading import Thread
from typing import TypeVar

from colortk.errors import ColortkError, EnvironmentProblem
from colortk.harness.plugin_processes import close_plugins
from colortk.harness.run_options import RunOptions
from colortk.harness.statistics import preload
from colortk.harness.tasks import Task, TaskResult
from colortk.runtime.dask_pool import dask_backend, refuse_lost

#: Tasks that a Dask worker gets in one message: each message costs the scheduler time.
TASKS_PER_MESSAGE = 4

AnyTask = TypeVar("AnyTask", bound=Task)


def run_tasks(
    tasks: Iterator[AnyTask],
    run_options: RunOptions,
    work: Callable[[tuple[AnyTask, ...]], list[TaskResult]],
) -> Iterator[TaskResult]:
    """Run tasks and yield each result as soon as it is there.

    Parameters
    ----------
    tasks : iterator of Task
        Consumed as workers become free, so that a task may depend on earlier results.
    run_options : RunOptions
        ``jobs``, ``threads`` and ``scheduler`` decide where the tasks run.
    work : callable
        Runs a few tasks; a function that can be pickled, unless the tasks run in this process.

    Yields
    ------
    TaskResult
        In completion order.

    Raises
    ------
    EnvironmentProblem
        If workers die, or the scheduler cannot be reached.
    """
    if run_options.scheduler is None and run_options.jobs <= 1:
        try:
            for task in tasks:
                yield from work((task,))
        finally:
            close_plugins()
        return
    import joblib

    with contextlib.ExitStack() as stack:
        if run_options.scheduler is not None:
            stack.enter_context(dask_backend(run_options.scheduler))
        else:
            settings = joblib.parallel_config(
                backend="loky", n_jobs=run_options.jobs, inner_max_num_threads=run_options.threads
            )
            stack.enter_context(settings)
            stack.callback(Thread(target=_end_workers, name="colortk end of workers").start)
        parallel = joblib.Parallel(
            return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs"
        )
        # In tuples: joblib's Dask backend would store a single task on one worker, and lose it
        # if that worker dies.
        batches = _batches(tasks, TASKS_PER_MESSAGE if run_options.scheduler is not None else 1)
        try:
            for number, results in enumerate(
                parallel(joblib.delayed(work)(batch) for batch in batches)
            ):
                if number == 0:  # Not earlier: the workers are starting and need the cores.
                    preload()
                yield from results
        except (ColortkError, GeneratorExit):
            raise
        except Exception as error:
            if run_options.scheduler is not None:
                refuse_lost(run_options.scheduler, error)
            raise EnvironmentProblem(
                "the workers were lost",
                f"{type(error).__name__}: {' '.join(str(error).split())[:300]}",
                "scores so far are stored: run it again to continue, with fewer --jobs if memory"
                " is short",
            ) from error


def _batches(tasks: Iterator[AnyTask], size: int) -> Iterator[tuple[AnyTask, ...]]:
    while batch := tuple(islice(tasks, size)):
        yield batch


def _end_workers() -> None:
    """End joblib's workers, which would stay for minutes, each with its plugins' processes."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True, kill_workers=True)
