"""``colortk fit --plugin vgg16_residual``: squared error, L1 and L2 regularization (Zaman 2020).

By default the encoder keeps its ImageNet weights, so that it needs no backward pass.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from colortk.training.loop.fit import fit
from colortk.training.recipe import Recipe
from colortk.training.request import TrainRequest

from .codec import CODEC
from .encoder_weights import load_vgg16
from .network import vgg16_residual
from .training import Training


def build_network(options: Training) -> Any:
    """Return the network for pictures of any size, with a frozen or a trainable encoder."""
    network = vgg16_residual(None, regularized=options.regularization)
    for layer in network.layers:
        if layer.name.startswith("block") and options.encoder == "frozen":
            layer.trainable = False
    return network


RECIPE = Recipe(
    "vgg16_residual",
    lambda: build_network(Training()),
    CODEC,
    epochs=30,
    batch_size=16,
    samples=8000,
    rate=1e-3,
    sides=((128, 0.85), (224, 0.15)),
    multiple=32,
    patience=4,
    cooldown=0.4,
    average=0.998,
    eight_bit_kernels=True,
)


def train(request: TrainRequest) -> None:
    """Train the network, see :func:`colortk.training.loop.fit.fit`."""
    options = request.options or Training()

    def prepare(network: Any) -> None:
        if options.encoder_weights != "none" and not request.init_from:
            path = options.encoder_weights
            load_vgg16(network, Path(path) if path else None)

    facts = {"regularization": options.regularization, "encoder": options.encoder}
    fit(
        request,
        replace(RECIPE, network=lambda: build_network(options), prepare=prepare, facts=facts),
    )
