"""Runs plugins over pictures and scores what comes out; one stream of records."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from colortk.color import Array, lightness
from colortk.errors import ColortkError, PictureError, UsageError
from colortk.folders import find
from colortk.harness.metrics.pair import Truth
from colortk.harness.scoring import Scorer
from colortk.images import decode, read_bytes
from colortk.loading import Predictor
from colortk.pipeline import Refiner, colorize
from colortk.upsample import resize


@dataclass
class Score:
    """Scores of one plugin on one picture, or why there are none."""

    picture: str
    plugin: str
    metrics: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    error: str | None = None


def pictures(places: Iterable[Path]) -> list[Path]:
    """Files, and all pictures under folders, in order, each once. Raises ``UsageError``."""
    found: dict[Path, None] = {}
    for place in places:
        if not place.exists():
            raise UsageError(f"no picture or folder '{place}'")
        found |= dict.fromkeys(find(place) if place.is_dir() else [place])
    return list(found)


def reference(path: Path, size: int | None) -> Array:
    """The original, sRGB uint8 (H, W, 3); short side to ``size`` and cropped to its middle.

    Raises ``PictureError``.
    """
    pixels = decode(read_bytes(path), str(path)).pixels
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, 2)
    if size is None:
        return pixels
    height, width = pixels.shape[:2]
    scale = size / min(height, width)
    small = resize(pixels, (max(size, round(width * scale)), max(size, round(height * scale))))
    top, left = (small.shape[0] - size) // 2, (small.shape[1] - size) // 2
    return np.ascontiguousarray(small[top : top + size, left : left + size])


def score(
    paths: list[Path],
    predictors: Sequence[Predictor],
    refine: Refiner,
    metrics: list[str],
    size: int | None = 256,
) -> Iterator[Score]:
    """Every plugin on every picture; a failure costs its own row, not the run."""
    scorer = Scorer(metrics)
    for path in paths:
        try:
            truth = reference(path, size)
        except PictureError as error:
            yield Score(str(path), "", error=str(error))
            continue
        light, original = lightness(truth), Truth(truth)
        for predictor in predictors:
            row = Score(str(path), predictor.spec.name)
            start = time.perf_counter()
            try:
                result = colorize(light, predictor, refine).rgb
                row.seconds = time.perf_counter() - start
                scores = scorer(original, result)
                row.metrics = scores.values
                row.error = next(iter(scores.errors.values()), None)
            except ColortkError as error:
                row.error = str(error)
            except Exception as error:  # its row, not the run
                row.error = f"{type(error).__name__}: {' '.join(str(error).split())}"
            yield row
