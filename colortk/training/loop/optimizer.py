"""Adam, with a learning rate for each layer where a recipe asks for it."""

from __future__ import annotations

from typing import Any

from colortk.training.backend import import_keras
from colortk.training.recipe import Recipe


def adam(network: Any, recipe: Recipe) -> Any:
    """Return Keras' Adam for ``network``, with the rates that ``recipe.layer_rates`` returns.

    Parameters
    ----------
    network : keras.Model
        The network.
    recipe : Recipe
        Its initial rate, layer rates and clipping.

    Returns
    -------
    keras.optimizers.Optimizer
        On the PyTorch backend, a fused one.
    """
    library = import_keras()
    base: Any = library.optimizers.Adam
    # By identity, because TensorFlow passes its own variables to the step, other backends Keras'.
    factors = {
        id(key): recipe.layer_rates(layer.name) if recipe.layer_rates else 1.0
        for layer in network.layers
        for variable in layer.trainable_variables
        for key in (variable, variable.value)
    }
    if library.backend.backend() == "torch":
        from colortk.training.torch.fused_adam import fused_adam

        return fused_adam(base, factors)(recipe.rate, clipnorm=recipe.clip)
    if recipe.layer_rates is None:
        return base(recipe.rate, clipnorm=recipe.clip)

    class LayerwiseAdam(base):  # type: ignore[misc]
        """Scale the rate, because Adam ignores a factor on the gradient."""

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            super().update_step(gradient, variable, learning_rate * factors[id(variable)])

    return LayerwiseAdam(recipe.rate, clipnorm=recipe.clip)
