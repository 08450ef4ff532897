"""Memory and time of a folder of 10,000 pictures, with its report and its journal, against 1,000.

The pictures are small (160 × 120) and few different ones: only their number matters here. Both runs
have a report (`--report`) and a journal; `--resume` then reads both and finds nothing to do.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from batch import run
from measurement import Effort, Failed, Row
from pictures import photographs

SIDES = (160, 120)
#: Different pictures; the others are links to them.
DIFFERENT = 50


def rows(effort: Effort, folder: Path) -> Iterator[Row]:
    from colortk.runtime.subprocesses import cores

    counts = effort.pick(1_000, 50), effort.pick(10_000, 200)
    seconds, peaks = {}, {}
    for count in counts:
        source, out = small_pictures(folder, count), folder / f"out{count}"
        report = folder / f"report{count}.jsonl"
        options = ["--report", str(report)]
        seconds[count], peaks[count] = run(source, out, effort.plugin, cores(), options)
        if len(report.read_text().splitlines()) < count or len(os.listdir(out)) < count:
            raise Failed(f"{count} pictures: pictures or lines of the report are missing")
        if count == counts[-1]:
            newest = max(path.stat().st_mtime_ns for path in out.iterdir())
            again, resumed = run(source, out, effort.plugin, cores(), [*options, "--resume"])
            if max(path.stat().st_mtime_ns for path in out.iterdir()) > newest:
                raise Failed("--resume has colorized pictures again")
        shutil.rmtree(out)
    few, many = counts
    peer = f"{few} pictures"
    yield Row(f"memory of {many} pictures", peaks[many], "MB", f"{peer}, MB", peaks[few])
    per_picture = [1000 * seconds[count] / count for count in counts]
    yield Row("time of each picture", per_picture[1], "ms", f"{peer}, ms", per_picture[0])
    yield Row(f"memory of --resume, {many}", resumed, "MB", "the run, MB", peaks[many])
    yield Row(f"time of --resume, {many}", again, "s", "the run, s", seconds[many])


def small_pictures(folder: Path, count: int) -> Path:
    """Return a folder of ``count`` small pictures."""
    originals, source = folder / "originals", folder / f"in{count}"
    if not originals.exists():
        for path in photographs(originals, DIFFERENT):
            with Image.open(path) as image:
                image.resize(SIDES).save(path, quality=92)
    source.mkdir()
    paths = sorted(originals.iterdir())
    for number in range(count):
        os.link(paths[number % len(paths)], source / f"{number:05}.jpg")
    return source
