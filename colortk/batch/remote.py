"""Some pictures in a thread of a Dask worker, in a process that the thread keeps for the run."""

from __future__ import annotations

import threading
from collections import deque

from colortk.batch.crew import Crew
from colortk.batch.records import Record
from colortk.batch.worker import Orders, Ready, Task
from colortk.errors import PluginError

_kept = threading.local()


def work(
    tasks: list[Task], orders: Orders, here: Ready, threads: int, timeout: float | None, run: str
) -> list[Record]:
    """Records of ``tasks``, in their order.

    Raises ``PluginError`` if weights or code are others than ``here``, where the run was begun.
    """
    kept: tuple[str, Crew] | None = getattr(_kept, "crew", None)
    _kept.crew = None
    if kept is not None and kept[0] != run:
        kept[1].end()
        kept = None
    crew = kept[1] if kept is not None else Crew(orders, 1, threads, timeout)
    records = []
    try:
        waiting = deque(tasks)
        while waiting or crew.busy:
            while waiting and crew.room:
                crew.give(waiting.popleft())
            records += [record for _, record in crew.take()]
            if crew.ready is not None and crew.ready != here:
                what = "weights" if crew.ready.digest != here.digest else "code"
                raise PluginError(
                    f"plugin '{orders.request.plugin}' has other {what} on a Dask worker",
                    do="install the same version everywhere, and restart the workers",
                )
    except BaseException:
        crew.end()
        raise
    _kept.crew = run, crew
    return records
