"""Losses of every network before and after one step, on the backend that KERAS_BACKEND names.

Run by test_backends.py in a process of its own, once for each backend, with the folder of the
weights: the first writes them, the next ones read them. Prints JSON.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from colortk.training.loop.trainer import Trainer
from colortk.training.recipe import Recipe
from colortk_plugins.acharya import train as acharya
from colortk_plugins.autoencoder.train import RECIPE as AUTOENCODER
from colortk_plugins.effnet_bins.train import RECIPE as EFFNET_BINS
from colortk_plugins.resnet18.train import RECIPE as RESNET18
from colortk_plugins.vgg16_residual.train import RECIPE as VGG16

#: Recipes, each with the side of its pictures.
CASES: list[tuple[Recipe, int]] = [
    (acharya.MEAN_FACES, 128),
    (acharya.RELU_FACES, 128),
    (acharya.TANH_FACES, 128),
    (AUTOENCODER, 32),
    (EFFNET_BINS, 64),
    (RESNET18, 64),
    (VGG16, 32),
]


def losses(recipe: Recipe, side: int, folder: Path) -> list[float]:
    """Return the validation loss, the loss of one training step, and the validation loss after it."""
    recipe = replace(recipe, average=0.0, rate=1e-3)
    keras.utils.set_random_seed(0)
    network: Any = recipe.network()
    for layer in network.layers:
        if isinstance(layer, keras.layers.Dropout | keras.layers.SpatialDropout2D):
            layer.rate = 0.0  # each backend draws random numbers differently
    path = folder / f"{recipe.plugin}.npz"
    if not path.exists():
        np.savez(path, *network.get_weights())
    with np.load(path) as stored:
        network.set_weights([stored[f"arr_{i}"] for i in range(len(stored.files))])
    rng = np.random.default_rng(1)
    lightness = rng.uniform(0, 100, (2, side, side)).astype(np.float32)
    ab = rng.uniform(-40, 40, (2, side, side, 2)).astype(np.float32)
    x, y = recipe.codec.inputs(lightness), recipe.codec.targets(ab, lightness)
    trainer = Trainer(network, recipe)
    before = trainer.loss(x, y, 2)
    step = trainer.step(x, y, 1e-3)
    return [before, step, trainer.loss(x, y, 2)]


if __name__ == "__main__":
    found = {recipe.plugin: losses(recipe, side, Path(sys.argv[1])) for recipe, side in CASES}
    sys.stdout.write(json.dumps({"backend": keras.backend.backend(), "losses": found}) + "\n")
