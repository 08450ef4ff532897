"""How even skin is, and how neutral black and white are, over a folder of color pictures.

    python benchmarks/skin.py DIR [-p NAME[:option=value,…][@WEIGHTS] ...]

Areas are found in the originals, and measured in the results:

- Skin: connected areas of colors that skin has (of wood and sand, too: a color alone does not tell
  them apart). Printed are the standard deviations of hue (circular, degrees) and of chroma inside an
  area, the mean chroma, and the share of pixels whose chroma is under 6, which look gray.
- Black and white: pixels of the original with a chroma under 5 and L* under 20, or over 85. Printed
  are the mean chroma of the result, and the share of pixels above 10, which look tinted.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from colortk._opencv import cv2
from colortk.color.cielab import rgb_to_lab
from colortk.harness.plugin_variants import PluginVariant, parse_variants
from colortk.harness.protocol import load_protocol, reference_picture
from colortk.io.decode import read_bytes
from colortk.io.discovery import find_pictures
from colortk.pipeline import colorize, refiner
from colortk.runtime.loading import load
from colortk.runtime.predictors import Predictor
from colortk.types import Array, Float32

#: Ranges of L*, chroma and hue (degrees) of skin.
SKIN = ((25, 92), (8, 45), (20, 80))
#: Smallest area of skin, as a share of the picture.
SMALLEST = 0.004
#: Chroma below which skin looks gray, and above which black and white look tinted.
GRAY, TINTED = 6, 10
COLUMNS = ("hue spread", "chroma spread", "chroma", "gray %")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("-p", "--plugin", action="append", default=[])
    arguments = parser.parse_args()
    variants = parse_variants(arguments.plugin or ["effnet_bins"])
    predictors = {variant.label: (load(variant.request), variant) for variant in variants}
    skin: dict[str, list[tuple[float, ...]]] = {}
    neutral: dict[tuple[str, str], list[Array]] = {}
    for path in find_pictures(arguments.folder):
        truth = rgb_to_lab(reference_picture(read_bytes(path), str(path), load_protocol()).pixels)
        areas = list(skin_areas(truth))
        colors = {"original": truth[..., 1:]}
        for label, (predictor, variant) in predictors.items():
            colors[label] = prediction(truth[..., 0], predictor, variant)
        for label, ab in colors.items():
            skin.setdefault(label, []).extend(evenness(ab[area]) for area in areas)
            for name, area in neutral_areas(truth).items():
                neutral.setdefault((label, name), []).append(np.hypot(*ab[area].T))
    print(f"{len(skin['original'])} areas of skin" + "".join(f"{name:>15}" for name in COLUMNS))
    for label, rows in skin.items():
        print(f"{label:18}" + "".join(f"{value:15.2f}" for value in np.mean(rows, 0)))
    print(f"\n{'':18}{'area':>8}{'mean chroma':>15}{'tinted %':>15}")
    for (label, name), parts in neutral.items():
        chroma = np.concatenate(parts)
        print(f"{label:18}{name:>8}{chroma.mean():15.2f}{100 * (chroma > TINTED).mean():15.2f}")


def prediction(lightness: Float32, predictor: Predictor, variant: PluginVariant) -> Float32:
    """Return the chroma of the result, as a picture would show it."""
    result = colorize(lightness, predictor, refiner("ratio"), variant.strength)
    return rgb_to_lab(result.rgb)[..., 1:]


def skin_areas(lab: Float32) -> Iterator[Array]:
    """Yield masks of connected areas of the color of skin."""
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    inside = np.ones(chroma.shape, bool)
    for plane, (low, high) in zip((lab[..., 0], chroma, hue), SKIN, strict=True):
        inside &= (plane >= low) & (plane <= high)
    opened = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    count, numbers = cv2.connectedComponents(opened)
    for number in range(1, count):
        area = numbers == number
        if area.mean() >= SMALLEST:
            yield area


def evenness(ab: Float32) -> tuple[float, ...]:
    """Return the spread of hue, the spread and the mean of chroma, and the share of gray pixels."""
    chroma = np.hypot(*ab.T)
    direction = np.abs(np.mean(np.exp(1j * np.arctan2(ab[:, 1], ab[:, 0]))))
    spread = np.degrees(np.sqrt(-2 * np.log(max(direction, 1e-9))))
    gray = 100 * (chroma < GRAY).mean()
    return float(spread), float(chroma.std()), float(chroma.mean()), float(gray)


def neutral_areas(lab: Float32) -> dict[str, Array]:
    """Return masks of black and of white."""
    neutral = np.hypot(lab[..., 1], lab[..., 2]) < 5
    return {"black": neutral & (lab[..., 0] < 20), "white": neutral & (lab[..., 0] > 85)}


if __name__ == "__main__":
    main()
