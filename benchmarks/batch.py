"""Pictures per second of `colortk run DIR -o OUT` against a bound of the same run, and its memory.

    python benchmarks/batch.py [--pictures 500] [--plugin NAME] [--jobs N] [--json]

The bound is the time of decoding, network and encoding alone, with as many processes and threads as
`run` uses; the network runs in plain ONNX Runtime at its best settings (``best_session.py``), and
"network in colortk" is the same through the plugin. All other work of `run` is overhead: lightness, chroma along edges, refinement, waiting
for the disk, and start-up. ``--ways`` also measures the same pictures in threads of one process, and
the network on one and on several pictures at once. On a machine with more cores: taskset -c 0,1.
"""

from __future__ import annotations

import argparse
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

STAGES = ("decode", "network", "encode")
#: The network as colortk runs it.
OWN_NETWORK = "network in colortk"
#: Program for one stage over a part of the pictures; waits for a line on stdin, so that all start together.
STAGE = """
import io, sys, time
from pathlib import Path
import numpy as np
from colortk.color.cielab import lightness
from colortk.io.encode import encode, extension_of
from colortk.io.decode import decode
from colortk.runtime.loading import PluginRequest, load
from colortk.runtime.subprocesses import keep_freed_memory
from colortk.color.upsample import resize
from colortk.color.working_size import working_shape
stage, plugin, *names = sys.argv[1:]
paths = [Path(name) for name in names]
keep_freed_memory()
of_network = stage in ("network", "network in colortk", "batches")
loaded = load(PluginRequest(plugin)) if of_network else None
def seen(path):
    light = lightness(decode(path.read_bytes(), path.name).pixels)
    rows, columns = working_shape(loaded.spec.working_size, *light.shape)
    return np.ascontiguousarray(resize(light, (columns, rows)))
if stage == "decode":
    work = lambda path: decode(path.read_bytes(), path.name)
elif stage == "encode":
    one = decode(paths[0].read_bytes(), "")
    kept = {}
    for path in paths[:16]:
        with __import__("PIL.Image").Image.open(path) as image:
            kept[path] = np.asarray(image.convert("RGB"))
    results = list(kept.values())
    count = iter(range(len(paths) + 1))
    work = lambda path: encode(results[next(count) % len(results)], one, extension_of(path), [])
else:
    inputs = [seen(path) for path in paths[:16]]
    several = 4 if stage == "batches" else 1
    calls = []
    if stage == "network":
        from codec_and_network import Sessions, listening
        with listening() as heard:
            loaded = load(PluginRequest(plugin))
            sessions = Sessions(heard)
            for light in inputs:
                heard.forget()
                loaded.predict(light)
                calls += [sessions.call()] if heard.asked else []
    count = iter(range(len(paths) + 1))
    def work(path):
        number = next(count)
        if calls:
            calls[number % len(calls)]()
        elif number % several == 0:
            pick = [inputs[(number + k) % len(inputs)] for k in range(several)]
            loaded.predict_many(pick) if several > 1 else loaded.predict(pick[0])
work(paths[0])
print("ready", flush=True)
sys.stdin.readline()
start = time.perf_counter()
for path in paths:
    work(path)
print(time.perf_counter() - start)
"""
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


def environment(threads: int) -> dict[str, str]:
    from colortk.runtime.subprocesses import THREAD_VARIABLES as NAMES

    path = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
    return {**os.environ, **dict.fromkeys(NAMES, str(threads)), "PYTHONPATH": path}


def alone(stage: str, plugin: str, paths: list[Path], jobs: int, threads: int) -> float:
    """Return the seconds per picture of one stage, in ``jobs`` processes at once."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", STAGE, stage, plugin, *map(str, paths[number::jobs])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(threads),
        )
        for number in range(jobs)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise Failed(f"'{stage}' alone failed")
    for process in processes:  # start all processes before waiting for any
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return max(float(process.communicate()[0]) for process in processes) / len(paths)


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


def measured(folder: Path, plugin: str, pictures: int, jobs: int) -> dict[str, float]:
    """Return pictures per second of the run and of its bound, milliseconds of the stages, and MB."""
    from colortk.runtime.subprocesses import cores
    from pictures import photographs

    threads = max(1, cores() // jobs)
    paths = photographs(folder / "in", pictures)
    small_count = photographs(folder / "few", max(2, pictures // 5))
    parts = {stage: alone(stage, plugin, paths, jobs, threads) for stage in STAGES}
    seconds, peak = run(folder / "in", folder / "out", plugin, jobs)
    fewer, peak_of_few = run(folder / "few", folder / "out-few", plugin, jobs)
    if seconds <= fewer:
        raise Failed(f"{pictures} pictures took no longer than {len(small_count)}: take more")
    own = alone(OWN_NETWORK, plugin, paths, jobs, threads)
    return {stage: 1000 * value for stage, value in parts.items()} | {
        OWN_NETWORK: 1000 * own,
        "bound": 1 / sum(parts.values()),
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
    yield Row(
        f"{OWN_NETWORK} alone", measurements[OWN_NETWORK], "ms a picture",
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
            table[f"{OWN_NETWORK} alone, ms a picture"] = round(measurements[OWN_NETWORK], 2)
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
