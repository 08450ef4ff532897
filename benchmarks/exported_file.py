"""How far the pictures of ``colortk export`` are from those of ``colortk run``.

    python benchmarks/exported_file.py [PLUGIN ...] [--sizes 640x480,333x517,1x50,1600x1200]

The pictures are the photographs of ``colortk samples``, scaled to each size. The file runs in ONNX
Runtime with its default options. Printed are CIEDE2000 between both results, the mean over pixels
and the largest, and how far the lightness is from that of the original, as a mean over pixels, for
the file and for ``run``.
"""

from __future__ import annotations

import argparse

import numpy as np
import onnxruntime

from colortk.color.cielab import lightness, rgb_to_lab
from colortk.color.upsample import resize
from colortk.harness.metrics.ciede2000 import delta_e00_map
from colortk.io.decode import decode
from colortk.io.samples import photographs
from colortk.pipeline import colorize, refiner
from colortk.runtime.loading import PluginRequest, load
from colortk.runtime.picture_graph.picture_file import FileOptions, picture_file
from colortk.types import UInt8


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plugins", nargs="*", default=["effnet_bins"])
    parser.add_argument("--sizes", default="640x480,333x517,1x50,1600x1200")
    arguments = parser.parse_args()
    photos = [decode(path.read_bytes(), name).pixels for name, path in photographs().items()]
    print("| plugin | size | mean ΔE00 | largest | ΔL* of the file | ΔL* of run |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in arguments.plugins:
        plugin = load(PluginRequest(name))
        session = onnxruntime.InferenceSession(picture_file(plugin, FileOptions(), {}))
        for size in arguments.sizes.split(","):
            width, height = map(int, size.split("x"))
            rows = []
            for photo in photos:
                picture = np.ascontiguousarray(resize(photo, (width, height)))
                expected = colorize(lightness(picture), plugin, refiner("ratio")).rgb
                (result,) = session.run(None, {"picture": picture})
                rows.append(compared(picture, result, expected))
            mean, largest, ours, host = np.mean(rows, 0)
            print(f"| {name} | {size} | {mean:.4f} | {largest:.2f} | {ours:.3f} | {host:.3f} |")


def compared(picture: UInt8, result: UInt8, expected: UInt8) -> tuple[float, ...]:
    """Return mean and largest CIEDE2000, and the mean difference of L* of both to the picture."""
    before, ours, host = (rgb_to_lab(pixels) for pixels in (picture, result, expected))
    difference = delta_e00_map(ours, host)
    lightness_errors = [float(np.abs((x - before)[..., 0]).mean()) for x in (ours, host)]
    return float(difference.mean()), float(difference.max()), *lightness_errors


if __name__ == "__main__":
    main()
