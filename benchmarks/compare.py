"""Cost of the harness itself: overhead of `colortk compare`, and a second run.

    python benchmarks/compare.py [DIR] [--pictures 300] [--plugins NAME ...]

Without a folder, pictures are 256 × 256 JPEG crops of the photographs that scikit-learn and
scikit-image ship. Two of the three default plugins compute almost nothing, so that the overhead is
visible. ``cluster.py`` measures `compare` on a Dask cluster.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from colortk.io.samples import everything
from measurement import COLORTK, Effort, Row, default_plugin, ran, text

#: Plugins that compute almost nothing; a third plugin is added.
FLOORS = ("gray", "mean_color")


def cuts(folder: Path, count: int) -> None:
    """Write ``count`` different squares of the photographs to ``folder``."""
    rng = np.random.default_rng(0)
    photographs = [Image.open(path).convert("RGB") for path in everything().values()]
    for k in range(count):
        image = photographs[k % len(photographs)]
        left, top = (int(rng.integers(side - 255)) for side in image.size)
        image.crop((left, top, left + 256, top + 256)).save(folder / f"{k:04}.jpg", quality=95)


def compare(
    folder: Path, store: Path, plugins: Sequence[str], *arguments: str
) -> tuple[float, dict[str, Any]]:
    """Return the seconds of one ``colortk compare``, and its report."""
    store.mkdir(exist_ok=True)
    command = [*COLORTK, "compare", str(folder), "--store", str(store), "--json", *arguments]
    for plugin in plugins:
        command += ["-p", plugin]
    process = ran(command)
    return process.seconds, json.loads(process.output)


def own_seconds(store: Path) -> tuple[float, float]:
    """Return the seconds of the plugins, and of the metrics."""
    with contextlib.closing(sqlite3.connect(store / "results.sqlite")) as db:
        (row,) = db.execute("SELECT SUM(seconds), SUM(metric_seconds) FROM results").fetchall()
    return row


def throughput(store: Path) -> float:
    """Return results per second from the first to the last stored result, without start-up and statistics."""
    with contextlib.closing(sqlite3.connect(store / "results.sqlite")) as db:
        sql = "SELECT COUNT(*), MIN(created), MAX(created) FROM results"
        (count, first, last) = db.execute(sql).fetchone()
    return count / (last - first)


def measured(folder: Path, place: Path, plugins: Sequence[str]) -> Iterator[Row]:
    from colortk.runtime.subprocesses import cores

    jobs = min(2, cores())
    wall, report = compare(folder, place / "local", plugins, "--jobs", str(jobs))
    predictions, metrics = own_seconds(place / "local")
    loading = report["loading_seconds"]
    repeats = report["repeats"]["seconds"]
    other_seconds = jobs * wall - predictions - loading - metrics - repeats
    label = f"{report['images']} pictures × {len(plugins)} plugins"
    note = f"plugins {predictions:.1f} s, loading them {loading:.1f} s, metrics {metrics:.1f} s,"
    note += f" second predictions {repeats:.1f} s"
    peer = f"{jobs} processes × {wall:.1f} s"
    yield Row(f"{label}: overhead", other_seconds, "s", peer, jobs * wall, note)
    repeated, _ = compare(folder, place / "local", plugins)
    yield Row("the same again", repeated, "s", "the first time", wall)


def rows(effort: Effort, place: Path) -> Iterator[Row]:
    folder = place / "pictures"
    folder.mkdir()
    cuts(folder, effort.pick(300, 16))
    yield from measured(folder, place, (*FLOORS, effort.plugin))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--plugins", nargs="+", default=(*FLOORS, default_plugin()))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        folder = arguments.folder or place / "pictures"
        if arguments.folder is None:
            folder.mkdir()
            cuts(folder, arguments.pictures)
        for row in measured(folder, place, arguments.plugins):
            print(text(row.as_dict()), flush=True)


if __name__ == "__main__":
    main()
