"""Timings of ``colortk run`` as ratios against a peer measured in the same run.

    tox -e bench            prints a table
    tox -e bench -- --json  prints JSON

Peers: a Python that imports NumPy and OpenCV and does nothing else (for start-up), decoding and
encoding alone (for large pictures), and OpenCV's SIFT.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

COLORTK = [sys.executable, "-c", "from colortk.cli.main import main; main()"]
BARE = [sys.executable, "-c", "import numpy, cv2"]
#: Seconds to decode one file and to encode another's pixels as `run` does, in one process.
CODEC = """
import io, sys, time
from PIL import Image
result = Image.open(sys.argv[2]).convert("RGB")
best = 1e9
for _ in range(5):
    start = time.perf_counter()
    Image.open(sys.argv[1]).load()
    result.save(io.BytesIO(), "JPEG", quality=99, subsampling=0)
    best = min(best, time.perf_counter() - start)
print(best)
"""


def clock(command: list[str], repeats: int) -> tuple[float, float]:
    """Best wall-clock seconds of a process, and its peak memory in MB."""
    best, peak = float("inf"), 0.0
    for _ in range(repeats):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"failed: {command}")
        best, peak = min(best, seconds), max(peak, usage.ru_maxrss / 1024)
    return best, peak


def photograph(path: Path, width: int, height: int) -> Path:
    """A real photograph, enlarged, in grey."""
    from colortk.samples import photographs

    with Image.open(next(iter(photographs().values()))) as image:
        image.convert("L").resize((width, height), Image.Resampling.BICUBIC).save(path, quality=92)
    return path


def rows(folder: Path) -> list[dict[str, object]]:
    out = folder / "out.jpg"
    small = photograph(folder / "small.jpg", 512, 512)
    large = photograph(folder / "large.jpg", 6000, 4000)

    def run(path: Path) -> list[str]:
        return [*COLORTK, "run", "-p", "sift_mlp", str(path), "-o", str(out), "--force"]

    bare, _ = clock(BARE, 5)
    listing, _ = clock([*COLORTK, "plugins", "list"], 5)
    first, first_peak = clock(run(small), 5)
    second, second_peak = clock(run(large), 5)
    command = [sys.executable, "-c", CODEC, str(large), str(out)]
    codec = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return [
        row("plugins list", listing, "import numpy, cv2", bare),
        row("run, 512 x 512, whole process", first, "import numpy, cv2", bare, first_peak),
        row(
            "run, 24 megapixels, whole process", second,
            "the 512 x 512 run, and decoding and encoding 24 megapixels", codec + first, second_peak,
        ),
        *sift(),
    ]  # fmt: skip


def sift() -> list[dict[str, object]]:
    """Dense SIFT of a 32 × 32 grid over 256 × 256 pixels, against OpenCV's own."""
    import cv2
    import numpy as np

    from colortk_plugins.sift_mlp.dense_sift import dense_sift, grid

    light = np.random.default_rng(0).uniform(0, 100, (256, 256)).astype(np.float32)
    grey = np.rint(light * 2.55).astype(np.uint8)
    places = grid(256, 32)
    points = [cv2.KeyPoint(float(x), float(y), 4.0, 0.0) for y in places for x in places]
    extractor = cv2.SIFT_create()

    def best(call: Callable[[], object]) -> float:
        times = []
        for _ in range(10):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        return min(times)

    ours = best(lambda: dense_sift(light, 32, 32, 6.0))
    theirs = best(lambda: extractor.compute(grey, points))
    return [row("dense SIFT, 32 x 32 points", ours, "cv2.SIFT.compute", theirs)]


def row(
    what: str, value: float, peer: str, reference: float, peak: float | None = None
) -> dict[str, object]:
    return {
        "what": what,
        "value": round(value, 3),
        "peer": peer,
        "peer_value": round(reference, 3),
        "ratio": round(value / reference, 2),
        "peak_mb": None if peak is None else round(peak),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        table = rows(Path(folder))
    if "--json" in sys.argv:
        print(json.dumps(table, indent=1))
        return
    for entry in table:
        memory = f", {entry['peak_mb']} MB" if entry["peak_mb"] else ""
        print(
            f"{entry['what']}: {entry['value']} ({entry['ratio']} × {entry['peer']}: {entry['peer_value']}){memory}"
        )


if __name__ == "__main__":
    main()
