"""Weights of 8 bits as the start of a training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def network() -> Any:
    layers = keras.layers
    x = inputs = keras.Input((None, None, 1), name="input")
    for number in range(3):
        x = layers.Conv2D(8, 3, padding="same", use_bias=False, name=f"c{number}")(x)
        x = layers.BatchNormalization(name=f"n{number}")(x)
        x = layers.ReLU(name=f"r{number}")(x)
    return keras.Model(inputs, layers.Conv2D(2, 1, name="out")(x))


def outputs(model: Any, batch: np.ndarray, training: bool) -> np.ndarray:
    tensor = keras.ops.stop_gradient(model(batch, training=training))
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def as_folded(model: Any, rng: np.random.Generator) -> None:
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            ones = np.ones(8, np.float32)
            shift = rng.normal(0, 0.3, 8).astype(np.float32)
            layer.set_weights([ones, shift, 0 * ones, ones * (1 - layer.epsilon)])


def test_a_training_begins_with_the_function_that_predicts() -> None:
    from colortk.training.unfold import unfold_normalization

    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    model = network()
    as_folded(model, rng)
    batches = [rng.normal(0.4, 2, (16, 24, 24, 1)).astype(np.float32) for _ in range(8)]
    wanted = outputs(model, batches[0], False)
    spread = wanted.std()
    broken = outputs(model, batches[0], True)
    assert np.abs(broken - wanted).mean() > 0.2 * spread
    as_folded(model, np.random.default_rng(1))
    wanted = outputs(model, batches[0], False)
    assert unfold_normalization(model, batches) == 3
    np.testing.assert_allclose(outputs(model, batches[0], False), wanted, atol=1e-4)
    trained = outputs(model, batches[0], True)
    assert np.abs(trained - wanted).mean() < 0.05 * spread
    assert unfold_normalization(model, batches) == 0


def test_normalizations_with_statistics_are_left_alone() -> None:
    from colortk.training.unfold import unfold_normalization

    model = network()
    as_folded(model, np.random.default_rng(0))
    model.get_layer("n0").trainable = False
    model.get_layer("n1").moving_mean.assign(np.full(8, 0.1, np.float32))
    model.get_layer("n2").moving_variance.assign(np.ones(8, np.float32))
    before = model.get_weights()
    assert unfold_normalization(model, [np.zeros((1, 8, 8, 1), np.float32)]) == 0
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
