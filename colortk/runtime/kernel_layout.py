"""Names and axes of Keras weights in ONNX files.

Keras stores kernels as (height, width, in, out), and ONNX as (out, in, height, width). This module
converts in both directions, so that exported weights can be read back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import layers

from colortk.types import Float32


def named_layers(network: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield name and layer of each layer; layers of nested networks are named "outer/inner"."""
    for layer in network.layers:
        name = prefix + str(layer.name)
        if isinstance(layer, keras.Model):
            yield from named_layers(layer, f"{name}/")
        else:
            yield name, layer


def outward(layer: Any, value: Any) -> Float32:
    """Convert a weight of ``layer`` to ONNX's layout, float32: kernels become 4-D."""
    array: Float32 = np.asarray(keras.ops.convert_to_numpy(value), np.float32)
    if array.ndim == 2:  # a Dense layer is a 1 × 1 convolution
        array = array.T[:, :, None, None]
    elif array.ndim == 4 and isinstance(layer, layers.DepthwiseConv2D):
        height, width, channels, factor = array.shape
        array = array.transpose(2, 3, 0, 1).reshape(channels * factor, 1, height, width)
    elif (
        array.ndim == 4
    ):  # a transposed convolution has (height, width, out, in), and ONNX (in, out, …)
        array = array.transpose(3, 2, 0, 1)
    return np.ascontiguousarray(array)


def inward(layer: Any, array: Float32, shape: tuple[int, ...]) -> Float32 | None:
    """Invert :func:`outward`. Return ``None`` if the result does not have ``shape``."""
    if len(shape) == 2 and array.ndim == 4:
        array = array.reshape(array.shape[:2]).T if array.shape[2:] == (1, 1) else array
    elif len(shape) == 4 and isinstance(layer, layers.DepthwiseConv2D):
        if array.ndim != 4 or array.size != np.prod(shape):
            return None
        height, width, channels, factor = shape
        if array.shape != (channels * factor, 1, height, width):
            return None
        array = array.reshape(channels, factor, height, width).transpose(2, 3, 0, 1)
    elif len(shape) == 4 and array.ndim == 4:
        array = array.transpose(2, 3, 1, 0)
    return array if array.shape == shape else None
