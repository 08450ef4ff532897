"""The networks of Acharya (2022) against the printed tables, layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from colortk_plugins.acharya.networks import (  # noqa: E402
    colorizer_relu,
    colorizer_tanh,
    mean_chrominance,
)

pytestmark = pytest.mark.slow

Row = tuple[str, str, tuple[int, ...], int]

#: FIG 1 of the paper: layer, type, output shape without the batch, parameters.
FIG_1: list[Row] = [
    ("conv2d_7", "Conv2D", (1, 64, 64), 32832),
    ("conv2d_8", "Conv2D", (1, 32, 32), 8224),
    ("conv2d_9", "Conv2D", (1, 16, 16), 2064),
    ("conv2d_10", "Conv2D", (1, 8, 8), 520),
    ("conv2d_11", "Conv2D", (1, 4, 4), 132),
    ("conv2d_12", "Conv2D", (1, 2, 2), 34),
    ("conv2d_13", "Conv2D", (1, 1, 2), 18),
    ("dense_1", "Dense", (1, 1, 2), 6),
]

#: FIG 3 of the paper, in the same columns.
FIG_3: list[Row] = [
    ("conv2d_7", "Conv2D", (1, 128, 128), 65664),
    ("batch_normalization_14", "BatchNormalization", (1, 128, 128), 512),
    ("conv2d_transpose_7", "Conv2DTranspose", (1, 256, 256), 33024),
    ("batch_normalization_15", "BatchNormalization", (1, 256, 256), 1024),
    ("conv2d_8", "Conv2D", (1, 128, 128), 131200),
    ("batch_normalization_16", "BatchNormalization", (1, 128, 128), 512),
    ("conv2d_9", "Conv2D", (1, 64, 64), 32832),
    ("batch_normalization_17", "BatchNormalization", (1, 64, 64), 256),
    ("conv2d_10", "Conv2D", (1, 32, 32), 8224),
    ("batch_normalization_18", "BatchNormalization", (1, 32, 32), 128),
    ("conv2d_11", "Conv2D", (1, 16, 16), 2064),
    ("batch_normalization_19", "BatchNormalization", (1, 16, 16), 64),
    ("conv2d_12", "Conv2D", (1, 8, 8), 520),
    ("batch_normalization_20", "BatchNormalization", (1, 8, 8), 32),
    ("conv2d_transpose_8", "Conv2DTranspose", (2, 8, 8), 264),
    ("batch_normalization_21", "BatchNormalization", (2, 8, 8), 32),
    ("conv2d_transpose_9", "Conv2DTranspose", (2, 16, 16), 528),
    ("batch_normalization_22", "BatchNormalization", (2, 16, 16), 64),
    ("conv2d_transpose_10", "Conv2DTranspose", (2, 32, 32), 2080),
    ("batch_normalization_23", "BatchNormalization", (2, 32, 32), 128),
    ("conv2d_transpose_11", "Conv2DTranspose", (2, 64, 64), 8256),
    ("batch_normalization_24", "BatchNormalization", (2, 64, 64), 256),
    ("conv2d_transpose_12", "Conv2DTranspose", (2, 128, 128), 32896),
    ("batch_normalization_25", "BatchNormalization", (2, 128, 128), 512),
    ("conv2d_transpose_13", "Conv2DTranspose", (2, 256, 256), 131328),
    ("batch_normalization_26", "BatchNormalization", (2, 256, 256), 1024),
    ("conv2d_13", "Conv2D", (2, 128, 128), 131200),
    ("batch_normalization_27", "BatchNormalization", (2, 128, 128), 512),
]


def table(network: Any) -> list[Row]:
    """Return what ``network.summary()`` prints, without the input."""
    return [
        (layer.name, type(layer).__name__, tuple(layer.output.shape[1:]), layer.count_params())
        for layer in network.layers
        if type(layer).__name__ != "InputLayer"
    ]


def trainable(network: Any) -> int:
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)


def test_mean_chrominance_has_the_layers_of_figure_1() -> None:
    network = mean_chrominance()
    assert network.input_shape == (None, 1, 128, 128)
    assert table(network) == FIG_1
    assert network.count_params() == trainable(network) == 43_830
    spatial = [layer for layer in network.layers if type(layer).__name__ == "Conv2D"]
    assert {layer.activation.__name__ for layer in spatial} == {"relu"}
    assert network.layers[-1].activation.__name__ == "linear"


@pytest.mark.parametrize(
    ("build", "last"), [(colorizer_relu, "relu"), (colorizer_tanh, "tanh")], ids=["relu", "tanh"]
)
def test_colorizer_has_the_layers_of_figure_3(build: Any, last: str) -> None:
    network = build()
    assert network.input_shape == (None, 1, 128, 128)
    assert table(network) == FIG_3
    assert network.count_params() == 585_136
    assert trainable(network) == 582_608
    assert network.count_params() - trainable(network) == 2_528
    activations = [
        layer.activation.__name__
        for layer in network.layers
        if type(layer).__name__.startswith("Conv2D")
    ]
    assert activations == ["relu"] * 12 + [last] * 2


@pytest.mark.parametrize("build", [mean_chrominance, colorizer_relu, colorizer_tanh])
def test_output_is_32_bits_wide_under_a_mixed_policy(build: Any) -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = build()
    finally:
        keras.config.set_dtype_policy(before)
    assert network.layers[1].compute_dtype == "bfloat16"
    assert network.output.dtype == "float32"
