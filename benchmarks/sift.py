"""Dense SIFT of a 32 × 32 grid over 256 × 256 pixels, against SIFT of OpenCV."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from measurement import Effort, Row


def rows(effort: Effort, folder: Path) -> Iterator[Row]:
    import cv2
    import numpy as np

    from colortk_plugins.sift_mlp.dense_sift import dense_sift, grid_positions

    light = np.random.default_rng(0).uniform(0, 100, (256, 256)).astype(np.float32)
    gray = np.rint(light * 2.55).astype(np.uint8)
    positions = grid_positions(256, 32)
    points = [cv2.KeyPoint(float(x), float(y), 4.0, 0.0) for y in positions for x in positions]
    extractor = cv2.SIFT_create()

    def best(call: Callable[[], object]) -> float:
        times = []
        for _ in range(effort.times(10, 3)):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        return min(times)

    own_seconds = best(lambda: dense_sift(light, 32, 32, 6.0))
    opencv_seconds = best(lambda: extractor.compute(gray, points))
    yield Row(
        "dense SIFT, 32 × 32 points",
        own_seconds * 1000,
        "ms",
        "cv2.SIFT.compute, ms",
        opencv_seconds * 1000,
    )
