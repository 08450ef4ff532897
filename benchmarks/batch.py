"""Pictures a second of `colortk run DIR -o OUT` against a bound measured in the same run, and its memory.

    python benchmarks/batch.py [--pictures 500] [--plugin sift_mlp] [--jobs N] [--json]

The bound is what decoding, the network and encoding take when each is done alone, in as many
processes of as many threads as `run` uses. What `run` does besides (lightness, chroma along the
edges, refinement, waiting for the disk) is its own cost; start-up counts too. With --ways: the same
pictures in threads of one process, and the network on one and on several pictures at once. On a
machine with more cores: taskset -c 0,1.
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
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

COMMAND = [sys.executable, "-c", "from colortk.cli.main import main; main()"]
#: One stage alone, over the pictures of a share; waits for a line on stdin, to start with the others.
STAGE = """
import io, sys, time
from pathlib import Path
import numpy as np
from colortk.color import lightness
from colortk.encode import encode, extension_of
from colortk.images import decode
from colortk.loading import Request, load
from colortk.process import keep_freed_memory
from colortk.upsample import resize
from colortk.working import working_shape
stage, plugin, *names = sys.argv[1:]
paths = [Path(name) for name in names]
keep_freed_memory()
loaded = load(Request(plugin)) if stage in ("network", "batches") else None
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
    count = iter(range(len(paths) + 1))
    def work(path):
        number = next(count)
        if number % several == 0:
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
#: All of it in threads of one process.
THREADS = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from colortk.batch.here import colorize_here
from colortk.batch.inputs import expand
from colortk.batch.places import Places
from colortk.batch.records import Settings
from colortk.loading import Request, load
from colortk.pipeline import refiner
from colortk.process import keep_freed_memory
plugin, folder, out, jobs = sys.argv[1:]
keep_freed_memory()
predictor, refine, settings = load(Request(plugin)), refiner("ratio"), Settings(output=Path(out))
items = expand([folder])
def share(number):
    mine = items[number :: int(jobs)]
    records = list(colorize_here(mine, Places(mine, settings), predictor, refine, settings))
    assert not any(record.error for record in records)
start = time.perf_counter()
with ThreadPoolExecutor(int(jobs)) as pool:
    list(pool.map(share, range(int(jobs))))
# Its threads have turned stdout away for plugins, each in its own time.
print(time.perf_counter() - start, file=sys.__stdout__)
"""


def photographs(folder: Path, count: int) -> list[Path]:
    """Grey JPEG cuts of 640 × 480 of the photographs at hand."""
    from colortk.samples import everything

    folder.mkdir()
    rng = np.random.default_rng(0)
    images = [Image.open(path).convert("L") for path in everything().values()]
    paths = []
    for number in range(count):
        image = images[number % len(images)]
        scale = max(640 / image.width, 480 / image.height) * rng.uniform(1, 1.3)
        size = (int(image.width * scale) + 1, int(image.height * scale) + 1)
        left, top = int(rng.integers(size[0] - 639)), int(rng.integers(size[1] - 479))
        cut = image.resize(size, Image.Resampling.BICUBIC).crop((left, top, left + 640, top + 480))
        paths.append(folder / f"{number:05}.jpg")
        cut.save(paths[-1], quality=92)
    return paths


def environment(threads: int) -> dict[str, str]:
    from colortk.process import THREADS as NAMES

    return {**os.environ, **dict.fromkeys(NAMES, str(threads))}


def alone(stage: str, plugin: str, paths: list[Path], jobs: int, threads: int) -> float:
    """Seconds a picture of one stage, in ``jobs`` processes at once."""
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
            raise SystemExit(f"{stage} failed")
    for process in processes:  # all of them begin before any is waited for
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return max(float(process.communicate()[0]) for process in processes) / len(paths)


class Peak(threading.Thread):
    """The most memory that a process and those it has started hold at once, in MB (Linux)."""

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
                place = Path(f"/proc/{number}")
                todo += map(int, (place / f"task/{number}/children").read_text().split())
                for line in (place / "status").read_text().splitlines():
                    total += int(line.split()[1]) if line.startswith("VmRSS:") else 0
            except (OSError, ValueError):
                continue
        return total / 1024


def run(folder: Path, out: Path, plugin: str, jobs: int) -> tuple[float, float]:
    """Seconds of `colortk run` over a folder, whole process, and its peak memory with its workers."""
    command = [*COMMAND, "run", "-p", plugin, str(folder), "-o", str(out), "--jobs", str(jobs)]
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
        raise SystemExit(errors)
    return seconds, peak.most


def ways(place: Path, plugin: str, paths: list[Path], jobs: int, threads: int) -> dict[str, Any]:
    """Pictures a second of other ways to do it."""
    out = place / "threads"
    out.mkdir()
    script = [sys.executable, "-c", THREADS, plugin, str(paths[0].parent), str(out), str(jobs)]
    told = subprocess.run(script, capture_output=True, text=True, env=environment(threads))
    if told.returncode:
        raise SystemExit(told.stderr)
    one = alone("network", plugin, paths, jobs, threads)
    four = alone("batches", plugin, paths, jobs, threads)
    return {
        "in threads of one process, without start-up": round(len(paths) / float(told.stdout), 2),
        "network, one picture at a time": round(1 / one, 2),
        "network, four pictures at a time": round(1 / four, 2),
    }


def main() -> None:
    from colortk.process import cores

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--plugin", "-p", default="sift_mlp")
    parser.add_argument("--jobs", type=int, default=cores())
    parser.add_argument("--ways", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    plugin, jobs = arguments.plugin, arguments.jobs
    threads = max(1, cores() // jobs)
    table: dict[str, Any] = {"plugin": plugin, "pictures": arguments.pictures, "processes": jobs}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        paths = photographs(place / "in", arguments.pictures)
        few = photographs(place / "few", max(2, arguments.pictures // 5))
        parts = {
            stage: alone(stage, plugin, paths, jobs, threads)
            for stage in ("decode", "network", "encode")
        }
        bound = 1 / sum(parts.values())
        seconds, peak = run(place / "in", place / "out", plugin, jobs)
        fewer, peak_of_few = run(place / "few", place / "out-few", plugin, jobs)
        speed = len(paths) / seconds
        steady = (len(paths) - len(few)) / (seconds - fewer)
        for stage, value in parts.items():
            table[f"{stage} alone, ms a picture"] = round(value * 1000, 2)
        table["bound, pictures a second"] = round(bound, 2)
        table["run, pictures a second, whole process"] = round(speed, 2)
        table["run, pictures a second, without start-up"] = round(steady, 2)
        table["share of the bound, whole process"] = round(speed / bound, 3)
        table["share of the bound, without start-up"] = round(steady / bound, 3)
        table[f"peak memory of {len(few)} pictures, MB"] = round(peak_of_few)
        table[f"peak memory of {len(paths)} pictures, MB"] = round(peak)
        if arguments.ways:
            table |= ways(place, plugin, paths, jobs, threads)
    if arguments.json:
        print(json.dumps(table, indent=1))
        return
    for name, value in table.items():
        print(f"{name:48} {value}")


if __name__ == "__main__":
    main()
