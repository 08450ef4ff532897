"""What the harness itself costs: overhead, a second run, and a Dask cluster of this machine.

    python benchmarks/compare.py [DIR] [--pictures 300] [--cluster]

Without a folder, pictures are 256 × 256 JPEG cuts of the photographs that scikit-learn and
scikit-image ship. Every row is a ratio to something measured in the same run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from colortk.samples import everything

DEFAULT = ("gray", "mean_color", "sift_mlp")
PLUGINS = DEFAULT
COMMAND = [sys.executable, "-c", "from colortk.cli.main import main; main()"]
DASK = [
    sys.executable,
    "-c",
    "import sys; from dask.__main__ import main; sys.argv[0] = 'dask'; main()",
]


def cuts(folder: Path, count: int) -> None:
    """Write ``count`` different squares of the photographs to ``folder``."""
    rng = np.random.default_rng(0)
    photographs = [Image.open(path).convert("RGB") for path in everything().values()]
    for k in range(count):
        image = photographs[k % len(photographs)]
        left, top = (int(rng.integers(side - 255)) for side in image.size)
        image.crop((left, top, left + 256, top + 256)).save(folder / f"{k:04}.jpg", quality=95)


def compare(folder: Path, store: Path, *more: str) -> tuple[float, dict]:
    """Seconds of one ``colortk compare``, whole process, and its report."""
    store.mkdir(exist_ok=True)
    command = [*COMMAND, "compare", str(folder), "--store", str(store), "--json", *more]
    for plugin in PLUGINS:
        command += ["-p", plugin]
    start = time.perf_counter()
    run = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return time.perf_counter() - start, json.loads(run.stdout)


def own_seconds(store: Path) -> tuple[float, float]:
    """Seconds of the plugins themselves and of the metrics themselves."""
    with contextlib.closing(sqlite3.connect(store / "results.sqlite")) as db:
        (row,) = db.execute("SELECT SUM(seconds), SUM(metric_seconds) FROM results").fetchall()
    return row


def throughput(store: Path) -> float:
    """Results a second from the first that was kept to the last: without start-up and statistics."""
    with contextlib.closing(sqlite3.connect(store / "results.sqlite")) as db:
        sql = "SELECT COUNT(*), MIN(created), MAX(created) FROM results"
        (count, first, last) = db.execute(sql).fetchone()
    return count / (last - first)


@contextlib.contextmanager
def cluster(folder: Path, workers: int) -> Iterator[str]:
    """Address of a scheduler with so many workers of one thread."""
    contact = folder / f"scheduler-{workers}.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = [
        subprocess.Popen(
            [*DASK, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
             "--scheduler-file", str(contact)], **quiet,
        )
    ]  # fmt: skip
    try:
        while not contact.exists():
            time.sleep(0.1)
        address = json.loads(contact.read_text())["address"]
        started += [
            subprocess.Popen(
                [*DASK, "worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny",
                 "--local-directory", str(folder / f"worker-{workers}-{k}")], **quiet,
            )
            for k in range(workers)
        ]  # fmt: skip
        time.sleep(5)  # all of them are there before the clock starts
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--cluster", action="store_true", help="also one and two Dask workers")
    parser.add_argument(
        "--plugins", nargs="+", default=DEFAULT, help="two of the usual three do next to nothing"
    )
    arguments = parser.parse_args()
    global PLUGINS
    PLUGINS = tuple(arguments.plugins)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        folder = arguments.folder or place / "pictures"
        if arguments.folder is None:
            folder.mkdir()
            cuts(folder, arguments.pictures)
        jobs = min(2, os.cpu_count() or 1)
        wall, report = compare(folder, place / "local", "--jobs", str(jobs))
        plugins, metrics = own_seconds(place / "local")
        loading = report["loading_seconds"]
        own = plugins + loading + metrics
        print(f"{report['images']} pictures x {len(PLUGINS)} plugins, {jobs} jobs: {wall:.1f} s")
        print(
            f"  over {jobs} processes: plugins {plugins:.1f} s, loading them {loading:.1f} s, metrics {metrics:.1f} s"
        )
        print(
            f"  overhead: {1 - own / (jobs * wall):.1%} of {jobs} x {wall:.1f} s is none of these"
        )
        again, _ = compare(folder, place / "local")
        print(f"second run: {again:.2f} s, {again / wall:.2%} of the first")
        if not arguments.cluster:
            return
        seconds, rates = {}, {}
        for workers in (1, 2):
            with cluster(place, workers) as address:
                seconds[workers], spread = compare(
                    folder, place / f"dask-{workers}", "--backend", "dask", "--scheduler", address
                )
            rates[workers] = throughput(place / f"dask-{workers}")
            same = [p["metrics"] for p in spread["plugins"]] == [
                p["metrics"] for p in report["plugins"]
            ]
            print(
                f"{workers} Dask worker(s): {seconds[workers]:.1f} s, same numbers as local: {same}"
            )
        print(
            f"  two workers: {rates[2] / rates[1]:.2f} times the throughput of one,"
            f" {seconds[1] / seconds[2]:.2f} times with start-up"
        )


if __name__ == "__main__":
    main()
