"""How different and how plausible the versions of ``colortk run --variants`` are.

    python benchmarks/variants.py FOLDER [--pictures 20] [--count 4] [--seed 0] [--sheet FILE.png]

FOLDER holds color pictures. For each of them the versions are made from its lightness. Printed are
means over the pictures: the mean and the least CIEDE2000 between two versions of a picture; LPIPS
and PSNR to the original of the automatic result, of the best version, and of the other versions;
colorfulness (Hasler and Suesstrunk 2003). ``--sheet`` shows each original beside its versions.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np

import colortk
from colortk.api.image_types import read_image
from colortk.color.upsample import resize
from colortk.io.bit_depth import to_rgb8
from colortk.io.discovery import find_pictures
from colortk.metrics import score
from colortk.types import Array

#: LPIPS needs no less, and a smaller picture shows little.
MIN_SIDE = 64
#: Pixels of the long side of a picture on the sheet.
TILE = 220


def main() -> None:
    """Print the table, and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet", type=Path)
    arguments = parser.parse_args()
    if arguments.count < 2:
        parser.error("--count: a difference needs two versions")
    rows, strips = [], []
    paths = find_pictures(arguments.folder)
    for path in paths[:: max(1, len(paths) // arguments.pictures)]:
        original = to_rgb8(read_image(str(path), allow_truncated=False).pixels)
        if min(original.shape[:2]) < MIN_SIDE or len(rows) == arguments.pictures:
            continue
        versions = colortk.colorize_variants(original, arguments.count, seed=arguments.seed)
        rows.append(measure(original, versions))
        strips.append(np.hstack([tile(picture) for picture in [original, *versions]]))
    if not rows:
        parser.error(f"{arguments.folder} has no picture of at least {MIN_SIDE} x {MIN_SIDE}")
    print(f"{len(rows)} pictures, {arguments.count} versions of each")
    for name in rows[0]:
        print(f"{name:28}{np.mean([row[name] for row in rows]):8.3f}")
    if arguments.sheet is not None:
        from PIL import Image

        Image.fromarray(np.vstack(strips)).save(arguments.sheet)


def measure(original: Array, versions: list[Array]) -> dict[str, float]:
    """Return the numbers of one picture."""
    pairs = itertools.combinations(versions, 2)
    apart = [score(first, second, "delta_e00")["delta_e00"] for first, second in pairs]
    lpips, psnr, colorful = (
        [score(version, original, name)[name] for version in versions]
        for name in ("lpips", "psnr", "colorfulness")
    )
    return {
        "CIEDE2000 between versions": float(np.mean(apart)),
        "CIEDE2000, nearest two": min(apart),
        "LPIPS automatic": lpips[0],
        "LPIPS best": min(lpips),
        "LPIPS others": float(np.mean(lpips[1:])),
        "PSNR automatic": psnr[0],
        "PSNR best": max(psnr),
        "PSNR others": float(np.mean(psnr[1:])),
        "colorfulness automatic": colorful[0],
        "colorfulness others": float(np.mean(colorful[1:])),
        "colorfulness original": score(original, original, "colorfulness")["colorfulness"],
    }


def tile(picture: Array) -> Array:
    """Return a picture on a white square."""
    height, width = picture.shape[:2]
    scale = TILE / max(height, width)
    small = resize(picture, (max(1, round(width * scale)), max(1, round(height * scale))))
    square = np.full((TILE, TILE, 3), 255, np.uint8)
    square[: small.shape[0], : small.shape[1]] = small
    return square


if __name__ == "__main__":
    main()
