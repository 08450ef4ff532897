"""Time of all metrics but LPIPS at 256 × 256, against the same metrics through scikit-image.

    python benchmarks/metrics.py           prints a table
    python benchmarks/metrics.py --json    prints JSON

Both sides run on one core of one process, in turns, over five photographs; the best of several
rounds counts. The values must be equal. The peer (``tests/reference_metrics.py``) uses scikit-image
if it has the metric, else NumPy; like colortk it computes CIELAB and the maps of ΔE once per picture.
A row is the time of one metric alone, from pixels; the total is the time of all metrics together.
Nothing about the original is cached between rounds.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from colortk.harness.metrics.pair import Truth
from colortk.harness.scoring import Scorer, Scores
from colortk.plugin.discover import DISTRIBUTION
from colortk.plugin.registry import registry
from colortk.plugin.spec import MetricSpec
from measurement import Effort, Row

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from pairs import CROPS, bled, crop, turned
from reference_metrics import Peer

ROUNDS, SIDE = 15, 256
Pictures = tuple[np.ndarray, np.ndarray]


def samples() -> list[Pictures]:
    """Return photographs at 256 × 256 with the results of two bad colorizers."""
    pictures = []
    for number in range(len(CROPS)):
        truth = cv2.resize(crop(number), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        pictures.append((truth, (turned, bled)[number % 2](truth, truth)))
    return pictures


def ours(scorer: Scorer, pictures: Pictures) -> Scores:
    return scorer(Truth(pictures[0]), pictures[1])


def theirs(names: list[str], pictures: Pictures) -> dict[str, float]:
    peer = Peer(*pictures)
    return {name: float(getattr(peer, name)()) for name in names}


def largest_difference(names: list[str], pictures: Pictures) -> float:
    """Return the largest difference over all metrics (relative above 1); exit if one exceeds 1e-4."""
    own_scores, expected = ours(Scorer(names), pictures), theirs(names, pictures)
    largest = 0.0
    for name in names:
        difference = abs(own_scores.values[name] - expected[name]) / max(1.0, abs(expected[name]))
        if not difference <= 1e-4:
            raise SystemExit(f"{name}: {own_scores.values[name]}, not {expected[name]}")
        largest = max(largest, difference)
    return largest


def best(calls: list[Callable[[], Any]], rounds: int) -> list[float]:
    """Return the milliseconds of each call: the best of all rounds, with calls in turns."""
    times = [float("inf")] * len(calls)
    for _ in range(rounds):
        for index, call in enumerate(calls):
            start = time.perf_counter()
            call()
            times[index] = min(times[index], 1000 * (time.perf_counter() - start))
    return times


def timed(names: list[str], sample: list[Pictures], rounds: int) -> tuple[float, float]:
    """Return the milliseconds per picture of all ``names`` together, of colortk and of the peer."""
    scorer = Scorer(names)
    both = [
        best([partial(ours, scorer, pictures), partial(theirs, names, pictures)], rounds)
        for pictures in sample
    ]
    own, other = np.mean(both, axis=0)
    return float(own), float(other)


def measured(rounds: int) -> tuple[dict[str, tuple[float, float]], float]:
    """Return the milliseconds of each metric and of all together, of colortk and the peer, and the largest difference."""
    metric_specs = registry().of(MetricSpec)
    names = [
        name for name in registry().metrics()
        if metric_specs[name].distribution == DISTRIBUTION and name != "lpips"
    ]  # fmt: skip
    sample = samples()
    difference = max(largest_difference(names, pictures) for pictures in sample)
    table = {name: timed([name], sample, rounds) for name in names}
    table["together"] = timed(names, sample, rounds)
    return table, difference


def rows(effort: Effort, folder: Path) -> Iterator[Row]:
    """Yield the rows of the table, which checks that scikit-image is installed."""
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        table, _ = measured(effort.times(ROUNDS, 3))
    for name, (own, other) in table.items():
        yield Row(name, own, "ms a picture", "scikit-image, ms", other)


def main() -> None:
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        table, difference = measured(ROUNDS)
    if "--json" in sys.argv:
        milliseconds = {
            name: {"ours_ms": a, "scikit_image_ms": b} for name, (a, b) in table.items()
        }
        print(json.dumps({"rows": milliseconds, "largest_difference": difference}, indent=1))
        return
    print(f"{'ms a picture':22}{'ours':>9}{'scikit-image':>14}{'ratio':>8}")
    for name, (own, other) in table.items():
        print(f"{name:22}{own:9.2f}{other:14.2f}{other / own:8.1f}")
    print(f"{len(table) - 1} metrics, {len(CROPS)} pictures, largest difference {difference:.1e}")


if __name__ == "__main__":
    main()
