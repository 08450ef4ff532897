"""Tiny trainings with ``colortk fit`` as a process, and pictures for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from colortk.io.discovery import find_pictures
from colortk.training.data.split import split_pictures
from conftest import photo

#: One thread, so that sums are computed in the same order.
ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
SMALL = ["--samples", "26", "--batch-size", "8", "--jobs", "1"]


def pictures(folder: Path) -> Path:
    """Sixteen colorful pictures, and unreadable files on both sides of the split."""
    for seed in range(16):
        Image.fromarray(photo(64, 72, seed)).save(folder / f"{seed:02}.png")
    for number in range(20):
        (folder / f"broken{number:02}.png").write_bytes(b"no picture")
    split = split_pictures(find_pictures(folder), folder)
    assert any(path.stem.startswith("broken") for path in split.held_out)
    assert any(path.stem.isdecimal() for path in split.held_out)
    return folder


def fit(
    *arguments: Any, check: bool = True, **environment: str
) -> subprocess.CompletedProcess[str]:
    code = "from colortk.cli.main import main; main()"
    out = subprocess.run(
        [sys.executable, "-c", code, "fit", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **ENVIRONMENT, **environment},
        timeout=600,
    )
    assert not check or out.returncode == 0, out.stderr
    return out


def three_epochs(data: Path, output: Path) -> subprocess.CompletedProcess[str]:
    """A training of mean_chrominance over three epochs, without interruption."""
    return fit("-p", "mean_chrominance", "--data", data, "-o", output, "--epochs", 3, *SMALL)
