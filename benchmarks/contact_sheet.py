"""Make a contact sheet: one row per picture with lightness, the result of each plugin, and the original.

    python benchmarks/contact_sheet.py OUT.jpg [PICTURE|DIR ...] -p NAME [-p NAME@WEIGHTS ...]

Without pictures, the photographs of installed packages are used. ``--gray`` omits the originals,
for black-and-white photographs.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from colortk.color.cielab import lab_to_rgb, lightness
from colortk.harness.plugin_variants import parse_variant
from colortk.harness.protocol import load_protocol, reference_picture
from colortk.io.decode import read_bytes
from colortk.io.discovery import find_pictures
from colortk.io.samples import everything
from colortk.pipeline import colorize, refiner
from colortk.plugin.spec import DEFAULT
from colortk.runtime.loading import load

HEADING = 16


def pictures(names: list[str]) -> list[Path]:
    paths = [Path(text) for text in names] or sorted(everything().values())
    return [
        picture for path in paths for picture in (find_pictures(path) if path.is_dir() else [path])
    ]


def cells(path: Path, predictors: list, side: int, gray: bool) -> list[np.ndarray]:
    truth = reference_picture(
        read_bytes(path), str(path), load_protocol().varied(short_side=side)
    ).pixels
    plane = lightness(truth)
    neutral = np.dstack([plane, np.zeros((*plane.shape, 2), np.float32)])
    row = [np.rint(lab_to_rgb(neutral) * 255).astype(np.uint8)]
    row += [
        colorize(plane, predictor, refiner("ratio"), strength).rgb
        for predictor, strength in predictors
    ]
    return row if gray else [*row, truth]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("pictures", nargs="*")
    parser.add_argument("-p", "--plugin", action="append", default=[])
    parser.add_argument("--side", type=int, default=192)
    parser.add_argument("--every", type=int, default=1, help="take every n-th picture")
    parser.add_argument("--gray", action="store_true")
    arguments = parser.parse_args()
    names, predictors = ["lightness"], []
    for text in arguments.plugin or [DEFAULT]:
        variant = parse_variant(text)
        predictors.append((load(variant.request), variant.strength))
        names.append(text.partition("@")[0])
    names += [] if arguments.gray else ["original"]
    started = time.perf_counter()
    rows = [
        cells(path, predictors, arguments.side, arguments.gray)
        for path in pictures(arguments.pictures)[:: arguments.every]
    ]
    sheet = np.vstack([np.hstack(row) for row in rows])
    image = Image.new("RGB", (sheet.shape[1], sheet.shape[0] + HEADING), "white")
    image.paste(Image.fromarray(sheet), (0, HEADING))
    for column, name in enumerate(names):
        ImageDraw.Draw(image).text((column * arguments.side + 4, 3), name, fill="black")
    image.save(arguments.out, quality=88)
    print(f"{len(rows)} rows in {time.perf_counter() - started:.1f} s: {arguments.out}")


if __name__ == "__main__":
    main()
