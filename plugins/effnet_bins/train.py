"""``colortk fit --plugin effnet_bins``."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from colortk.training.data.random_hints import random_hints
from colortk.training.loop.fit import fit
from colortk.training.recipe import Recipe
from colortk.training.request import TrainRequest

from .codec import CODEC, Bins
from .encoder import block_of, load_lite
from .losses import class_weights, color_loss
from .network import effnet_bins
from .prior import color_prior
from .tail import with_expected_color
from .training import Training

RECIPE = Recipe(
    "effnet_bins",
    effnet_bins,
    CODEC,
    epochs=20,
    batch_size=16,
    samples=8000,
    rate=1e-3,
    sides=((96, 0.6), (128, 0.4)),
    multiple=32,
    patience=0,
    cooldown=0.4,
    warmup=100,
    keep="last",
    average=0.998,
    clip=1.0,
    # Early blocks have few features: with 8 bits in them, colors change two to five times as much.
    # Hints are few pixels with large values.
    eight_bits=("stem_", "block0_", "block1_", "block2_", "lightness", "decoder_hint"),
    loss=color_loss("both", regression=0.1),
    tail=with_expected_color,
)


def build_network(
    options: Training, has_encoder_weights: bool, keeps_statistics: bool = False
) -> Any:
    """Return the network for pictures of any size.

    Parameters
    ----------
    options : Training
        Which blocks are frozen.
    has_encoder_weights : bool
        Whether the encoder starts from existing weights. Then some blocks may be frozen, and the
        statistics of its batch normalization always are: they come from more pictures.
    keeps_statistics : bool
        Whether the decoder keeps the statistics of its batch normalization, too. A picture with
        hints has much stronger features: in one batch with it, pictures without hints would be
        normalized as they never are when they are predicted.
    """
    network = effnet_bins(
        head=options.head,
        encoder_size=options.encoder,
        decoder=options.filters,
        context=options.context,
        hints=options.hints,
    )
    for layer in network.layers:
        block = block_of(layer.name)
        statistics = "_bn" in layer.name and not layer.name.endswith("_relu")
        if block is None:
            layer.trainable = layer.trainable and not (statistics and keeps_statistics)
            continue
        layer.trainable = not has_encoder_weights or (block >= options.frozen and not statistics)
    return network


def make_recipe(request: TrainRequest) -> Recipe:
    """Return `RECIPE` with the options of the request."""
    options = request.options or Training()
    has_encoder_weights = bool(options.encoder_weights or request.init_from)

    def prepare(network: Any) -> None:
        if options.encoder_weights:
            load_lite(network, Path(options.encoder_weights))

    def rates(layer: str) -> float:
        if has_encoder_weights and block_of(layer) is not None:
            return options.encoder_rate
        is_new = not request.init_from or layer.startswith("decoder_hint")
        return 1.0 if is_new else options.decoder_rate

    weights = None
    if options.head != "regression" and options.rebalance < 1:
        weights = class_weights(color_prior(request), options.rebalance)
    facts = {name: value for name, value in asdict(options).items() if name != "encoder_weights"}
    return replace(
        RECIPE,
        network=lambda: build_network(
            options, has_encoder_weights, options.hints and bool(request.init_from)
        ),
        codec=Bins(hints=options.hints),
        hints=random_hints if options.hints else None,
        prepare=prepare,
        layer_rates=rates,
        loss=color_loss(
            options.head,
            weights,
            options.regression,
            options.perceptual,
            request.precision,
            options.statistics,
            perceptual_part=options.perceptual_part,
            scales=options.scales,
            consistency=options.consistency,
        ),
        average=options.average,
        eight_bits=RECIPE.eight_bits if options.bits == 8 else None,
        facts=facts,
    )


def train(request: TrainRequest) -> None:
    """Train the network, see :func:`colortk.training.loop.fit.fit`."""
    fit(request, make_recipe(request))
