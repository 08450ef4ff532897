"""Pictures per second of `colortk run DIR -o OUT` against a bound of the same run, and its memory.

    python benchmarks/batch.py [--pictures 500] [--plugin NAME] [--jobs N] [--json]

The bound is the time of decoding, network and encoding alone, with as many processes and threads as
`run` uses; the network runs in plain ONNX Runtime at its best settings (``best_session.py``).
"network in colortk" runs the same network as colortk does, and "plugin" is the network and what the
plugin does before and after it. All other work of `run` is overhead: lightness, chroma along edges, refinement, waiting
for the disk, and start-up. ``--ways`` also measures the same pictures in threads of one process, and
the network on one and on several pictures at once. On a machine with more cores: taskset -c 0,1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from measurement import COLORTK, Effort, Failed, Row, default_plugin, last_line
from stage_times import OWN_NETWORK, PLUGIN, STAGES, Stage, alone, environment

#: Program that runs all stages in threads of one process.
THREADS = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from colortk.batch.inputs import find_inputs
from colortk.batch.options import BatchOptions
from colortk.batch.outputs import OutputPlanner
from colortk.batch.serial import colorize_serial
from colortk.batch.tracker import OutputTracker
from colortk.runtime.loading import PluginRequest, load
from colortk.pipeline import refiner
from colortk.runtime.subprocesses import keep_freed_memory
plugin, folder, out, jobs = sys.argv[1:]
keep_freed_memory()
predictor, refine, options = load(PluginRequest(plugin)), refiner("ratio"), BatchOptions(output=Path(out))
items = find_inputs([folder])
def share(number):
    mine = items[number :: int(jobs)]
    plans, tracker = OutputPlanner(options).plan(mine), OutputTracker(options)
    results = list(colorize_serial(plans, tracker, predictor, refine, options.picture))
    assert not any(result.error for result in results)
start = time.perf_counter()
with ThreadPoolExecutor(int(jobs)) as pool:
    list(pool.map(share, range(int(jobs))))
# Its threads have turned stdout away for plugins, each in its own time.
print(time.perf_counter() - start, file=sys.__stdout__)
"""


