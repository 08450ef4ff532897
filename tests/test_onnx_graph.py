"""Whole Keras networks written as ONNX: branches, nested networks, and the file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from colortk.errors import UsageError
from onnx_export import agrees, answer, batch, branched, colorizer, randomize, served

pytestmark = [
    pytest.mark.slow,
    # Keras reads its variables in a way that NumPy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def test_branches_and_shared_layers(keras: Any) -> None:
    network = branched(keras)
    agrees(network)
    network.get_layer("gate").output  # noqa: B018  the graph is left as it was: one node
    assert network.get_layer("gate").output.shape[-1] == 4


def test_networks_inside_of_networks(keras: Any) -> None:
    layers = keras.layers
    part = keras.Sequential(
        [keras.Input((None, None, 4)), layers.Conv2D(4, 3, padding="same", name="conv")],
        name="part",
    )
    encoder_in = keras.Input((None, None, 3))
    encoder = keras.Model(
        encoder_in, part(layers.Conv2D(4, 1, name="conv")(encoder_in)), name="encoder"
    )
    inputs = keras.Input((8, 6, 3))
    end = layers.Conv2D(2, 1, name="conv")(part(encoder(inputs)))
    network = keras.Model(inputs, end, name="whole")
    agrees(network)
    from colortk.runtime.keras_weights import weights_in
    from colortk.training.onnx.graph import to_onnx

    kernels = [name for name in weights_in(to_onnx(network)) if name.endswith("kernel")]
    assert kernels == [
        "encoder/conv/kernel", "encoder/part/conv/kernel", "part/conv/kernel", "conv/kernel",
    ]  # fmt: skip


def test_the_colorizer_of_acharya(keras: Any) -> None:
    network = colorizer(keras)
    assert network.count_params() == 585_136
    assert agrees(network).shape == (2, 2, 128, 128)


def test_a_network_compiled_with_a_custom_loss(keras: Any) -> None:
    network = branched(keras)
    network.compile(
        optimizer=keras.optimizers.Adam(), loss=lambda y, p: keras.ops.mean((y - p) ** 2)
    )
    agrees(network)


def test_the_onnx_file_is_small_reproducible_and_of_open_size(keras: Any) -> None:
    """The file is reproducible and of open size; kernels have 16 bits, other or large values 32 bits."""
    import onnx

    from colortk.training.onnx.graph import to_onnx

    network = randomize(branched(keras))
    network.get_layer("gate").kernel.assign(np.full((1, 1, 3, 4), 1e5, np.float32))
    content = to_onnx(network)
    assert content == to_onnx(network)
    graph = onnx.load_model_from_string(content).graph
    kinds = {item.name: item.data_type for item in graph.initializer}
    half, full = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT
    assert kinds["shared/kernel"] == kinds["last/kernel"] == half
    assert kinds["norm/moving_variance"] == kinds["shared/bias"] == kinds["gate/kernel"] == full
    assert half not in {
        item.data_type
        for item in onnx.load_model_from_string(to_onnx(network, half=False)).graph.initializer
    }
    sides = [
        [side.dim_param or side.dim_value for side in tensor.type.tensor_type.shape.dim]
        for tensor in (*graph.input, *graph.output)
    ]
    assert sides == [["N", 3, "H", "W"], ["N", 2, "H_out", "W_out"]]
    network.get_layer("gate").kernel.assign(np.full((1, 1, 3, 4), 0.25, np.float32))
    x = batch(network)
    expected = answer(network, x)
    assert np.abs(served(to_onnx(network), x) - expected).max() < 1e-2


def test_bare_operations_and_two_inputs_are_refused(keras: Any) -> None:
    from colortk.training.onnx.graph import to_onnx

    x = keras.Input((8, 8, 4))
    for network in (keras.Model(x, keras.ops.exp(x)), keras.Model([x, keras.Input((1,))], x)):
        with pytest.raises(UsageError, match=r"cannot be written as ONNX"):
            to_onnx(network)
