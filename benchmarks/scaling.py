"""Pictures a second of `colortk run` by processes, each of one thread.

One process is compared with what decoding, the network and encoding take alone in one process of one
thread, several with one. Without start-up: from when each process has done about two pictures to the
last picture, by the times of the files. ``batch.py`` has the scaling with pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from batch import STAGES, alone
from measurement import COLORTK, Effort, Failed, Row, ran

#: Pictures that each process does before the clock starts.
AHEAD = 2


def rows(effort: Effort, place: Path) -> Iterator[Row]:
    from colortk.runtime.subprocesses import cores
    from pictures import photographs

    paths = photographs(place / "in", max(effort.pick(200, 16), 8 * cores()))
    bound = 1 / sum(alone(stage, effort.plugin, paths, 1, 1) for stage in STAGES)
    one = colorized(effort.plugin, place / "in", place / "out-1", 1, "--jobs", "1")
    yield Row("run, 1 process", one, "pictures/s", "bound of the three", bound)
    processes = 2
    while processes <= cores():
        out = place / f"out-{processes}"
        how = ("--jobs", str(processes))
        many = colorized(effort.plugin, place / "in", out, processes, *how)
        yield Row(f"run, {processes} processes", many, "pictures/s", "1 process", one)
        processes *= 2


def colorized(plugin: str, folder: Path, out: Path, processes: int, *how: str) -> float:
    """Pictures a second of a run over ``folder``, in so many processes of one thread."""
    ran([*COLORTK, "run", "-p", plugin, str(folder), "-o", str(out), "--threads", "1", *how])
    times = sorted(path.stat().st_mtime_ns / 1e9 for path in out.iterdir())
    first = AHEAD * processes - 1
    if len(times) < first + 2 or times[-1] == times[first]:
        raise Failed(f"{len(times)} pictures are too few for {processes} processes")
    return (len(times) - 1 - first) / (times[-1] - times[first])
