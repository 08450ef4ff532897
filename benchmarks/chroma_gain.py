"""Slope of true chroma on predicted chroma, over a folder of color pictures.

    python benchmarks/chroma_gain.py DIR [-p NAME ...]

The slope is 1 on pictures like those of the training. Below 1, the predicted chroma is too strong;
chroma times the slope has the least squared error.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from colortk.color.cielab import rgb_to_lab
from colortk.harness.protocol import load_protocol, reference_picture
from colortk.io.decode import read_bytes
from colortk.io.discovery import find_pictures
from colortk.pipeline import colorize, refiner
from colortk.runtime.loading import PluginRequest, load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-p", "--plugin", action="append", default=[])
    arguments = parser.parse_args()
    sums = {text: np.zeros(2) for text in arguments.plugin or ["vgg16_residual"]}
    predictors = {}
    for text in sums:
        name, _, weights = text.partition("@")
        predictors[text] = load(PluginRequest(name, weights=Path(weights) if weights else None))
    for path in find_pictures(arguments.folder):
        lab = rgb_to_lab(reference_picture(read_bytes(path), str(path), load_protocol()).pixels)
        for text, predictor in predictors.items():
            rgb = colorize(lab[..., 0], predictor, refiner("ratio")).rgb
            ab = rgb_to_lab(rgb)[..., 1:].astype(np.float64)
            sums[text] += (ab * lab[..., 1:]).mean(), (ab * ab).mean()
    for text, (product, square) in sums.items():
        print(f"{text}\t{product / square:.2f}")


if __name__ == "__main__":
    main()
