"""Flicker, color difference and speed of the ways in which ``colortk video`` steadies colors.

    python benchmarks/steady.py CLIP... [--plugin NAME] [--frames 100] [--intervals 4,8,16] [--json]

``off`` predicts each frame by itself, ``flow`` averages all predictions along motion, and
``keyframes k`` predicts every k-th frame. Each way runs over the same decoded frames; frames per
second include prediction, smoothing and the planes of the output, without decoding and encoding.
The ratio is to ``off`` in the same run. Flicker and ΔE00 are those of the stored 8-bit frames.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from colortk.harness.flicker import FlickerMeter
from colortk.metrics import score
from colortk.pipeline import refiner
from colortk.runtime.loading import PluginRequest, load
from colortk.video._av import av
from colortk.video.colorize_frame import FrameSettings, YuvPlanes, color_planes, plugin_lightness
from colortk.video.film_container import Losses
from colortk.video.film_properties import probe
from colortk.video.film_reader import Frame, frames
from colortk.video.frame_pixels import plane
from colortk.video.keyframes import KeyframePropagation
from colortk.video.luma_tables import gray_lightness
from colortk.video.smoothing import Smoother


def measured(clip: Path, plugin: str, count: int, intervals: list[int]) -> Iterator[dict[str, Any]]:
    """Yield a row for each way."""
    film, loaded = probe(clip), load(PluginRequest(plugin))
    settings = FrameSettings(refiner("ratio"), film.tags.weights)
    read = list(islice(frames(clip, film, Losses()), count))
    container = av.open(str(clip))
    truths = [f.to_ndarray(format="rgb24") for f in islice(container.decode(video=0), count)]

    def predict(frame: Frame) -> Any:
        return loaded.predict(plugin_lightness(frame.gray, loaded, 0))

    def per_frame(smoother: Smoother | None) -> Iterator[YuvPlanes]:
        for frame in read:
            yield color_planes(frame.gray, predict(frame), settings, smoother)

    def keyframed(interval: int) -> Iterator[YuvPlanes]:
        for item in KeyframePropagation(predict, interval)(iter(read)):
            yield color_planes(item.frame.gray, item.ab, settings, None)

    ways: dict[str, Callable[[], Iterator[YuvPlanes]]] = {
        "off": lambda: per_frame(None),
        "flow": lambda: per_frame(Smoother()),
    }
    for interval in intervals:
        ways[f"keyframes {interval}"] = lambda interval=interval: keyframed(interval)
    list(islice(ways["flow"](), 3))  # tables and the network are ready
    rate_off = 0.0
    for name, way in ways.items():
        start = time.perf_counter()
        results = list(way())
        rate = len(results) / (time.perf_counter() - start)
        rate_off = rate_off or rate
        meter, errors = FlickerMeter(), []
        for number, (frame, planes) in enumerate(zip(read, results, strict=True)):
            rgb = shown(planes, film)
            meter.add(rgb, gray_lightness()[frame.gray])
            if number % 5 == 0:
                errors.append(score(rgb, truths[number], ["delta_e00"])["delta_e00"])
        yield {
            "clip": clip.name, "plugin": plugin, "way": name, "frames": len(results),
            "flicker": round(meter.result().color, 3), "delta_e00": round(float(np.mean(errors)), 3),
            "frames_per_second": round(rate, 1), "ratio": round(rate / rate_off, 2),
        }  # fmt: skip


def shown(planes: YuvPlanes, film: Any) -> Any:
    """Return the sRGB that a player shows."""
    stored = av.VideoFrame(film.width, film.height, "yuv420p")
    for one, values in zip(stored.planes, (planes.luma, planes.cb, planes.cr), strict=True):
        plane(one)[...] = values
    return stored.reformat(format="rgb24", src_colorspace=film.tags.matrix).to_ndarray()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--plugin", default="effnet_bins")
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--intervals", default="4,8,16")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    intervals = [int(text) for text in arguments.intervals.split(",")]
    for clip in arguments.clips:
        for row in measured(clip, arguments.plugin, arguments.frames, intervals):
            text = (
                json.dumps(row) if arguments.json else ", ".join(f"{k} {v}" for k, v in row.items())
            )
            print(text, flush=True)


if __name__ == "__main__":
    main()
