"""Timings of ``colortk run`` as ratios against a peer measured in the same run.

    tox -e bench            prints a table
    tox -e bench -- --json  prints JSON

Peers: a Python that imports NumPy and OpenCV and does nothing else (for start-up), and decoding
and encoding the same file with Pillow (for large pictures).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

COLORTK = [sys.executable, "-c", "from colortk.cli.main import main; main()"]
BARE = [sys.executable, "-c", "import numpy, cv2"]
CODEC = [
    sys.executable,
    "-c",
    "import sys; from PIL import Image; Image.MAX_IMAGE_PIXELS = None;"
    "i = Image.open(sys.argv[1]).convert('RGB'); i.save(sys.argv[2], quality=95, subsampling=0)",
]


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
    codec, codec_peak = clock([*CODEC, str(large), str(out)], 3)
    second, second_peak = clock(run(large), 3)
    return [
        row("plugins list", listing, "import numpy, cv2", bare),
        row("run, 512 x 512, whole process", first, "import numpy, cv2", bare, first_peak),
        row("run, 24 megapixels, whole process", second, "decode + encode, Pillow, and the 512 x 512 run", codec + first, second_peak),
        row("memory at 24 megapixels, MB", second_peak, "decode + encode, Pillow, MB", codec_peak),
    ]  # fmt: skip


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
