"""Workers that are started before it is known what there is to do.

A worker imports and loads for half a second before its first picture, and the command itself nearly as
long before it knows of one. Where a command line looks like many pictures, both do it at once.
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

#: Pictures for each core from which on processes pay: each takes half a second to load a plugin.
MANY = 4
#: Seconds in which a process has to take its first message.
SENDING = 30.0


class Early:
    """Those that nobody has taken are ended by :meth:`end`.

    ``files``, ``plugin``, ``options``, ``weights``: as on the command line. ``jobs``: as told, see
    :func:`colortk.batch.parallel.jobs_for`.
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
        enough = MANY * cores() if jobs is None else count - 1
        self._threads = threads_of(count)
        self._begun: list[Started] = []
        if count > 1 and _more(files, enough):
            from colortk.runtime.messages import Message

            # A dict: to make a request takes the imports that are not to be waited for.
            request = {
                "plugin": plugin,
                "options": list(options),
                "weights": str(weights) if weights else None,
            }
            for _ in range(min(count, cores())):
                started = spawn("colortk.batch.worker:serve_early", threads=self._threads)
                self._begun.append(started)
                with suppress(OSError):  # it has died: whoever takes it finds out
                    started[1].send(Message("load", fields=request), SENDING)

    def end(self) -> None:
        """They are not wanted, those that are left."""
        while self._begun:
            stop(*self._begun.pop())

    def take(self, threads: int) -> Started | None:
        """One of so many threads, if there is one."""
        return self._begun.pop() if self._begun and threads == self._threads else None


def threads_of(jobs: int) -> int:
    """Threads of each of so many processes, unless they are set already."""
    return threads() or max(1, cores() // jobs)


def _more(files: Sequence[str], limit: int) -> bool:
    """Whether more than ``limit`` files are named, or are in a folder that is, at a glance."""
    if len(files) > limit:
        return True
    for name in files:
        with suppress(OSError), os.scandir(name) as entries:
            if sum(1 for _ in islice(entries, limit + 1)) > limit:
                return True
    return False
