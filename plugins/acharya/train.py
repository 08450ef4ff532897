"""``colortk fit`` for the plugins of Acharya (2022): Adam, squared error, its epochs and batches.

The paper lowers the rate when the validation loss stops falling, without numbers; they are our
choice, and so is the initial rate, Keras' default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from colortk.training.loop.fit import fit
from colortk.training.recipe import Recipe
from colortk.training.request import TrainRequest

from .codec import MEAN, RELU, TANH, ColorCodec
from .networks import SIDE, colorizer_relu, colorizer_tanh, mean_chrominance
from .training import Training

#: Mean and deviation of a* and b* in the training faces.
_FACE_MEAN, _FACE_DEVIATION = 11.7, 6.6


def _start_at_face_colors(codec: ColorCodec) -> Callable[[Any], None]:
    """Return a function that starts the last batch normalization at the mean color of faces.

    By default it starts with mean 0 and deviation 1, while its targets deviate by 0.03. In the
    thousand steps until it has adapted, the gradient drives the ReLU layers before it to zero,
    where they stay: see the model card.
    """

    def prepare(network: Any) -> None:
        last = network.layers[-1]
        last.gamma.assign(last.gamma * 0 + _FACE_DEVIATION / codec.scale)
        last.beta.assign(last.beta * 0 + (_FACE_MEAN + 128 - codec.zero) / codec.scale)

    return prepare


def _start_at_mean_color(network: Any) -> None:
    """Start the last bias at the mean color of faces, so that ReLU layers stay active."""
    last = network.layers[-1]
    last.bias.assign(last.bias * 0 + (_FACE_MEAN + 128) / 255)


RELU_FACES = Recipe(  # "trained for 30 epochs with a batch size are 25"
    "acharya_relu",
    colorizer_relu,
    RELU,
    epochs=30,
    batch_size=25,
    rate=1e-3,
    sides=((SIDE, 1.0),),
    examples="augmented",
    fixed_side=True,
    prepare=_start_at_face_colors(RELU),
)
TANH_FACES = replace(  # "trained for 50 epochs with batch size of 25"
    RELU_FACES,
    plugin="acharya_tanh",
    network=colorizer_tanh,
    codec=TANH,
    epochs=50,
    prepare=_start_at_face_colors(TANH),
)
MEAN_FACES = replace(  # "trained for 50 epochs with 512 batch size"
    RELU_FACES,
    plugin="mean_chrominance",
    network=mean_chrominance,
    codec=MEAN,
    prepare=_start_at_mean_color,
    epochs=50,
    batch_size=512,
)
#: Transfer: "30 epochs on this with a small batch size of 5", "25 epochs with a batch size of 5".
#: An epoch has as many pictures as in the paper: 90 % of 720, and 12 augmentations of each.
RELU_NATURAL = replace(RELU_FACES, plugin="acharya_relu_natural", batch_size=5, samples=8424)
TANH_NATURAL = replace(
    TANH_FACES, plugin="acharya_tanh_natural", epochs=25, batch_size=5, samples=8424
)
RECIPES = {
    recipe.plugin: recipe
    for recipe in (RELU_FACES, TANH_FACES, MEAN_FACES, RELU_NATURAL, TANH_NATURAL)
}


def _train(plugin: str, request: TrainRequest) -> None:
    options = request.options or Training()
    recipe = RECIPES[plugin]
    fit(request, recipe if options.start == "faces" else replace(recipe, prepare=None))


relu = partial(_train, "acharya_relu")
tanh = partial(_train, "acharya_tanh")
mean = partial(_train, "mean_chrominance")
relu_natural = partial(_train, "acharya_relu_natural")
tanh_natural = partial(_train, "acharya_tanh_natural")
