"""Weights of an ONNX file are restored into a Keras network by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from colortk.errors import ArtifactError
from onnx_export import answer, batch, branched, colorizer, randomize

pytestmark = [
    pytest.mark.slow,
    # Keras reads its variables in a way that NumPy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.mark.parametrize("kind", [branched, colorizer])
def test_restored_weights_are_those_of_the_file(keras: Any, kind: Callable[[Any], Any]) -> None:
    from colortk.runtime.keras_weights import restore
    from colortk.training.onnx.graph import to_onnx

    first, second = randomize(kind(keras)), randomize(kind(keras), 5)
    names = restore(second, to_onnx(first))
    assert len(names) == len(set(names)) == len(first.weights)
    for variable in first.weights:
        if len(variable.shape) > 1:
            value = keras.ops.convert_to_numpy(variable)
            variable.assign(value.astype(np.float16).astype(np.float32))
    x = batch(first)
    expected = answer(first, x)
    assert np.abs(answer(second, x) - expected).max() < 1e-6


def test_depthwise_and_nested_layers_are_restored(keras: Any) -> None:
    from colortk.runtime.keras_weights import restore
    from colortk.training.onnx.graph import to_onnx

    def build() -> Any:
        layers = keras.layers
        inner = keras.Sequential(
            [keras.Input((9, 7, 3)), layers.DepthwiseConv2D((3, 2), depth_multiplier=2, name="d")],
            name="inner",
        )
        tail = layers.Conv2D(4, (3, 2), groups=2, name="g")
        return keras.Sequential([keras.Input((9, 7, 3)), inner, tail])

    first, second = randomize(build()), build()
    names = restore(second, to_onnx(first, half=False))
    assert names == ["inner/d/kernel", "inner/d/bias", "g/kernel", "g/bias"]
    for one, other in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (one, other)))


def test_weights_of_another_name_or_shape_stay_unchanged(keras: Any) -> None:
    from colortk.runtime.keras_weights import restore
    from colortk.training.onnx.graph import to_onnx

    def build(filters: int, name: str) -> Any:
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input((4, 4, 2)),
                layers.Conv2D(3, 3, name="same"),
                layers.Conv2D(filters, 1, name="wide"),
                layers.Dense(2, name=name),
            ]
        )

    first, second = randomize(build(5, "a")), randomize(build(6, "b"), 7)
    before = [keras.ops.convert_to_numpy(v) for v in second.weights]
    assert restore(second, to_onnx(first)) == ["same/kernel", "same/bias"]
    for value, variable in list(zip(before, second.weights, strict=True))[2:]:
        np.testing.assert_array_equal(value, keras.ops.convert_to_numpy(variable))


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x00" * 64, b"PK\x03\x04" + b"x" * 99])
def test_files_that_are_not_onnx_are_refused(keras: Any, content: bytes) -> None:
    from colortk.runtime.keras_weights import restore

    network = keras.Sequential([keras.Input((4, 4, 2)), keras.layers.Dense(2)])
    with pytest.raises(ArtifactError, match="not an ONNX file"):
        restore(network, content)
