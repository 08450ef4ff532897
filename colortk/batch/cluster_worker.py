"""Tasks in a thread of a Dask worker, in a worker process that the thread keeps for the run."""

from __future__ import annotations

import threading
from collections import deque

from colortk.batch.local_pool import LocalPool
from colortk.batch.results import FileResult
from colortk.batch.worker import LoadedState, PictureTask, WorkerConfig
from colortk.errors import PluginError
from colortk.plugin.registry import registry
from colortk.runtime.provenance import colorizer_code

_thread_state = threading.local()


def process_tasks(
    tasks: tuple[PictureTask, ...],
    config: WorkerConfig,
    expected: LoadedState,
    code: str,
    threads: int,
    timeout: float | None,
    run_id: str,
) -> list[FileResult]:
    """Colorize pictures in the worker process of this thread.

    Parameters
    ----------
    tasks : tuple of PictureTask
    config : WorkerConfig
    expected : LoadedState
        Weights and options of the plugin on the machine that runs the batch.
    code : str
        Digest of the code and the libraries on that machine.
    threads : int
        Threads of the worker process.
    timeout : float or None
        Seconds for one picture.
    run_id : str
        Identifies the batch: another batch gets another worker process.

    Returns
    -------
    list of FileResult
        In the order of ``tasks``.

    Raises
    ------
    PluginError
        Weights, options or code differ on this machine.
    """
    cached: tuple[str, LocalPool] | None = getattr(_thread_state, "pool", None)
    _thread_state.pool = None
    if cached is not None and cached[0] != run_id:
        cached[1].stop()
        cached = None
    checked = cached is not None
    pool = cached[1] if cached is not None else LocalPool(config, 1, threads, timeout)
    results = []
    try:
        waiting = deque(tasks)
        while waiting or pool.is_busy:
            while waiting and pool.has_capacity:
                pool.submit(waiting.popleft())
            results += [result for _, result in pool.collect()]
            if pool.state is not None and not checked:
                _check_state(pool.state, config, expected, code)
                checked = True
    except BaseException:
        pool.stop()
        raise
    _thread_state.pool = run_id, pool
    return results


def _check_state(
    state: LoadedState, config: WorkerConfig, expected: LoadedState, code: str
) -> None:
    """Raise ``PluginError`` if this machine would make other results."""
    difference = ""
    if state.digest != expected.digest:
        difference = "weights"
    elif state.options != expected.options:
        difference = "options"
    else:
        spec = registry().colorizer(config.request.plugin)[1]
        if colorizer_code(spec, config.options.refine, "files") != code:
            difference = "code or libraries"
    if difference:
        raise PluginError(
            f"plugin '{config.request.plugin}' has different {difference} on a Dask worker",
            "results would depend on the machine",
            "install the same versions everywhere, and restart the workers",
        )
