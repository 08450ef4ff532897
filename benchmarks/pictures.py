"""Pictures for benchmarks, made from the photographs that scikit-learn and scikit-image ship."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from colortk.io.samples import everything
from colortk.io.samples import photographs as shipped


def photographs(folder: Path, count: int) -> list[Path]:
    """Write gray JPEG crops of 640 × 480 from the installed photographs."""
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


def enlarged(path: Path, width: int, height: int, mode: str = "L") -> Path:
    """Write a real photograph of this size, gray (``mode`` "L") or in color ("RGB")."""
    with Image.open(next(iter(shipped().values()))) as image:
        image.convert(mode).resize((width, height), Image.Resampling.BICUBIC).save(path, quality=92)
    return path


def sides(megapixels: int) -> tuple[int, int]:
    """Return width and height of a 3:2 picture."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    return round(megapixels * 1e6 / height), height
