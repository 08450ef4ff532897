"""Every kind of Keras layer written as ONNX computes the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from colortk.errors import UsageError
from onnx_export import agrees, answer, batch, served

pytestmark = [
    pytest.mark.slow,
    # Keras reads its variables in a way that NumPy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
#: Layers by name; each function gets ``keras.layers``.
ONE_LAYER: dict[str, Callable[[Any], Any]] = {
    "conv": lambda k: k.Conv2D(5, 3, padding="same", activation="relu"),
    "conv valid tanh": lambda k: k.Conv2D(5, (3, 2), activation="tanh"),
    "conv even kernel": lambda k: k.Conv2D(5, (2, 4), padding="same"),
    "conv stride 2": lambda k: k.Conv2D(5, 3, strides=2, padding="same", activation="sigmoid"),
    "conv stride 2, kernel 2": lambda k: k.Conv2D(5, 2, strides=2, padding="same"),
    "conv stride (1, 2)": lambda k: k.Conv2D(5, 2, strides=(1, 2), padding="same"),
    "conv stride 3, kernel 1": lambda k: k.Conv2D(5, 1, strides=3, padding="same"),
    "conv stride 2 valid": lambda k: k.Conv2D(5, 3, strides=2, use_bias=False),
    "conv dilated": lambda k: k.Conv2D(5, 3, padding="same", dilation_rate=(2, 3)),
    "conv groups": lambda k: k.Conv2D(6, 3, padding="same", groups=2),
    "depthwise": lambda k: k.DepthwiseConv2D(3, padding="same", activation="relu"),
    "depthwise × 3, stride 2": lambda k: k.DepthwiseConv2D(3, 2, "same", depth_multiplier=3),
    "transpose 1 × 1 (1, 2)": lambda k: k.Conv2DTranspose(5, 1, (1, 2), "same"),
    "transpose 2 × 2 (2, 1)": lambda k: k.Conv2DTranspose(5, 2, (2, 1), "same"),
    "transpose 3 × 3 2": lambda k: k.Conv2DTranspose(5, 3, 2, "same", activation="tanh"),
    "transpose 4 × 5 (2, 2)": lambda k: k.Conv2DTranspose(5, (4, 5), 2, "same"),
    "transpose 2 × 2 (3, 3)": lambda k: k.Conv2DTranspose(5, 2, 3, "same"),
    "transpose valid": lambda k: k.Conv2DTranspose(5, (3, 1), 2, "valid"),
    "normalization": lambda k: k.BatchNormalization(),
    "normalization bare": lambda k: k.BatchNormalization(scale=False, center=False, epsilon=0.1),
    "normalization axis 3": lambda k: k.BatchNormalization(axis=3),
    "activation": lambda k: k.Activation("tanh"),
    "activation linear": lambda k: k.Activation("linear"),
    "relu": lambda k: k.ReLU(),
    "relu up to a maximum": lambda k: k.ReLU(max_value=0.8),
    "max pool": lambda k: k.MaxPooling2D(),
    "max pool same 3 / 2": lambda k: k.MaxPooling2D(3, 2, "same"),
    "max pool same 3 / 1": lambda k: k.MaxPooling2D(3, 1, "same"),
    "average pool": lambda k: k.AveragePooling2D((2, 3)),
    "average pool same 3 / 2": lambda k: k.AveragePooling2D(3, 2, "same"),
    "global average": lambda k: k.GlobalAveragePooling2D(keepdims=True),
    "global average flat": lambda k: k.GlobalAveragePooling2D(),
    "up nearest": lambda k: k.UpSampling2D((2, 3)),
    "up bilinear": lambda k: k.UpSampling2D((2, 4), interpolation="bilinear"),
    "rescaling": lambda k: k.Rescaling(1 / 50, -1),
    "rescaling factor": lambda k: k.Rescaling(0.5),
    "rescaling by channel": lambda k: k.Rescaling([1.0, 2.0, 3.0, 4.0], [0.1, 0.2, 0.3, 0.4]),
    "padding": lambda k: k.ZeroPadding2D(((1, 2), (3, 0))),
    "dropout": lambda k: k.Dropout(0.5),
    "dense": lambda k: k.Dense(5, activation="relu"),
}


@pytest.mark.parametrize("shape", [(None, None, 4), (12, 13, 4)], ids=["open", "12 × 13"])
@pytest.mark.parametrize("name", ONE_LAYER)
def test_every_kind_of_layer(
    keras: Any, name: str, shape: tuple[int | None, int | None, int]
) -> None:
    if name == "average pool same 3 / 2" and keras.backend.backend() == "torch":
        pytest.skip("Keras on PyTorch repeats the border there, on TensorFlow it does not count")
    agrees(keras.Sequential([keras.Input(shape), ONE_LAYER[name](keras.layers)]))


@pytest.mark.parametrize("shape", [(None, None, 6), (12, 10, 6)], ids=["open", "12 × 10"])
def test_spatial_attention_equals_a_loop(
    keras: Any, shape: tuple[int | None, int | None, int]
) -> None:
    """Keras and ONNX Runtime equal a loop in float64, also with fewer keys than queries."""
    from colortk.training.attention import SpatialAttention
    from colortk.training.onnx.graph import to_onnx

    inputs = keras.Input(shape)
    pooled = keras.layers.AveragePooling2D(2)(inputs)
    doubled = keras.layers.Rescaling(2.0)(pooled)
    network = keras.Model(inputs, SpatialAttention(3, name="attention")([inputs, pooled, doubled]))
    x = batch(network, (12, 10))
    means = x.astype(np.float64).reshape(2, 6, 2, 5, 2, 6).mean((2, 4)).reshape(2, 30, 6)
    expected = np.empty((2, 120, 6))
    for n, places in enumerate(x.reshape(2, 120, 6).astype(np.float64)):
        for head in (slice(0, 2), slice(2, 4), slice(4, 6)):
            weights = np.exp(places[:, head] @ means[n][:, head].T / 2**0.5)
            expected[n][:, head] = weights @ (2 * means[n][:, head]) / weights.sum(-1)[:, None]
    for found in (answer(network, x), served(to_onnx(network), x)):
        np.testing.assert_allclose(found, expected.reshape(x.shape), atol=1e-5)


def test_attention_refuses_wrong_shapes(keras: Any) -> None:
    from colortk.training.attention import SpatialAttention

    four, six, small = (keras.Input((8, 8, 4)), keras.Input((8, 8, 6)), keras.Input((4, 4, 4)))
    for heads, maps, why in (
        (2, [four, six, six], "one number of channels"),
        (2, [four, four, small], "one shape"),
        (2, [four, four], "one shape"),
        (3, [four, four, four], "3 heads do not divide 4"),
    ):
        with pytest.raises(ValueError, match=why):
            SpatialAttention(heads)(maps)


def test_dense_layers_on_vectors(keras: Any) -> None:
    layers = keras.layers
    network = keras.Sequential(
        [keras.Input((6,)), layers.Dense(5, "relu"), layers.BatchNormalization(), layers.Dense(3)]
    )
    agrees(network)


@pytest.mark.parametrize(
    "layer",
    [
        lambda k: k.Lambda(lambda x: x, name="odd"),
        lambda k: k.LayerNormalization(name="odd"),
        lambda k: k.Activation("softmax", name="odd"),
        lambda k: k.ReLU(negative_slope=0.1, name="odd"),
        lambda k: k.UpSampling2D(2, interpolation="bicubic", name="odd"),
        lambda k: k.BatchNormalization(axis=1, name="odd"),
        lambda k: k.MaxPooling2D(data_format="channels_first", name="odd"),
    ],
)
def test_a_layer_without_onnx_form_is_named(keras: Any, layer: Callable[[Any], Any]) -> None:
    from colortk.training.onnx.graph import to_onnx

    network = keras.Sequential([keras.Input((8, 8, 4)), layer(keras.layers)])
    with pytest.raises(UsageError, match=r"layer 'odd' \("):
        to_onnx(network)
