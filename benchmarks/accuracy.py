"""What Keras calls "accuracy" of networks that predict a* and b*, on a folder of color pictures.

    python benchmarks/accuracy.py DIR [-p NAME ...]

For an output of two channels, this "accuracy" is the share of pixels where the larger of the two
channels is also the larger one in the original. Zaman (2020) prints it: 83 % in testing, 76 % in
validation.
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
    predictors = {
        name: load(PluginRequest(name)) for name in arguments.plugin or ["vgg16_residual"]
    }
    right: dict[str, list[float]] = {name: [] for name in (*predictors, "b* is always larger")}
    for path in find_pictures(arguments.folder):
        lab = rgb_to_lab(reference_picture(read_bytes(path), str(path), load_protocol()).pixels)
        truth = lab[..., 1] >= lab[..., 2]
        right["b* is always larger"].append(float(np.mean(~truth)))
        for name, predictor in predictors.items():
            predicted = rgb_to_lab(colorize(lab[..., 0], predictor, refiner("ratio")).rgb)
            right[name].append(float(np.mean((predicted[..., 1] >= predicted[..., 2]) == truth)))
    for name, shares in right.items():
        print(f"{name}\t{100 * np.mean(shares):.1f} %\t{len(shares)} pictures")


if __name__ == "__main__":
    main()
