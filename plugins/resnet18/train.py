"""``colortk fit --plugin resnet18``: squared error on a* and b* (document 004, equation 3)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from colortk.training.learning import fit
from colortk.training.losses import colour_ms_ssim
from colortk.training.recipe import Recipe
from colortk.training.request import TrainRequest

from .assess import assess
from .codec import CODEC
from .encoder_weights import load_resnet18
from .network import resnet18
from .training import Training

#: Batches of 16 are the document's; it has 15 epochs of 1,250 of them, 300,000 pictures seen.
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
)


def train(request: TrainRequest) -> None:
    """See :func:`colortk.training.learning.fit`."""
    options = request.options or Training()

    def prepare(network: Any) -> None:
        if options.encoder_weights:
            load_resnet18(network, Path(options.encoder_weights))

    recipe = replace(RECIPE, prepare=prepare, note=assess, facts={"loss_function": options.loss})
    if options.loss == "cms_ssim":
        recipe = replace(recipe, loss=colour_ms_ssim(CODEC.chroma_scale))
    fit(request, recipe)