class Peak(threading.Thread):
    """Return the peak memory of a process and its children together, in MB (Linux)."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.process, self.most, self.going = process, 0.0, True

    def run(self) -> None:
        while self.going:
            self.most = max(self.most, self._now())
            time.sleep(0.05)

    def _now(self) -> float:
        total, todo = 0, [self.process]
        while todo:
            number = todo.pop()
            try:
                folder = Path(f"/proc/{number}")
                todo += map(int, (folder / f"task/{number}/children").read_text().split())
                for line in (folder / "status").read_text().splitlines():
                    total += int(line.split()[1]) if line.startswith("VmRSS:") else 0
            except (OSError, ValueError):
                continue
        return total / 1024


def run(
    folder: Path, out: Path, plugin: str, jobs: int, options: Sequence[str] = ()
) -> tuple[float, float]:
    """Return seconds of `colortk run` over a folder, and its peak memory with its workers."""
    files = [str(folder), "-o", str(out), "--jobs", str(jobs)]
    command = [*COLORTK, "run", "-p", plugin, *files, *options]
    store = {**os.environ, "COLORTK_STORE": str(out.parent / "store")}
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=store
    )
    peak = Peak(process.pid)
    peak.start()
    _, errors = process.communicate()
    seconds = time.perf_counter() - start
    peak.going = False
    if process.returncode:
        print(errors, file=sys.stderr)
        raise Failed(last_line(errors))
    return seconds, peak.most


def ways(folder: Path, plugin: str, paths: list[Path], jobs: int, threads: int) -> dict[str, Any]:
    """Return pictures per second of alternatives: threads, and batches in the network."""
    out = folder / "threads"
    out.mkdir()
    script = [sys.executable, "-c", THREADS, plugin, str(paths[0].parent), str(out), str(jobs)]
    process = subprocess.run(script, capture_output=True, text=True, env=environment(threads))
    if process.returncode:
        raise Failed(last_line(process.stderr))
    worker = alone("network", plugin, paths, jobs, threads)
    four = alone("batches", plugin, paths, jobs, threads)
    return {
        "in threads of one process, without start-up": round(len(paths) / float(process.stdout), 2),
        "network, one picture at a time": round(1 / worker, 2),
        "network, four pictures at a time": round(1 / four, 2),
    }


def measure(stages: list[Stage]) -> dict[str, float]:
    """Return seconds per picture by name."""
    return {name: value for stage in stages for name, value in stage.seconds().items()}


def measured(folder: Path, plugin: str, pictures: int, jobs: int) -> dict[str, float]:
    """Return pictures per second of the run and of its bound, milliseconds of the stages, and MB."""
    from colortk.runtime.subprocesses import cores
    from pictures import photographs

    threads = max(1, cores() // jobs)
    paths = photographs(folder / "in", pictures)
    small_count = photographs(folder / "few", max(2, pictures // 5))
    with contextlib.ExitStack() as stack:
        stages = []
        for name in STAGES:
            stages.append(Stage(name, plugin, paths, jobs, threads))
            stack.callback(stages[-1].end)
        # The machine may be faster at one time than at another. Measured before, between and after
        # the runs, the stages meet the same speeds as the runs.
        rounds = [measure(stages)]
        fewer, peak_of_few = run(folder / "few", folder / "out-few", plugin, jobs)
        rounds.append(measure(stages))
        seconds, peak = run(folder / "in", folder / "out", plugin, jobs)
        rounds.append(measure(stages))
    if seconds <= fewer:
        raise Failed(f"{pictures} pictures took no longer than {len(small_count)}: take more")
    times = {name: sum(times[name] for times in rounds) / len(rounds) for name in rounds[0]}
    return {stage: 1000 * value for stage, value in times.items()} | {
        "bound": 1 / sum(times[name] for name in STAGES),
        "speed": pictures / seconds,
        "speed of few": len(small_count) / fewer,
        "throughput": (pictures - len(small_count)) / (seconds - fewer),
        "peak": peak,
        "peak of few": peak_of_few,
        "few": len(small_count),
    }


def rows(effort: Effort, folder: Path) -> Iterator[Row]:
    from colortk.runtime.subprocesses import cores

    count = max(effort.pick(500, 24), 4 * cores())
    measurements = measured(folder, effort.plugin, count, cores())
    small_count = int(measurements["few"])
    together = 1000 / measurements["bound"]
    for stage in STAGES:
        yield Row(f"{stage} alone", measurements[stage], "ms a picture", "the three, ms", together)
    for stage in (OWN_NETWORK, PLUGIN):
        yield Row(
            f"{stage} alone", measurements[stage], "ms a picture",
            "plain ONNX Runtime, ms", measurements["network"],
        )  # fmt: skip
    for label, number in (("speed of few", small_count), ("speed", count)):
        name = f"run, {number} pictures, whole process"
        yield Row(
            name, measurements[label], "pictures/s", "bound of the three", measurements["bound"]
        )
    name = f"run, {count} pictures, without start-up"
    yield Row(
        name, measurements["throughput"], "pictures/s", "bound of the three", measurements["bound"]
    )
    peer = f"{small_count} pictures, MB"
    yield Row(
        f"memory of {count} pictures", measurements["peak"], "MB", peer, measurements["peak of few"]
    )


def main() -> None:
    from colortk.runtime.subprocesses import cores

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--plugin", "-p", default=default_plugin())
    parser.add_argument("--jobs", type=int, default=cores())
    parser.add_argument("--ways", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    plugin, count, jobs = arguments.plugin, arguments.pictures, arguments.jobs
    table: dict[str, Any] = {"plugin": plugin, "pictures": count, "processes": jobs}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        try:
            measurements = measured(place, plugin, count, jobs)
            small_count = int(measurements["few"])
            for stage in STAGES:
                table[f"{stage} alone, ms a picture"] = round(measurements[stage], 2)
            for stage in (OWN_NETWORK, PLUGIN):
                table[f"{stage} alone, ms a picture"] = round(measurements[stage], 2)
            table["bound, pictures a second"] = round(measurements["bound"], 2)
            table["run, pictures a second, whole process"] = round(measurements["speed"], 2)
            table["run, pictures a second, without start-up"] = round(measurements["throughput"], 2)
            table["share of the bound, whole process"] = round(
                measurements["speed"] / measurements["bound"], 3
            )
            table["share of the bound, without start-up"] = round(
                measurements["throughput"] / measurements["bound"], 3
            )
            table[f"peak memory of {small_count} pictures, MB"] = round(measurements["peak of few"])
            table[f"peak memory of {count} pictures, MB"] = round(measurements["peak"])
            if arguments.ways:
                paths = sorted((place / "in").iterdir())
                table |= ways(place, plugin, paths, jobs, max(1, cores() // jobs))
        except Failed as error:
            raise SystemExit(f"batch.py: {error}") from None
    if arguments.json:
        print(json.dumps(table, indent=1))
        return
    for name, value in table.items():
        print(f"{name:48} {value}")


if __name__ == "__main__":
    main()
