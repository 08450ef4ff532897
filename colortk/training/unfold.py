"""Give batch normalization its statistics back, where weights come from a network of 8 bits.

Quantization folds normalization into the convolution before it: only a shift is left. Such a layer
is the identity when it predicts. When it is trained, it divides by the deviation of each batch and
so destroys what the layers after it have learned. Statistics measured on training pictures, undone
by scale and shift, leave both the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from colortk.training.data.dataset import Dataset
from colortk.training.data.loader import Loader
from colortk.training.recipe import Recipe
from colortk.training.request import TrainRequest
from colortk.types import Float32

#: Training pictures on which the statistics are measured.
MEASURED = 256


def begin_as_predicted(
    request: TrainRequest, recipe: Recipe, dataset: Dataset, network: Any, epoch: int
) -> None:
    """Unfold the network of a training that begins with existing weights, with a message.

    Parameters
    ----------
    request, recipe, dataset
        The training. Processes that train together measure the same pictures.
    network : keras.Model
        Its network.
    epoch : int
        Complete epochs: a training that is resumed is not changed.
    """
    if epoch or not request.init_from:
        return
    loader = Loader(dataset.train, dataset.weights, recipe, request.seed, request.jobs)
    size, batch = min(MEASURED, loader.epoch_size()), min(recipe.batch_size, loader.epoch_size())
    batches = loader.epoch(0, size, batch, recipe.side_of(0, recipe.epochs))
    changed = unfold_normalization(network, (inputs for inputs, _ in batches))
    if changed:
        request.print_message(f"statistics of {changed} normalizations measured on {size} pictures")


def unfold_normalization(network: Any, batches: Iterable[Float32]) -> int:
    """Set the weights of folded normalizations so that a training begins with the same function.

    Parameters
    ----------
    network : keras.Model
        Its predictions stay the same.
    batches : iterable of ndarray
        Typical inputs, float32 (N, H, W, C).

    Returns
    -------
    int
        Number of layers that were changed.
    """
    import keras

    folded = [layer for layer in network.layers if layer.trainable and _is_folded(layer)]
    if not folded:
        return 0
    before = keras.Model(network.input, [layer.input for layer in folded])
    means: list[list[Float32]] = [[] for _ in folded]
    squares: list[list[Float32]] = [[] for _ in folded]
    for batch in batches:
        found = before.predict_on_batch(batch)
        for index, values in enumerate(found if len(folded) > 1 else [found]):
            pixels = np.asarray(values, np.float64).reshape(-1, values.shape[-1])
            means[index].append(pixels.mean(0))
            squares[index].append(np.square(pixels).mean(0))
    for layer, mean_parts, square_parts in zip(folded, means, squares, strict=True):
        mean = np.mean(mean_parts, 0)
        variance = np.maximum(np.mean(square_parts, 0) - mean**2, 0)
        layer.moving_mean.assign(mean.astype(np.float32))
        layer.moving_variance.assign(variance.astype(np.float32))
        layer.gamma.assign(np.sqrt(variance + layer.epsilon).astype(np.float32))
        layer.beta.assign(np.asarray(keras.ops.convert_to_numpy(layer.beta)) + mean)
    return len(folded)


def _is_folded(layer: Any) -> bool:
    """Whether a layer is a normalization that does nothing but shift."""
    import keras

    if not isinstance(layer, keras.layers.BatchNormalization):
        return False
    values = (layer.gamma, layer.moving_mean, layer.moving_variance)
    gamma, mean, variance = (keras.ops.convert_to_numpy(value) for value in values)
    # A layer that was never trained has a variance of 1, not of 1 - epsilon.
    exact = np.abs(variance - (1 - layer.epsilon)).max() < layer.epsilon / 4
    return bool(exact and (gamma == 1).all() and (mean == 0).all())
