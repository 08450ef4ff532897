"""Load the weights of an ONNX artifact into the Keras network that it was exported from."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import onnx

from colortk.errors import ArtifactError
from colortk.runtime.kernel_layout import inward, named_layers
from colortk.types import Float32


def weights_in(content: bytes) -> dict[str, Float32]:
    """Return the arrays of an ONNX file by name, float32; 8-bit weights are also dequantized.

    Raises
    ------
    ArtifactError
        If ``content`` is not an ONNX file.
    """
    try:
        graph = onnx.load_model_from_string(content).graph
        if not graph.node:
            raise ValueError("it has no graph")
        weights = {item.name: onnx.numpy_helper.to_array(item) for item in graph.initializer}
        for node in graph.node:
            if node.op_type == "DequantizeLinear" and all(name in weights for name in node.input):
                quantized, scale, zero = (weights[name].astype(np.float32) for name in node.input)
                scale_shape = (-1, *[1] * (quantized.ndim - 1))  # a scale for each filter
                name = node.input[0].removesuffix("_quantized")
                weights[name] = (quantized - zero.reshape(scale_shape)) * scale.reshape(scale_shape)
            name = node.output[0]
            if node.op_type == "Mul" and {f"{name}_quantized", f"{name}_scale"} <= weights.keys():
                weights[name] = weights[f"{name}_quantized"] * weights[f"{name}_scale"]
        return {name: array.astype(np.float32) for name, array in weights.items()}
    except Exception as error:  # protobuf's own classes, with short messages
        raise ArtifactError(
            "the network's weights cannot be read", f"it is not an ONNX file: {error}"
        ) from error


def has_folded_normalization(content: bytes) -> bool:
    """Return whether batch normalization is folded into convolutions, as in 8-bit networks."""
    graph = onnx.load_model_from_string(content).graph
    return any(node.op_type == "DequantizeLinear" for node in graph.node)


def restore(network: Any, content: bytes) -> list[str]:
    """Set the weights of a network that a file has under the same name with the same shape.

    Parameters
    ----------
    network : keras.Model
        The network.
    content : bytes
        A file that :func:`~colortk.training.onnx.graph.to_onnx` wrote.

    Returns
    -------
    list of str
        Names of the weights that were set, such as "conv1/kernel".

    Raises
    ------
    ArtifactError
        If ``content`` is not an ONNX file.
    """
    stored = weights_in(content)
    restored = []
    for name, layer in named_layers(network):
        if isinstance(layer, keras.layers.BatchNormalization) and f"{name}/beta" in stored:
            # In 8-bit networks it is folded into the convolution before it; only a shift is left.
            shift = stored[f"{name}/beta"]
            for part, value in (
                ("gamma", 1),
                ("moving_mean", 0),
                ("moving_variance", 1 - layer.epsilon),
            ):
                stored.setdefault(f"{name}/{part}", np.full_like(shift, value))
        for variable in layer.weights:
            full = f"{name}/{variable.name}"
            if full not in stored:
                continue
            value = inward(layer, stored[full], tuple(variable.shape))
            if value is not None:
                variable.assign(value)
                restored.append(full)
    return restored
