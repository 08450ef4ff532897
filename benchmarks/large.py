"""Overhead of the host for a picture of 24 megapixels, besides codec and network.

Measured as in ``throughput.py``, but freed memory is returned to the system, as in a run of a single
picture. One file is gray; the other is in color, so that the host computes its lightness first.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from measurement import Effort, Row
from throughput import STAGES, measured, peer_of

MEGAPIXELS = 24


def rows(effort: Effort, place: Path) -> Iterator[Row]:
    from pictures import enlarged, sides

    for kind, mode in (("gray", "L"), ("color", "RGB"))[: effort.pick(2, 1)]:
        folder = place / kind
        folder.mkdir()
        enlarged(folder / "photograph.jpg", *sides(MEGAPIXELS), mode)
        measurements = measured(effort.plugin, folder, effort.times(7, 2), worker=False)
        stages = ", ".join(f"{stage} {measurements[stage]:.2f}" for stage in STAGES)
        note = f"codec {measurements['codec']:.2f}, network {measurements['network']:.2f}; run: {stages}"
        name = f"{MEGAPIXELS} megapixels, {kind}: the host's own"
        yield Row(
            name,
            measurements["overhead"],
            "s",
            f"{peer_of(measurements)}, s",
            measurements["bare"],
            note,
        )
