"""Run tasks in this process, in local worker processes, or on a Dask cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from threading import Thread
from typing import TypeVar

from colortk.errors import ColortkError, EnvironmentProblem
from colortk.harness.plugin_processes import close_plugins
from colortk.harness.run_options import RunOptions
from colortk.harness.statistics import preload
from colortk.harness.tasks import Task, TaskResult
from colortk.runtime.dask_pool import DaskPool

#: Tasks that a Dask worker gets in one message: each message costs the scheduler time.
TASKS_PER_MESSAGE = 4
RERUN_HINT = (
    "scores so far are stored: run it again to continue, with fewer --jobs if memory is short"
)

AnyTask = TypeVar("AnyTask", bound=Task)


def run_tasks(
    tasks: Iterator[AnyTask],
    run_options: RunOptions,
    work: Callable[[tuple[AnyTask, ...]], list[TaskResult]],
) -> Iterator[TaskResult]:
    """Run tasks and yield each result as soon as it is ready.

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
    work: Callable[[tuple[AnyTask, ...]], list[TaskResult]],
) -> Generator[TaskResult, None, None]:
    pool: DaskPool[AnyTask, TaskResult] = DaskPool(
        scheduler, work, _report_lost_workers, message_size=TASKS_PER_MESSAGE
    )
    with pool:
        while True:
            while pool.has_capacity and (task := next(tasks, None)) is not None:
                pool.submit(task)
            if not pool.is_busy:
                return
            for _, result in pool.collect():
                yield result


def _report_lost_workers(task: Task, reason: str) -> TaskResult:
    raise EnvironmentProblem("the workers were lost", reason[:300], RERUN_HINT)


def _run_in_processes(
    tasks: Iterator[AnyTask],
    run_options: RunOptions,
    work: Callable[[tuple[AnyTask, ...]], list[TaskResult]],
) -> Generator[TaskResult, None, None]:
    import joblib

    with contextlib.ExitStack() as stack:
        settings = joblib.parallel_config(
            backend="loky", n_jobs=run_options.jobs, inner_max_num_threads=run_options.threads
        )
        stack.enter_context(settings)
        stack.callback(Thread(target=_end_workers, name="colortk end of workers").start)
        parallel = joblib.Parallel(
            return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs"
        )
        try:
            for results in parallel(joblib.delayed(work)((task,)) for task in tasks):
                yield from results
        except (ColortkError, GeneratorExit):
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            raise EnvironmentProblem("the workers were lost", reason, RERUN_HINT) from error


def _end_workers() -> None:
    """Stop joblib's workers.

    Otherwise they, and the plugin processes that they started, keep running for minutes.
    """
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True, kill_workers=True)
