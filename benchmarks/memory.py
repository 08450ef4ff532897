"""Peak memory of `colortk run` for one picture, by megapixels, including the plugin.

The pictures are color JPEGs. Peers: a Python that decodes and encodes the same file with Pillow; and
for the cost per pixel, the 6 bytes of its colors in the picture and in the result.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from measurement import COLORTK, Effort, Row, ran

CODEC = """
import sys
from PIL import Image
Image.MAX_IMAGE_PIXELS = None
image = Image.open(sys.argv[1])
image.load()
image.save(sys.argv[2], "JPEG", quality=99, subsampling=0)
"""
BYTES = 6


def rows(effort: Effort, folder: Path) -> Iterator[Row]:
    from pictures import enlarged, sides

    peaks: dict[int, float] = {}
    for megapixels in sorted(set(effort.megapixels)) or [1, 4, 24][: effort.pick(3, 2)]:
        width, height = sides(megapixels)
        source, out = enlarged(folder / "in.jpg", width, height, "RGB"), folder / "out.jpg"
        limit = ["--max-pixels", str(width * height)]
        command = [*COLORTK, "run", "-p", effort.plugin, str(source), "-o", str(out), "--force"]
        peaks[megapixels] = ran([*command, *limit]).peak
        bare = ran([sys.executable, "-c", CODEC, str(source), str(out)]).peak
        name = f"{megapixels} megapixel{'s' * (megapixels > 1)}"
        yield Row(name, peaks[megapixels], "MB", "decode and encode alone, MB", bare)
    smallest, largest = min(peaks), max(peaks)
    if largest > smallest:
        slope = (peaks[largest] - peaks[smallest]) * 2**20 / (largest - smallest) / 1e6
        name = f"from {smallest} to {largest} megapixels"
        yield Row(name, slope, "bytes a pixel", "bytes of picture and result", BYTES)
