"""``colortk fit --plugin resnet18``: squared error (Kazerooni and Mehmetoglu, equation 3)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from colortk.plugin import UsageError
from colortk.training.loop.fit import fit
from colortk.training.loop.losses import color_ms_ssim
from colortk.training.recipe import Recipe
from colortk.training.request import TrainRequest

from .assess import assess
from .codec import CODEC
from .encoder_weights import load_resnet18
from .network import resnet18
from .training import Training

#: The paper has 15 epochs of 1,250 batches of 16 pictures, 300,000 pictures in all.
RECIPE = Recipe(
    "resnet18",
    resnet18,
    CODEC,
    epochs=40,
    batch_size=16,
    samples=8000,
    rate=1e-3,
    sides=((64, 0.4), (128, 0.5), (192, 0.1)),
    multiple=32,
    patience=4,
    cooldown=0.4,
    average=0.998,
    eight_bit_kernels=True,
)


def encoder_part(layer: str) -> int | None:
    """Return the part of the encoder that a layer belongs to, from 0; ``None`` for the decoder."""
    if layer in ("conv1", "bn1"):
        return 0
    return int(layer[len("layer")]) if layer.startswith("layer") else None


def build_network(options: Training, has_encoder_weights: bool) -> Any:
    """Return the network for pictures of any size.

    Parameters
    ----------
    options : Training
        Which parts of the encoder are frozen.
    has_encoder_weights : bool
        Whether the encoder starts from existing weights; otherwise nothing is frozen.
    """
    network = resnet18()
    for layer in network.layers if has_encoder_weights else ():
        part = encoder_part(layer.name)
        if part is not None and layer.weights:
            statistics = options.encoder_rate < 1 and hasattr(layer, "moving_mean")
            layer.trainable = part >= options.frozen and not statistics
    return network


def train(request: TrainRequest) -> None:
    """Train the network, see :func:`colortk.training.loop.fit.fit`."""
    options = request.options or Training()
    has_encoder_weights = bool(options.encoder_weights or request.init_from)

    def prepare(network: Any) -> None:
        if options.encoder_weights:
            folded = load_resnet18(network, Path(options.encoder_weights))
            if folded and options.encoder_rate == 1:
                raise UsageError(
                    f"--option encoder_weights={options.encoder_weights}",
                    "the file has no batch normalization statistics, which this training needs",
                    "freeze batch normalization with --option encoder_rate=0.02",
                )

    def rates(layer: str) -> float:
        return (
            options.encoder_rate if has_encoder_weights and encoder_part(layer) is not None else 1.0
        )

    facts = {"loss_function": options.loss}
    facts |= {"encoder_rate": options.encoder_rate, "frozen": options.frozen}
    recipe = replace(
        RECIPE,
        network=lambda: build_network(options, has_encoder_weights),
        prepare=prepare,
        layer_rates=rates if has_encoder_weights else None,
        evaluate=assess,
        facts=facts,
    )
    if options.loss == "cms_ssim":
        recipe = replace(recipe, loss=color_ms_ssim(CODEC.chroma_scale))
    fit(request, recipe)
