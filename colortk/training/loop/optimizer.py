"""Adam, with a rate of its own for every layer where a recipe wants that."""

from __future__ import annotations

from typing import Any

from colortk.training.backend import import_keras
from colortk.training.recipe import Recipe


def adam(network: Any, recipe: Recipe) -> Any:
    """Keras' Adam for ``network``; its rate times what ``recipe.layer_rates`` says of a layer."""
    library = import_keras()
    base: Any = library.optimizers.Adam
    # By identity: TensorFlow hands its own variables to the step, the others Keras'.
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
        """Adam divides gradients by their size, so that a factor on them would change nothing."""

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            super().update_step(gradient, variable, learning_rate * factors[id(variable)])

    return LayerwiseAdam(recipe.rate, clipnorm=recipe.clip)
