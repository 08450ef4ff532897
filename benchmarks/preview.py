"""A changed hint on a picture of one megapixel, as the web page shows it.

Value: computing and encoding the preview, on the server. Peer: computing the full-size picture with
the same hints and encoding it as PNG, which the download needs. Both begin with the plugin's kept
prediction. Every repeat sets another last hint, as a visitor who clicks on; the affinities of the
picture are computed before, as on the page.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

from measurement import Effort, Row

#: Where hints lie, as shares of width and height. The last one moves.
PLACES = [(0.3, 0.2), (0.5, 0.6), (0.7, 0.4)]


def rows(effort: Effort, place: Path) -> Iterator[Row]:
    import numpy as np

    from colortk._opencv import cv2
    from colortk.color.cielab import lightness
    from colortk.guidance.hints import Hint
    from colortk.guidance.prepare import make_guide
    from colortk.io.decode import decode, read_bytes
    from colortk.pipeline import join, refiner
    from colortk.ui.kept_predictions import KeptPrediction, shrink_lightness
    from colortk.ui.page_hints import data_url, render_hints
    from pictures import enlarged, sides

    path = enlarged(place / "photograph.jpg", *sides(1), "RGB")
    light = lightness(decode(read_bytes(path), path.name).pixels)
    height, width = light.shape
    # Any smooth chroma: the plugin itself is not measured.
    ab = np.random.default_rng(0).normal(0, 20, (8, 8, 2)).astype(np.float32)
    ab = np.ascontiguousarray(cv2.resize(ab, (256, 256), interpolation=cv2.INTER_CUBIC))
    kept = KeptPrediction(ab, shrink_lightness(light), height, width)

    def hints(number: int, count: int) -> list[Hint]:
        last = Hint(0.4 + 0.01 * number, 0.8, (40, 80, 150), fractions=True)
        return [*(Hint(x, y, (216, 160, 138), fractions=True) for x, y in PLACES[:count]), last]

    def preview(marks: Sequence[Hint]) -> None:
        data_url(render_hints(kept, marks, 1.0, "ratio", keep_border=False))

    def full(marks: Sequence[Hint]) -> None:
        guide = make_guide(np.empty(0), light, marks)
        rgb = join(light, ab, refiner("ratio"), 1.0, np.uint8, None, guide)
        cv2.imencode(".png", rgb)

    def seconds(work: Callable[[Sequence[Hint]], None], count: int) -> float:
        work(hints(0, count))
        times = []
        for number in range(1, 1 + effort.times(9, 3)):
            start = time.perf_counter()
            work(hints(number, count))
            times.append(time.perf_counter() - start)
        return median(times)

    for count in (0, 3):
        yield Row(
            f"preview of a changed hint, {count + 1} in all, one megapixel",
            seconds(preview, count), "s", "the full-size picture, s", seconds(full, count),
        )  # fmt: skip
