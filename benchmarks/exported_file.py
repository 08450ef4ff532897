"""How far the pictures of ``colortk export`` are from those of ``colortk run``, and how fast.

    python benchmarks/exported_file.py [PLUGIN ...] [--sizes 640x480,333x517,1x50,1600x1200]

The pictures are the photographs of ``colortk samples``, scaled to each size. The file runs in ONNX
Runtime with its default options, but for the threads. Printed are CIEDE2000 between both results, the mean over pixels
and the largest, and how far the lightness is from that of the original, as a mean over pixels, for
the file and for ``run``; and the time of the file divided by that of ``run``, from pixels to
pixels, both on one thread and in turn.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
import onnxruntime

from colortk._opencv import cv2
from colortk.color.cielab import lightness, rgb_to_lab
from colortk.color.upsample import resize
from colortk.harness.metrics.ciede2000 import delta_e00_map
from colortk.io.decode import decode
from colortk.io.samples import photographs
from colortk.pipeline import colorize, refiner
from colortk.runtime.loading import Loaded, PluginRequest, load
from colortk.runtime.picture_graph.picture_file import FileOptions, picture_file
from colortk.runtime.subprocesses import THREAD_VARIABLES
from colortk.types import UInt8


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plugins", nargs="*", default=["effnet_bins"])
    parser.add_argument("--sizes", default="640x480,333x517,1x50,1600x1200")
    parser.add_argument("--rounds", type=int, default=5, help="of the times (default: 5)")
    arguments = parser.parse_args()
    for name in THREAD_VARIABLES:
        os.environ[name] = "1"
    cv2.setNumThreads(1)
    photos = [decode(path.read_bytes(), name).pixels for name, path in photographs().items()]
    print("| plugin | size | mean ΔE00 | largest | ΔL* of the file | ΔL* of run | time / run |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in arguments.plugins:
        plugin = load(PluginRequest(name))
        content = picture_file(plugin, FileOptions(), {})
        session = onnxruntime.InferenceSession(content, one_thread())
        for size in arguments.sizes.split(","):
            width, height = map(int, size.split("x"))
            rows, times = [], []
            for photo in photos:
                picture: UInt8 = np.ascontiguousarray(resize(photo, (width, height)), np.uint8)
                by_host = partial(colorized, picture, plugin)
                by_file = partial(colorized_by_file, picture, session)
                rows.append(compared(picture, by_file(), by_host()))
                times.append(ratio(by_file, by_host, arguments.rounds))
            mean, largest, ours, host = np.mean(rows, 0)
            cells = f"{mean:.4f} | {largest:.2f} | {ours:.3f} | {host:.3f} | {median(times):.2f}"
            print(f"| {name} | {size} | {cells} |", flush=True)


def colorized(picture: UInt8, plugin: Loaded) -> UInt8:
    """Return the picture of ``colortk run``."""
    rgb: UInt8 = colorize(lightness(picture), plugin, refiner("ratio")).rgb
    return rgb


def colorized_by_file(picture: UInt8, session: onnxruntime.InferenceSession) -> UInt8:
    """Return the picture of the exported file."""
    rgb: UInt8 = session.run(None, {"picture": picture})[0]
    return rgb


def one_thread() -> onnxruntime.SessionOptions:
    """Return default options, but for the threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return options


def ratio(first: Callable[[], UInt8], other: Callable[[], UInt8], rounds: int) -> float:
    """Return the median time of ``first`` divided by that of ``other``, called in turn."""
    seconds: tuple[list[float], list[float]] = [], []
    for _ in range(rounds):
        for kept, function in zip(seconds, (first, other), strict=True):
            start = time.perf_counter()
            function()
            kept.append(time.perf_counter() - start)
    return median(seconds[0]) / median(seconds[1])


def compared(picture: UInt8, result: UInt8, expected: UInt8) -> tuple[float, ...]:
    """Return mean and largest CIEDE2000, and the mean difference of L* of both to the picture."""
    before, ours, host = (rgb_to_lab(pixels) for pixels in (picture, result, expected))
    difference = delta_e00_map(ours, host)
    lightness_errors = [float(np.abs((x - before)[..., 0]).mean()) for x in (ours, host)]
    return float(difference.mean()), float(difference.max()), *lightness_errors


if __name__ == "__main__":
    main()
