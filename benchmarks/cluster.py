"""`colortk run` and `colortk compare` on one and on two Dask workers of this machine.

Scheduler and workers are separate processes that communicate over loopback; each worker has one
thread. Start-up is excluded: the times of the results count.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from compare import FLOORS, compare, cuts, throughput
from measurement import Effort, Failed, Row
from scaling import colorized

DASK = [
    sys.executable,
    "-c",
    "import sys; from dask.__main__ import main; sys.argv[0] = 'dask'; main()",
]
#: Timeout in seconds for the start of a scheduler and its workers.
PATIENCE = 120.0


@contextlib.contextmanager
def cluster(folder: Path, workers: int) -> Iterator[str]:
    """Yield the address of a scheduler with ``workers`` workers of one thread."""
    contact = folder / f"scheduler-{workers}.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = [
        subprocess.Popen(
            [*DASK, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
             "--scheduler-file", str(contact)], **quiet,
        )
    ]  # fmt: skip
    try:
        address = address_of(contact)
        started += [
            subprocess.Popen(
                [*DASK, "worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny",
                 "--local-directory", str(folder / f"worker-{workers}-{k}")], **quiet,
            )
            for k in range(workers)
        ]  # fmt: skip
        wait_for(address, workers)
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def address_of(contact: Path) -> str:
    """Return the address that a scheduler has written to its file, when the file exists."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with contextlib.suppress(OSError, ValueError):
            address: str = json.loads(contact.read_text())["address"]
            return address
        time.sleep(0.1)
    raise Failed("the Dask scheduler did not start")


def wait_for(address: str, workers: int) -> None:
    """Wait until all workers are connected, so that start-up is not timed."""
    from distributed import Client

    try:
        with Client(address, timeout=PATIENCE) as client:
            client.wait_for_workers(workers, timeout=PATIENCE)
    except (OSError, TimeoutError):
        raise Failed("the Dask workers did not start") from None


def rows(effort: Effort, folder: Path) -> Iterator[Row]:
    from pictures import photographs

    photographs(folder / "in", effort.pick(200, 16))
    squares = folder / "squares"
    squares.mkdir()
    cuts(squares, effort.pick(200, 16))
    plugins = (*FLOORS, effort.plugin)
    local = colorized(effort.plugin, folder / "in", folder / "here", 1, "--jobs", "1")
    speeds: dict[int, float] = {}
    results: dict[int, float] = {}
    scores = {}
    for workers in (1, 2):
        store = folder / f"store-{workers}"
        with cluster(folder, workers) as address:
            dask = ("--backend", "dask", "--scheduler", address)
            out = folder / f"out-{workers}"
            speeds[workers] = colorized(effort.plugin, folder / "in", out, workers, *dask)
            _, report = compare(squares, store, plugins, *dask)
        results[workers] = throughput(store)
        scores[workers] = [entry["metrics"] for entry in report["plugins"]]
    if scores[1] != scores[2]:
        raise Failed("two workers have other scores than one")
    yield Row("run, 1 Dask worker", speeds[1], "pictures/s", "1 process without Dask", local)
    yield Row("run, 2 Dask workers", speeds[2], "pictures/s", "1 worker", speeds[1])
    yield Row("compare, 2 Dask workers", results[2], "results/s", "1 worker", results[1])
