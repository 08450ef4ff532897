"""Train a Keras network step by step."""

from __future__ import annotations

from typing import Any

import numpy as np

from colortk.training.backend import import_keras
from colortk.training.loop.optimizer import adam
from colortk.training.recipe import Recipe
from colortk.types import Array, Float32

#: Steps between two updates of the average of the weights.
AVERAGE_INTERVAL = 4


class Trainer:
    """A network and its optimizer, on any backend of Keras.

    With PyTorch the layers run on its fused operators (:mod:`colortk.training.torch.native`).

    Parameters
    ----------
    network : keras.Model
        The network.
    recipe : Recipe
        Its loss, rates and average.
    """

    def __init__(self, network: Any, recipe: Recipe) -> None:
        library = import_keras()
        self.network, self.recipe = network, recipe
        self.steps = 0
        runner = network
        if library.backend.backend() == "torch":
            from colortk.training.torch.native import accelerate

            runner = accelerate(network)
        self.optimizer = adam(network, recipe)
        runner.compile(self.optimizer, recipe.loss)
        self.optimizer.build(runner.trainable_variables)
        self.runner = runner
        self.average: list[Array] = []

    def step(self, inputs: Float32, targets: Float32, rate: float) -> float:
        """Train on one batch.

        Parameters
        ----------
        inputs, targets : ndarray
            float32, encoded by the codec of the recipe.
        rate : float
            Learning rate.

        Returns
        -------
        float
            Loss of the batch.
        """
        self.optimizer.learning_rate.assign(rate)
        self.runner.reset_metrics()  # before Keras 3.15 the loss is a mean over steps otherwise
        loss = self.runner.train_on_batch(inputs, targets)
        self.steps += 1
        if self.recipe.average and self.steps % AVERAGE_INTERVAL == 0:
            self._update_average(self.steps // AVERAGE_INTERVAL)
        return float(np.asarray(loss))

    def _update_average(self, count: int) -> None:
        """Add the weights to the average, of few steps at first, then of more."""
        weights = self.network.get_weights()
        if not self.average:
            self.average = [np.array(w) for w in weights]
            return
        # Over about the last ninth of a young training: its first weights are far off.
        keep = min(self.recipe.average**AVERAGE_INTERVAL, (1 + count) / (10 + count))
        for mean, weight in zip(self.average, weights, strict=True):
            mean += (1 - keep) * (weight - mean)

    def weights(self) -> list[Array]:
        """Return the weights to publish: the average if there is one, else the last."""
        return [np.array(w) for w in self.average or self.network.get_weights()]

    def loss(self, inputs: Float32, targets: Float32, batch: int) -> float:
        """Return the mean loss of the weights to publish, without regularization.

        Parameters
        ----------
        inputs, targets : ndarray
            float32.
        batch : int
            Pictures per call.
        """
        training_weights = self.network.get_weights()
        self.network.set_weights(self.weights())
        try:
            measure = import_keras().losses.get(self.recipe.loss)
            total = 0.0
            for start in range(0, len(inputs), batch):
                prediction = self.runner.predict_on_batch(inputs[start : start + batch])
                truth = targets[start : start + batch]
                total += float(np.mean(np.asarray(_loss(measure, truth, prediction)))) * len(truth)
            return total / len(inputs)
        finally:
            self.network.set_weights(training_weights)

    def arrays(self) -> dict[str, list[Array]]:
        """Return everything that a resumed run needs."""
        arrays = {
            "weights": [np.array(w) for w in self.network.get_weights()],
            "optimizer": [np.array(to_numpy(v), copy=True) for v in self.optimizer.variables],
            "steps": [np.array(self.steps)],
        }
        return arrays | ({"average": self.average} if self.average else {})

    def restore(self, arrays: dict[str, list[Array]]) -> None:
        """Continue from the arrays that :meth:`arrays` returned."""
        self.network.set_weights(arrays["weights"])
        for variable, value in zip(self.optimizer.variables, arrays["optimizer"], strict=True):
            variable.assign(value)
        self.steps = int(arrays["steps"][0])
        self.average = [a.copy() for a in arrays.get("average", [])]


def to_numpy(variable: Any) -> Array:
    """Return a Keras variable as a NumPy array."""
    array: Array = import_keras().ops.convert_to_numpy(variable.value)
    return array


def _loss(measure: Any, truth: Float32, prediction: Float32) -> Any:
    library = import_keras()
    losses = measure(
        library.ops.convert_to_tensor(truth), library.ops.convert_to_tensor(prediction)
    )
    return library.ops.convert_to_numpy(losses)
