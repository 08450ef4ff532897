"""Some pictures in a thread of a Dask worker, in a process that the thread keeps for the run."""

from __future__ import annotations

import threading
from collections import deque

from colortk.batch.local_pool import Crew
from colortk.batch.records import Record
from colortk.batch.worker import Orders, Ready, Task
from colortk.errors import PluginError
from colortk.plugin.registry import registry
from colortk.runtime.provenance import colorizer_code

_kept = threading.local()


def work(
    tasks: list[Task],
    orders: Orders,
    expected: Ready,
    code: str,
    threads: int,
    timeout: float | None,
    run: str,
) -> list[Record]:
    """Colorize ``tasks`` and return their records, in the same order.

    Raises ``PluginError`` if weights, options or code are not as they are where the run began:
    ``expected`` and ``code``.
    """
    kept: tuple[str, Crew] | None = getattr(_kept, "crew", None)
    _kept.crew = None
    if kept is not None and kept[0] != run:
        kept[1].end()
        kept = None
    checked = kept is not None
    crew = kept[1] if kept is not None else Crew(orders, 1, threads, timeout)
    records = []
    try:
        waiting = deque(tasks)
        while waiting or crew.busy:
            while waiting and crew.room:
                crew.give(waiting.popleft())
            records += [record for _, record in crew.take()]
            if crew.ready is not None and not checked:
                _check(crew.ready, orders, expected, code)
                checked = True
    except BaseException:
        crew.end()
        raise
    _kept.crew = run, crew
    return records


def _check(ready: Ready, orders: Orders, expected: Ready, code: str) -> None:
    """Raise ``PluginError`` if a worker process is not what the run began with."""
    what = ""
    if ready.digest != expected.digest:
        what = "weights"
    elif ready.options != expected.options:
        what = "options"
    else:
        spec = registry().colorizer(orders.request.plugin)[1]
        if colorizer_code(spec, orders.refine, "files") != code:
            what = "code or libraries"
    if what:
        raise PluginError(
            f"plugin '{orders.request.plugin}' has other {what} on a Dask worker",
            hint="install the same versions everywhere, and restart the workers",
        )
