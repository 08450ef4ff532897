"""Weights of an ONNX artifact, put back into the Keras network that it was written from."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import onnx

from colortk.errors import ArtifactError
from colortk.runtime.kernel_layout import inward, named_layers
from colortk.types import Float32


def weights_in(content: bytes) -> dict[str, Float32]:
    """Arrays of an ONNX file by name, float32; of 8-bit ones also what they stand for.

    Raises ``ArtifactError`` if it is none.
    """
    try:
        graph = onnx.load_model_from_string(content).graph
        if not graph.node:
            raise ValueError("it holds no graph")
        weights = {item.name: onnx.numpy_helper.to_array(item) for item in graph.initializer}
        for node in graph.node:
            if node.op_type == "DequantizeLinear" and all(name in weights for name in node.input):
                whole, scale, zero = (weights[name].astype(np.float32) for name in node.input)
                places = (-1, *[1] * (whole.ndim - 1))  # a scale for each filter
                name = node.input[0].removesuffix("_quantized")
                weights[name] = (whole - zero.reshape(places)) * scale.reshape(places)
        return {name: array.astype(np.float32) for name, array in weights.items()}
    except Exception as error:  # protobuf's own kinds; they say little
        raise ArtifactError(
            "the network's weights cannot be read", f"it is no ONNX file: {error}"
        ) from error


def folded(content: bytes) -> bool:
    """Whether batch normalization lies inside convolutions, as in a network of 8 bits."""
    graph = onnx.load_model_from_string(content).graph
    return any(node.op_type == "DequantizeLinear" for node in graph.node)


def restore(network: Any, content: bytes) -> list[str]:
    """Set the weights of ``network`` that ``content`` has under the same name, in equal shape.

    ``content``: what :func:`~colortk.training.onnx.graph.to_onnx` wrote. Returns the names that
    were set, as "conv1/kernel". Raises ``ArtifactError`` if ``content`` is no ONNX.
    """
    known = weights_in(content)
    restored = []
    for name, layer in named_layers(network):
        if isinstance(layer, keras.layers.BatchNormalization) and f"{name}/beta" in known:
            # In 8 bits it lies in the convolution before it, and is but a shift.
            shift = known[f"{name}/beta"]
            for part, value in (
                ("gamma", 1),
                ("moving_mean", 0),
                ("moving_variance", 1 - layer.epsilon),
            ):
                known.setdefault(f"{name}/{part}", np.full_like(shift, value))
        for variable in layer.weights:
            full = f"{name}/{variable.name}"
            if full not in known:
                continue
            value = inward(layer, known[full], tuple(variable.shape))
            if value is not None:
                variable.assign(value)
                restored.append(full)
    return restored
