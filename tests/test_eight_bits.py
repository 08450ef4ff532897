"""8-bit networks: their output and size, and their weights can be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from colortk.runtime.inference import OnnxNetwork
from colortk.types import Float32

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def network(keras: Any) -> Any:
    """Return a network with normalization after a convolution and a ReLU, a branch, and a depthwise convolution."""
    layers = keras.layers
    keras.utils.set_random_seed(1)
    x = inputs = keras.Input((None, None, 1), name="input")
    x = layers.Conv2D(16, 3, padding="same", use_bias=False, name="first")(x)
    x = layers.BatchNormalization(name="first_bn")(x)
    x = branch = layers.ReLU(6, name="first_relu")(x)
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="deep")(x)
    x = layers.BatchNormalization(epsilon=1e-2, name="deep_bn")(x)
    x = layers.Add(name="add")([x, branch])
    x = layers.Conv2D(24, 1, activation="relu", name="own_bias")(x)
    x = layers.BatchNormalization(name="after_relu")(x)
    x = layers.Conv2D(2, 3, padding="same", name="last")(x)
    model = keras.Model(inputs, x)
    rng = np.random.default_rng(2)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            size = layer.gamma.shape
            layer.set_weights(
                [
                    rng.uniform(0.5, 2, size),
                    *rng.normal(0, 0.5, (2, *size)),
                    rng.uniform(0.5, 2, size),
                ]
            )
    return model


def attending(keras: Any) -> Any:
    """Return a network with self-attention of fewer keys than queries, as in effnet_bins."""
    from colortk.training.attention import SpatialAttention

    layers = keras.layers
    keras.utils.set_random_seed(2)

    def projected(x: Any, name: str) -> Any:
        x = layers.Conv2D(16, 1, use_bias=False, name=name)(x)
        return layers.BatchNormalization(name=f"{name}_bn")(x)

    inputs = keras.Input((None, None, 1), name="input")
    x = layers.Conv2D(16, 3, padding="same", activation="relu", name="first")(inputs)
    pooled = layers.AveragePooling2D(2, name="pool")(x)
    maps = [projected(x, "query"), projected(pooled, "key"), projected(pooled, "value")]
    seen = projected(SpatialAttention(4, name="attention")(maps), "out")
    x = layers.Add(name="add")([x, seen])
    return keras.Model(inputs, layers.Conv2D(2, 3, padding="same", name="last")(x))


def pictures(count: int = 12) -> Iterator[Float32]:
    rng = np.random.default_rng(3)
    for _ in range(count):
        yield rng.normal(0, 1, (1, 24, 32, 1)).astype(np.float32)


def test_folding_normalization_does_not_change_the_output(keras: Any) -> None:
    import onnx

    from colortk.training.onnx.eight_bits import fold_batch_normalization
    from colortk.training.onnx.graph import to_onnx

    model = network(keras)
    (x,) = pictures(1)
    plain = onnx.load_model_from_string(to_onnx(model, half=False))
    kinds = [node.op_type for node in fold_batch_normalization(plain).graph.node]
    assert kinds.count("BatchNormalization") == 1, "the one behind a ReLU stays"
    answer = OnnxNetwork(plain.SerializeToString(), device="cpu").predict(x)
    np.testing.assert_allclose(answer, model.predict(x, verbose=0), atol=1e-5)


def test_eight_bit_weights_give_similar_output_and_can_be_read(keras: Any) -> None:
    import onnx

    from colortk.runtime.keras_weights import restore, weights_in
    from colortk.training.onnx.eight_bits import quantize
    from colortk.training.onnx.graph import to_onnx

    model = network(keras)
    whole = to_onnx(model, half=False)
    content = quantize(whole, pictures())
    kinds = {
        item.name: item.data_type for item in onnx.load_model_from_string(content).graph.initializer
    }
    assert (
        kinds["deep/kernel_quantized"]
        == kinds["own_bias/kernel_quantized"]
        == onnx.TensorProto.INT8
    )
    assert kinds["first/kernel"] == kinds["last/kernel"] == onnx.TensorProto.FLOAT
    spared = onnx.load_model_from_string(quantize(whole, pictures(), ["own_"]))
    assert "own_bias/kernel" in {item.name for item in spared.graph.initializer}
    (x,) = pictures(1)
    exact = model.predict(x, verbose=0)
    ours = OnnxNetwork(content, device="cpu").predict(x)
    error = np.abs(ours - exact).mean() / np.abs(exact).mean()
    assert 0 < error < 0.05
    again = network(keras)
    for layer in again.layers:
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    assert len(restore(again, content)) == len(again.weights)
    read = again.predict(x, verbose=0)
    assert np.abs(read - exact).mean() / np.abs(exact).mean() < 0.03
    kernel = weights_in(content)["own_bias/kernel"]
    theirs = weights_in(whole)["own_bias/kernel"]
    steps = np.abs(theirs).max((1, 2, 3), keepdims=True) / 127
    assert (np.abs(kernel - theirs) <= 0.51 * steps).all()


def test_a_network_that_needs_more_than_eight_bits_keeps_them(keras: Any) -> None:
    from colortk.training.export import _scores_as_well

    before = {"psnr": 23.0, "lpips": 0.2}
    assert _scores_as_well({"psnr": 22.95, "lpips": 0.2015}, before)
    assert not _scores_as_well({"psnr": 22.85, "lpips": 0.2}, before)
    assert not _scores_as_well({"psnr": 23.1, "lpips": 0.2025}, before)
    nothing_scored: dict[str, float] = {}
    assert not _scores_as_well(nothing_scored, before)
    assert not _scores_as_well(nothing_scored, nothing_scored)


def test_attention_in_eight_bits_gives_similar_output(keras: Any) -> None:
    import onnx

    from colortk.runtime.keras_weights import restore
    from colortk.training.onnx.eight_bits import quantize
    from colortk.training.onnx.graph import to_onnx

    model = attending(keras)
    content = quantize(to_onnx(model, half=False), pictures())
    names = {item.name for item in onnx.load_model_from_string(content).graph.initializer}
    assert {f"{name}/kernel_quantized" for name in ("query", "key", "value", "out")} <= names
    (x,) = pictures(1)
    exact = model.predict(x, verbose=0)
    error = np.abs(OnnxNetwork(content, device="cpu").predict(x) - exact).mean()
    assert 0 < error / np.abs(exact).mean() < 0.05
    again = attending(keras)
    for layer in again.layers:
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    assert len(restore(again, content)) == len(again.weights)
    np.testing.assert_allclose(again.predict(x, verbose=0), exact, atol=0.05 * np.abs(exact).max())
