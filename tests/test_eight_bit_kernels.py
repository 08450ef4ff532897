"""Kernels that are stored with 8 bits: close to the network, half the size, and readable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from colortk.runtime.inference import OnnxNetwork

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def network(keras: Any) -> Any:
    """Convolution, transposed convolution, normalization and a small last layer."""
    layers = keras.layers
    inputs = keras.Input((None, None, 1), name="input")
    x = layers.Conv2D(32, 3, padding="same", activation="relu", name="first")(inputs)
    x = layers.Conv2D(64, 3, strides=2, padding="same", use_bias=False, name="deep")(x)
    x = layers.ReLU(name="relu")(layers.BatchNormalization(name="bn")(x))
    x = layers.Conv2DTranspose(48, 4, strides=2, padding="same", name="up")(x)
    model = keras.Model(inputs, layers.Conv2D(2, 3, padding="same", name="last")(x))
    rng = np.random.default_rng(4)
    for layer in model.layers:
        layer.set_weights(
            [w + rng.uniform(0.01, 0.3, w.shape) * (w.ndim == 1) for w in layer.get_weights()]
        )
    return model


def test_the_output_is_close_and_the_file_is_half_as_large(network: Any) -> None:
    import onnx

    from colortk.training.onnx.eight_bit_kernels import with_8_bit_kernels
    from colortk.training.onnx.graph import to_onnx

    content = with_8_bit_kernels(to_onnx(network, half=False))
    assert len(content) < 0.62 * len(to_onnx(network, half=True))
    kinds = {
        item.name: item.data_type for item in onnx.load_model_from_string(content).graph.initializer
    }
    assert kinds["deep/kernel_quantized"] == kinds["up/kernel_quantized"] == onnx.TensorProto.INT8
    assert kinds["first/kernel"] == kinds["last/kernel"] == onnx.TensorProto.FLOAT, "few numbers"
    x = np.random.default_rng(5).normal(0, 1, (1, 24, 32, 1)).astype(np.float32)
    exact = network.predict(x, verbose=0)
    error = np.abs(OnnxNetwork(content, device="cpu").predict(x) - exact).mean()
    assert 0 < error / np.abs(exact).mean() < 0.02


def test_each_filter_has_its_own_scale_and_the_kernels_can_be_read(network: Any) -> None:
    from colortk.runtime.keras_weights import has_folded_normalization, weights_in
    from colortk.training.onnx.eight_bit_kernels import with_8_bit_kernels
    from colortk.training.onnx.graph import to_onnx

    whole = to_onnx(network, half=False)
    content = with_8_bit_kernels(whole)
    assert not has_folded_normalization(content)
    for name, others in (("deep/kernel", (1, 2, 3)), ("up/kernel", (0, 2, 3))):
        kernel, theirs = weights_in(content)[name], weights_in(whole)[name]
        step = np.abs(theirs).max(others, keepdims=True) / 127
        assert (np.abs(kernel - theirs) <= 0.501 * step).all()
        assert (kernel != theirs).any()


def test_a_filter_of_zeros_stays_zero() -> None:
    pytest.importorskip("onnx")
    from colortk.training.onnx.eight_bit_kernels import quantize_kernel

    kernel = np.zeros((2, 3, 1, 1), np.float32)
    kernel[1] = [[[-2.54]], [[0.02]], [[1.27]]]
    quantized, scale = quantize_kernel(kernel, 0)
    assert quantized.dtype == np.int8
    assert quantized[:, :, 0, 0].tolist() == [[0, 0, 0], [-127, 1, 64]]
    np.testing.assert_allclose(scale.ravel(), [1 / 127, 0.02])
