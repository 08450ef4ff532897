"""A pool that colorizes pictures on a Dask cluster; each thread has its own worker process.

The machines must see the same files under the same paths: only paths and results are sent.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

from colortk.batch.cluster_worker import process_tasks
from colortk.batch.results import FileResult
from colortk.batch.worker import LoadedState, PictureTask, WorkerConfig
from colortk.runtime.dask_pool import DaskPool

#: Pictures that are sent in one message. A message takes as long as decoding a small picture, so
#: that several are sent: at most this many,
MAX_PICTURES_PER_MESSAGE = 8
#: of about this many seconds,
SECONDS_PER_MESSAGE = 1.0
#: and at most this share of a thread's remaining pictures, so that all threads end together.
SHARE_PER_MESSAGE = 1 / 4
#: Seconds without work after which a worker process ends: the cluster outlives the batch.
IDLE_TIMEOUT = 60.0


class ClusterPool(DaskPool[PictureTask, FileResult]):
    """A pool like :class:`~colortk.batch.local_pool.LocalPool` on the machines of a Dask cluster.

    A worker is refused if its weights, options or code differ from the ones of this machine.

    Parameters
    ----------
    config : WorkerConfig
    address : str
        Address of the scheduler, such as ``tcp://host:port``.
    state : LoadedState
        Weights and options of the plugin on this machine.
    code : str
        Digest of the code and the libraries that results depend on.
    threads : int
        Threads per worker process.
    timeout : float or None
        Seconds for one picture.
    count : int
        Most pictures that will be submitted.
    """

    def __init__(
        self,
        config: WorkerConfig,
        address: str,
        state: LoadedState,
        code: str,
        threads: int,
        timeout: float | None,
        count: int,
    ) -> None:
        request, options = config.request, config.options
        if request.weights is not None:
            request = replace(request, weights=request.weights.absolute())
        if options.intermediates is not None:
            options = replace(options, intermediates=options.intermediates.absolute())
        config = replace(config, request=request, options=options, idle=IDLE_TIMEOUT)
        run_id = secrets.token_hex(8)
        arguments = (config, state, code, threads, timeout, run_id)
        super().__init__(address, process_tasks, self._lost_worker, arguments)
        self._plugin = request.plugin
        self._not_sent, self._seconds_per_picture = count, float("inf")

    def message_size(self) -> int:
        """Return how many pictures are sent in one message now."""
        share = int(self._not_sent * SHARE_PER_MESSAGE / self.threads)
        limit = min(MAX_PICTURES_PER_MESSAGE, share)
        return max(1, min(limit, int(SECONDS_PER_MESSAGE / self._seconds_per_picture)))

    def update_speed(self, tasks: list[PictureTask], results: list[FileResult] | None) -> None:
        """Count the pictures that are sent, and measure the seconds for one picture."""
        if results is None:
            self._not_sent = max(0, self._not_sent - len(tasks))
        else:
            seconds = [result.seconds.get("total", 0) for result in results]
            self._seconds_per_picture = max(1e-3, *seconds)

    def prepare(self, task: PictureTask) -> PictureTask:
        """Return the task for another machine.

        The target is overwritten there: when a Dask worker dies, another one repeats its tasks and
        finds the files that the first one has written.
        """
        path = task.target.path
        assert path is not None  # a batch on a cluster does not write to standard output
        target = replace(task.target, path=str(Path(path).absolute()), overwrite=True)
        return replace(task, source=str(Path(task.source).absolute()), target=target)

    def _lost_worker(self, task: PictureTask, reason: str) -> FileResult:
        result = FileResult(task.name, None, self._plugin)
        result.error = f"cannot colorize '{task.name}': the Dask worker was lost: {reason[:270]}"
        return result
