"""Random Keras networks, and what Keras and ONNX Runtime compute with them."""

from __future__ import annotations

from typing import Any

import numpy as np


def randomize(network: Any, seed: int = 0) -> Any:
    """Set all weights and moving statistics at random; variances are positive."""
    rng = np.random.default_rng(seed)
    for variable in network.weights:
        value = rng.normal(0, 1, tuple(variable.shape)).astype(np.float32)
        if variable.name == "kernel" or value.ndim > 1:
            value /= np.sqrt(np.prod(value.shape[:-1]))
        variable.assign(np.abs(value) + 0.5 if "variance" in variable.name else value)
    return network


def served(content: bytes, x: np.ndarray) -> np.ndarray:
    """Return the output of ONNX Runtime for a channels-last batch."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    (y,) = session.run(["output"], {"input": np.moveaxis(x, -1, 1) if x.ndim == 4 else x})
    return np.moveaxis(y, 1, -1) if y.ndim == 4 else y


def batch(network: Any, size: tuple[int, int] = (13, 10)) -> np.ndarray:
    """Return two random inputs; ``size`` is used for sides that the network leaves open."""
    shape = network.input_shape
    sides = [n or s for n, s in zip(shape[1:3], size, strict=False)] if len(shape) == 4 else []
    return np.random.default_rng(1).normal(0, 1, (2, *sides, shape[-1])).astype(np.float32)


def answer(network: Any, x: np.ndarray) -> np.ndarray:
    """Return the output of Keras for a batch."""
    from keras import ops

    return np.asarray(ops.convert_to_numpy(network(x, training=False)))


def agrees(network: Any, **how: Any) -> np.ndarray:
    """Assert that ONNX Runtime equals Keras to 1e-5 of the largest value; return the output."""
    from colortk.training.onnx.graph import to_onnx

    x = batch(randomize(network), **how)
    expected = answer(network, x)
    found = served(to_onnx(network, half=False), x)
    assert found.shape == expected.shape
    assert np.abs(expected).max() > 1e-3, "nothing would be compared"
    assert np.abs(found - expected).max() < 1e-5 * max(1, np.abs(expected).max())
    return expected


def branched(keras: Any) -> Any:
    """Return a network of open size with branches, sums, products and a layer that is used twice."""
    layers = keras.layers
    x = inputs = keras.Input((None, None, 3), name="gray")
    shared = layers.Conv2D(4, 3, padding="same", name="shared")
    a = shared(x)
    b = layers.Activation("tanh", name="squash")(shared(layers.Rescaling(0.5, name="half")(x)))
    c = layers.Conv2D(4, 1, activation="sigmoid", name="gate")(
        layers.GlobalAveragePooling2D(keepdims=True, name="mean")(x)
    )
    x = layers.Add(name="sum")([a, b, layers.Multiply(name="gated")([a, c])])
    x = layers.BatchNormalization(name="norm")(x, training=False)
    x = layers.Concatenate(name="side_by_side", axis=2)([x, a])
    x = layers.Concatenate(name="join")([x, x])
    x = layers.Dropout(0.3, name="drop")(x)
    return keras.Model(inputs, layers.Dense(2, name="last")(x), name="branched")


def colorizer(keras: Any) -> Any:
    """Return the second network of Acharya (2022): rows are positions, columns are channels."""
    layers = keras.layers
    table: list[tuple[Any, int, int, tuple[int, int]]] = [
        (layers.Conv2D, 128, 2, (1, 1)),
        (layers.Conv2DTranspose, 256, 1, (1, 2)),
        *((layers.Conv2D, n, 2, (1, 2)) for n in (128, 64, 32, 16, 8)),
        (layers.Conv2DTranspose, 8, 2, (2, 1)),
        *((layers.Conv2DTranspose, n, 2, (1, 2)) for n in (16, 32, 64, 128, 256)),
        (layers.Conv2D, 128, 2, (1, 2)),
    ]
    network = keras.Sequential([keras.Input((1, 128, 128))])
    for place, (kind, filters, kernel, strides) in enumerate(table):
        act = "tanh" if place >= len(table) - 2 else "relu"
        name = f"step{place}"
        network.add(kind(filters, kernel, strides, "same", activation=act, name=name))
        network.add(layers.BatchNormalization(name=f"norm{place}"))
    return network
