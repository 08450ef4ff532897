"""How much a reference helps, and how much an unrelated one harms.

    python benchmarks/reference.py FOLDER [--pictures 20] [--sheet FILE.png]

FOLDER holds color pictures. Each is colorized from its lightness: automatically, and with four
references: its mirror image, a mirrored part of it, the same part darker and under warmer light,
and the next picture of the folder. Printed are means over the pictures, and the pictures that are
worse by more than 0.1 CIEDE2000 than without a reference.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import colortk
from colortk.api.image_types import read_image
from colortk.color.cielab import lab_to_rgb8, rgb_to_lab
from colortk.color.upsample import resize
from colortk.io.bit_depth import to_rgb8
from colortk.io.discovery import find_pictures
from colortk.metrics import score
from colortk.types import Array

#: Pixels of the long side of a picture on the sheet.
TILE = 220


def main() -> None:
    """Print the table, and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--sheet", type=Path)
    arguments = parser.parse_args()
    paths = find_pictures(arguments.folder)
    paths = paths[:: max(1, len(paths) // arguments.pictures)][: arguments.pictures]
    originals = [to_rgb8(read_image(str(path), allow_truncated=False).pixels) for path in paths]
    if not originals:
        parser.error(f"{arguments.folder} has no pictures")
    rows: dict[str, list[dict[str, float]]] = {}
    strips = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "reference.png"
        for number, original in enumerate(originals):
            automatic = colortk.colorize(original)
            rows.setdefault("automatic", []).append(score(automatic, original, METRICS))
            strip = [original, automatic]
            for name, reference in references(original, originals[number - 1]).items():
                Image.fromarray(reference).save(file)
                result = colortk.colorize(original, reference=file)
                rows.setdefault(name, []).append(score(result, original, METRICS))
                strip += [reference, result]
            strips.append(np.hstack([tile(picture) for picture in strip]))
    print(f"{len(originals)} pictures   " + "".join(f"{name:>12}" for name in METRICS) + "  worse")
    for name, scores in rows.items():
        differences = [
            after["delta_e00"] - before["delta_e00"]
            for after, before in zip(scores, rows["automatic"], strict=True)
        ]
        means = [np.mean([row[metric] for row in scores]) for metric in METRICS]
        worse = sum(difference > 0.1 for difference in differences)
        print(f"{name:14}" + "".join(f"{mean:12.3f}" for mean in means) + f"{worse:7}")
    if arguments.sheet is not None:
        Image.fromarray(np.vstack(strips)).save(arguments.sheet)


METRICS = ("lpips", "delta_e00", "psnr")


def references(original: Array, other: Array) -> dict[str, Array]:
    """Return references of a picture by name."""
    height, width = original.shape[:2]
    part = original[height // 6 : height - height // 8, width // 5 : width - width // 12, :]
    lab = rgb_to_lab(np.ascontiguousarray(part))
    lab[..., 0] = 100 * (np.clip(lab[..., 0], 0, 100) / 100) ** 1.4
    lab[..., 2] += 5
    return {
        "mirrored": np.ascontiguousarray(original[:, ::-1]),
        "mirrored part": np.ascontiguousarray(part[:, ::-1]),
        "other light": lab_to_rgb8(lab),
        "unrelated": other,
    }


def tile(picture: Array) -> Array:
    """Return the picture at the size of the sheet."""
    return resize(picture, (TILE, TILE * 3 // 4))


if __name__ == "__main__":
    main()
