"""Pictures per second of `colortk run` by number of processes, each with one thread.

One process is compared with decoding, network and encoding alone in one process of one thread;
several processes are compared with one. Start-up is excluded: the clock starts when each process has
finished about two pictures and stops at the last picture, by the times of the files. ``batch.py``
measures whole runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from measurement import COLORTK, Effort, Failed, Row, ran
from stage_times import STAGES, alone

#: Pictures that each process finishes before the clock starts.
AHEAD = 2


def rows(effort: Effort, folder: Path) -> Iterator[Row]:
    from colortk.runtime.subprocesses import cores
    from pictures import photographs

    paths = photographs(folder / "in", max(effort.pick(200, 16), 8 * cores()))
    bound = 1 / sum(alone(stage, effort.plugin, paths, 1, 1) for stage in STAGES)
    single = colorized(effort.plugin, folder / "in", folder / "out-1", 1, "--jobs", "1")
    yield Row("run, 1 process", single, "pictures/s", "bound of the three", bound)
    processes = 2
    while processes <= cores():
        out = folder / f"out-{processes}"
        how = ("--jobs", str(processes))
        many = colorized(effort.plugin, folder / "in", out, processes, *how)
        yield Row(f"run, {processes} processes", many, "pictures/s", "1 process", single)
        processes *= 2


def colorized(plugin: str, folder: Path, out: Path, processes: int, *how: str) -> float:
    """Return pictures per second of a run over ``folder`` in ``processes`` processes of one thread."""
    ran([*COLORTK, "run", "-p", plugin, str(folder), "-o", str(out), "--threads", "1", *how])
    times = sorted(path.stat().st_mtime_ns / 1e9 for path in out.iterdir())
    first = AHEAD * processes - 1
    if len(times) < first + 2 or times[-1] == times[first]:
        raise Failed(f"{len(times)} pictures are too few for {processes} processes")
    return (len(times) - 1 - first) / (times[-1] - times[first])
