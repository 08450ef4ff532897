"""Helpers for tests of batches: folders of pictures, runs over them, and readers of the results."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from colortk.cli.main import invoke
from conftest import photo

GRAY = photo(9, 11)[..., 1]
MAIN = [sys.executable, "-c", "from colortk.cli.main import main; main()"]


def tree(place: Path, *names: str) -> Path:
    """Write gray pictures under ``place``; names without a picture's extension become text files."""
    for number, name in enumerate(names):
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in (".png", ".jpg", ".tif"):
            Image.fromarray(np.roll(GRAY, number)).save(path)
        else:
            path.write_text("no picture")
    return place


def run(*arguments: object) -> int:
    return invoke(["run", "-p", "gray", *map(str, arguments)])


def results(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def many(place: Path, count: int, shape: tuple[int, int] = (20, 30)) -> list[str]:
    """Write gray pictures into two folders below ``place``."""
    names = []
    for number in range(count):
        path = place / str(number % 2) / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(*shape, number)[..., 1]).save(path)
        names.append(path.relative_to(place).as_posix())
    return sorted(names)


def whole(folder: Path) -> list[str]:
    """Return the names of the results and decode each; temporary files do not count."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and ".part" not in path.name:
            with Image.open(path) as image:
                image.load()
            found.append(path.relative_to(folder).as_posix())
    return sorted(found)


def started(place: Path, site: Path, *arguments: str, **environment: str) -> Any:
    return subprocess.Popen(
        [*MAIN, "run", "-p", "moody", "in", "-r", "-o", "out", "--jobs", "2", *arguments],
        cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(site), "COLORTK_STORE": str(place / "store"), **environment},
    )  # fmt: skip
