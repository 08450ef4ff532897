"""What more work at prediction time brings `effnet_bins`, over a folder of color pictures.

    python benchmarks/test_time.py DIR [--weights DIR]

Rows, as means and paired differences to the first [95 % interval], all with vividness 0:

- plain: one prediction.
- mirror: the mean of the predictions of the picture and of its mirror image, in twice the time.
- sharpened: the distribution to the power of 1 / T, where T falls from 1 to 0.5 with the certainty
  of the pixel, which is 1 less the entropy as a share of the largest.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.special import entr, softmax

from colortk.harness.intervals import mean_intervals
from colortk.harness.protocol import load_protocol
from colortk.harness.score_predictor import score_predictor
from colortk.io.discovery import find_pictures
from colortk.plugin.spec import ColorizerSpec
from colortk.runtime.loading import Loaded, PluginRequest, load
from colortk.types import Array, Float32
from colortk_plugins.effnet_bins.bins import CENTERS
from colortk_plugins.effnet_bins.colorizer import EffnetBins

METRICS = ("lpips", "delta_e00", "ab_rmse", "colorfulness")
#: Temperature of a distribution without any doubt.
COLDEST = 0.5


class Changed:
    """A predictor with another function."""

    def __init__(self, plugin: Loaded, predict: Callable[[Float32], Float32]) -> None:
        self.plugin, self.predict = plugin, predict

    @property
    def spec(self) -> ColorizerSpec:
        """That of the plugin."""
        return self.plugin.spec


def mirrored(plugin: Loaded, lightness: Float32) -> Float32:
    """Return the mean of the predictions of a picture and of its mirror image."""
    other = plugin.predict(np.ascontiguousarray(lightness[:, ::-1]))[:, ::-1]
    return (plugin.predict(lightness) + other) / 2


def sharpened(colorizer: EffnetBins, lightness: Float32) -> Float32:
    """Return the prediction with a temperature for each pixel."""
    outputs = colorizer._outputs(colorizer.codec.inputs(lightness[None]), distribution=True).copy()
    logits = outputs[..., : len(CENTERS)]
    entropy = entr(softmax(logits, -1)).sum(-1, keepdims=True) / np.log(len(CENTERS))
    logits /= 1 - (1 - COLDEST) * (1 - entropy)
    # Sharpened logits are those of the codec at temperature 1.
    colors: Float32 = colorizer._colors(lightness[None], outputs)[0]
    return colors


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", type=Path)
    arguments = parser.parse_args()
    request = PluginRequest("effnet_bins", ("vividness=0",), weights=arguments.weights)
    plugin = load(request)
    colorizer = plugin.colorizer
    assert isinstance(colorizer, EffnetBins)
    predictors = {
        "plain": Changed(plugin, plugin.predict),
        "mirror": Changed(plugin, lambda lightness: mirrored(plugin, lightness)),
        "sharpened": Changed(plugin, lambda lightness: sharpened(colorizer, lightness)),
    }
    paths, first = find_pictures(arguments.folder), None
    print(f"{'':12}" + "".join(f"{name:>34}" for name in METRICS))
    for name, predictor in predictors.items():
        scores = list(score_predictor(paths, predictor, METRICS, load_protocol()))
        values = np.array([[row.get(metric, np.nan) for metric in METRICS] for row in scores])
        first = values if first is None else first
        print(f"{name:12}" + "".join(f"{text:>34}" for text in cells(values, first)))


def cells(values: Array, first: Array) -> list[str]:
    """Return mean, and paired difference with its interval, of each metric."""
    scored = np.isfinite(values).all(1) & np.isfinite(first).all(1)
    intervals = mean_intervals((values - first)[scored])
    means = values[scored].mean(0)
    if values is first:
        return [f"{mean:.4g}" for mean in means]
    parts = zip(means, intervals.mean, intervals.low, intervals.high, strict=True)
    return [f"{mean:.4g}; {d:+.3f} [{low:+.3f}, {high:+.3f}]" for mean, d, low, high in parts]


if __name__ == "__main__":
    main()
