"""Frames per second of ``colortk video`` against decoding and encoding alone; memory; flicker.

    python benchmarks/video.py CLIP...                speed at 640 × 480 and 1280 × 720, memory
    python benchmarks/video.py CLIP... --flicker      effect of --temporal flow on a color film
    … --plugin NAME --frames 300 --long 3000 --json

Clips are scaled and repeated as needed. On a machine with more cores: taskset -c 0,1.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from measurement import COLORTK, Effort, Row, ran

SIZES = ((640, 480), (1280, 720))
MODES = ("off", "flow", "keyframes")
#: Program that only decodes and encodes, in two threads as in `video`.
CODEC = """
import sys, time
from pathlib import Path
from colortk.video.colorize_frame import YuvPlanes
from colortk.video.film_container import Losses
from colortk.video.film_properties import probe
from colortk.video.film_reader import frames
from colortk.runtime.prefetch import prefetch
from colortk.video.encoding import Encoding, choose_encoding
from colortk.video.segment_writer import SegmentWriter
import numpy as np
source, target = map(Path, sys.argv[1:])
start = time.perf_counter()
film = probe(source)
segment, count = SegmentWriter(target, film, choose_encoding(Encoding(), target, film)), 0
half = np.full(((film.height + 1) // 2, (film.width + 1) // 2), 128, np.uint8)
for frame in prefetch(frames(source, film, Losses())):
    segment.write(YuvPlanes(frame.gray, half, half), frame.pts)
    count += 1
segment.close()
print(count / (time.perf_counter() - start))
"""


def longer(clip: Path, target: Path, size: tuple[int, int], count: int) -> Path:
    """Write ``clip`` at ``size`` (width, height) in gray, repeated to ``count`` frames at 30 per second."""
    import av

    with av.open(str(target), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        frame_count = 0
        while frame_count < count:
            with av.open(str(clip)) as source:
                for frame in source.decode(video=0):
                    if frame_count == count:
                        break
                    scaled = frame.reformat(*size, format="yuv420p")
                    for part in scaled.planes[1:]:
                        np.frombuffer(memoryview(part), np.uint8)[:] = 128
                    scaled.pts, scaled.time_base, scaled.pict_type = frame_count, Fraction(1, 30), 0
                    out.mux(stream.encode(scaled))
                    frame_count += 1
        out.mux(stream.encode(None))
    return target


def colorized(source: Path, target: Path, plugin: str, temporal: str) -> tuple[float, float]:
    """Return frames per second of a whole run, and its peak memory in MB."""
    options = ["-p", plugin, "--temporal", temporal, "--force", "--json"]
    process = ran([*COLORTK, "video", str(source), "-o", str(target), *options])
    return json.loads(process.output)["frames_per_second"], process.peak


def panned(target: Path, count: int) -> Path:
    """Write a film of ``count`` frames that moves over photographs, with a new scene every four seconds."""
    import av
    from PIL import Image

    from colortk.io.samples import everything

    width, height, scene = *SIZES[0], 120
    photographs = [
        np.asarray(Image.open(path).convert("RGB").resize((width + 3 * scene, height + scene)))
        for path in everything().values()
    ]
    with av.open(str(target), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(count):
            picture = photographs[number // scene % len(photographs)]
            top = number % scene
            window = np.ascontiguousarray(picture[top : top + height, 3 * top : 3 * top + width])
            out.mux(stream.encode(av.VideoFrame.from_ndarray(window, "rgb24")))
        out.mux(stream.encode(None))
    return target


def rows(effort: Effort, folder: Path) -> Iterator[Row]:
    """Yield the rows of the table, which checks that PyAV is installed: a plugin of almost no cost, and the default."""
    count = effort.pick(300, 45)
    clip = panned(folder / "clip.mp4", count)
    sizes = SIZES[: effort.pick(2, 1)]
    for plugin in dict.fromkeys(("mean_color", effort.plugin)):
        peak = 0.0
        for size in sizes:
            source = longer(clip, folder / "in.mp4", size, count)
            codec_seconds = codec_alone(source, folder)
            rates = {}
            for temporal in MODES:
                rates[temporal], peak_here = colorized(source, folder / "out.mp4", plugin, temporal)
                peak = peak_here if (size, temporal) == (SIZES[0], "flow") else peak
                name = f"{plugin}, {size[0]} × {size[1]}, {temporal}"
                rate = rates[temporal]
                yield Row(name, rate, "frames/s", "decode and encode alone", codec_seconds)
            name = f"{plugin}, {size[0]} × {size[1]}, keyframes to flow"
            yield Row(name, rates["keyframes"], "frames/s", "flow", rates["flow"])
        if plugin == "mean_color":
            long = count * effort.pick(10, 4)
            source = longer(clip, folder / "long.mp4", SIZES[0], long)
            _, largest = colorized(source, folder / "out.mp4", plugin, "flow")
            yield Row(f"memory of {long} frames", largest, "MB", f"{count} frames, MB", peak)


def codec_alone(source: Path, folder: Path) -> float:
    """Return frames per second of decoder and encoder alone."""
    return float(ran([sys.executable, "-c", CODEC, str(source), str(folder / "alone.nut")]).output)


def speed(clip: Path, plugin: str, count: int, long: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield rows of speed, and of memory for films of ``count`` and ``long`` frames."""
    target = folder / "out.mp4"
    for size in SIZES:
        source = longer(clip, folder / "in.mp4", size, count)
        codec_seconds = codec_alone(source, folder)
        for temporal in MODES:
            rate, peak = colorized(source, target, plugin, temporal)
            yield {
                "clip": clip.name, "size": f"{size[0]} x {size[1]}", "temporal": temporal,
                "plugin": plugin, "frames": count, "frames_per_second": round(rate, 1),
                "decode_and_encode_alone": round(codec_seconds, 1), "ratio": round(rate / codec_seconds, 2),
                "peak_mb": round(peak),
            }  # fmt: skip
    source = longer(clip, folder / "long.mp4", SIZES[0], long)
    rate, peak = colorized(source, target, plugin, "flow")
    yield {
        "clip": clip.name, "size": "640 x 480", "temporal": "flow", "plugin": plugin,
        "frames": long, "frames_per_second": round(rate, 1), "peak_mb": round(peak),
    }  # fmt: skip


def flickering(clip: Path, plugin: str, count: int) -> Iterator[dict[str, Any]]:
    """Return flicker and ΔE*94 to the colors of ``clip``, with and without smoothing.

    Flicker is that of chroma before it is rounded to 8 bits; ``of_8_bits``: of the frames as stored.
    """
    import cv2

    from colortk.harness.flicker import FlickerMeter
    from colortk.metrics import score
    from colortk.pipeline import refiner
    from colortk.runtime.loading import PluginRequest, load
    from colortk.video import colorize_frame as host
    from colortk.video._av import av
    from colortk.video.film_container import Losses
    from colortk.video.film_properties import probe
    from colortk.video.film_reader import frames
    from colortk.video.frame_pixels import plane
    from colortk.video.luma_tables import gray_lightness
    from colortk.video.smoothing import Smoother

    film, loaded = probe(clip), load(PluginRequest(plugin))
    frame_settings = host.FrameSettings(refiner("ratio"), film.weights)
    ways = {"off": None, "flow": Smoother()}
    meters = {name: (FlickerMeter(), FlickerMeter()) for name in ways}
    errors: dict[str, list[float]] = {name: [] for name in ways}
    stored_planes: list[Any] = []
    rounding = host._chroma_planes

    def listening(light: Any, ab: Any, weights: Any) -> Any:
        stored_planes[:] = [ab]
        return rounding(light, ab, weights)

    host._chroma_planes = listening
    truths = av.open(str(clip)).decode(video=0)
    for number, (frame, truth) in enumerate(
        zip(frames(clip, film, Losses()), truths, strict=False)
    ):
        if number == count:
            break
        gray = frame.gray
        ab = loaded.predict(host.plugin_lightness(gray, loaded, 0))
        light = gray_lightness()[gray]
        for name, smoother in ways.items():
            planes = host.color_planes(gray, ab, frame_settings, smoother)
            stored = av.VideoFrame(film.width, film.height, "yuv420p")
            values = (planes.luma, planes.cb, planes.cr)
            for one, value in zip(stored.planes, values, strict=True):
                plane(one)[...] = value
            rgb = stored.to_ndarray(format="rgb24")
            chroma = cv2.resize(stored_planes[0], gray.shape[::-1], interpolation=cv2.INTER_LINEAR)
            meters[name][0].add(np.dstack([light, chroma]), light)
            meters[name][1].add(rgb, light)
            scores = score(rgb, truth.to_ndarray(format="rgb24"), ["delta_e94"])
            errors[name].append(scores["delta_e94"])
    for name, (exact, rounded) in meters.items():
        yield {
            "clip": clip.name, "plugin": plugin, "temporal": name,
            "flicker": round(exact.result().color, 3),
            "of_8_bits": round(rounded.result().color, 3),
            "with_lightness": round(rounded.result().total, 3),
            "delta_e94": round(float(np.mean(errors[name])), 3), "pairs": exact.result().pairs,
            "cuts": ways[name].cuts if ways[name] else 0,
        }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--plugin", default="mean_color")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--long", type=int, default=3000)
    parser.add_argument("--flicker", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for clip in arguments.clips:
            if arguments.flicker:
                table = flickering(clip, arguments.plugin, arguments.frames)
            else:
                table = speed(
                    clip, arguments.plugin, arguments.frames, arguments.long, Path(folder)
                )
            for row in table:
                lines = (
                    json.dumps(row)
                    if arguments.json
                    else ", ".join(f"{k} {v}" for k, v in row.items())
                )
                print(lines, flush=True)


if __name__ == "__main__":
    main()
