"""Start workers while the command still finds out which pictures there are.

A worker needs half a second to import and load before its first picture, and the command needs
nearly as long before it knows the first picture. Where a command line names many pictures, both
happen at once.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from colortk.runtime.subprocesses import cores, spawn, stop, threads

if TYPE_CHECKING:
    from colortk.runtime.worker_process import Started

#: More pictures per core than this are worth worker processes, which load the plugin for half a
#: second each.
PICTURES_PER_CORE = 4
#: Seconds for a process to read its first message.
SEND_TIMEOUT = 30.0


class PrestartedWorkers:
    """Worker processes that are started before there is a pool, if there may be many pictures.

    Parameters
    ----------
    files : sequence of str
        Files and folders as on the command line.
    jobs : int or None
        Processes as on the command line; see :func:`colortk.batch.parallel.job_count`.
    plugin : str
        Name of the colorizer.
    options : tuple of str
        Options of the plugin, each as ``name=value``.
    weights : Path or None
        Folder of weights.
    """

    def __init__(
        self,
        files: Sequence[str],
        jobs: int | None,
        plugin: str,
        options: tuple[str, ...] = (),
        weights: Path | None = None,
    ) -> None:
        count = jobs or cores()
        limit = PICTURES_PER_CORE * cores() if jobs is None else count - 1
        self._threads = threads_per_worker(count)
        self._started: list[Started] = []
        if count > 1 and _has_more_files(files, limit):
            from colortk.runtime.messages import Message

            # Plain values: importing the class PluginRequest would delay this start.
            request = {
                "plugin": plugin,
                "options": list(options),
                "weights": str(weights) if weights else None,
            }
            for _ in range(min(count, cores())):
                started = spawn("colortk.batch.worker:serve_prestarted", threads=self._threads)
                self._started.append(started)
                with suppress(OSError):  # the process has ended: the pool that takes it notices
                    started[1].send(Message("load", fields=request), SEND_TIMEOUT)

    def stop(self) -> None:
        """End the processes that no pool has taken."""
        while self._started:
            stop(*self._started.pop())

    def pop_worker(self, threads: int) -> Started | None:
        """Return a process with this number of threads, if there is one, and its channel."""
        return self._started.pop() if self._started and threads == self._threads else None


def threads_per_worker(jobs: int) -> int:
    """Return the threads of each process: from the environment, or a share of the cores."""
    return threads() or max(1, cores() // jobs)


def _has_more_files(files: Sequence[str], limit: int) -> bool:
    """Whether more than ``limit`` files are named, or one of the folders has more entries."""
    if len(files) > limit:
        return True
    for name in files:
        with suppress(OSError), os.scandir(name) as entries:
            if sum(1 for _ in islice(entries, limit + 1)) > limit:
                return True
    return False
