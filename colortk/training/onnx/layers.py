"""Write each kind of Keras layer as ONNX nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import layers

from colortk.errors import UsageError
from colortk.runtime.kernel_layout import outward
from colortk.training.attention import SpatialAttention
from colortk.training.onnx.nodes import Call, Graph, Shape

#: Axes of a channels-last tensor in a channels-first one.
_AXES = {0: 0, 1: 2, 2: 3, 3: 1}
#: Activation functions by the name that Keras gives them; ``None`` changes nothing.
_ACTIVATIONS = {"linear": None, "relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}


def unsupported_layer(layer: Any, reason: str) -> UsageError:
    """Return the error for a layer that cannot be written.

    Parameters
    ----------
    layer : keras.Layer
        The layer.
    reason : str
        Completes the sentence "layer NAME ...".
    """
    return UsageError(
        "the network cannot be written as ONNX",
        f"layer '{layer.name}' ({type(layer).__name__}) {reason}",
        "docs/training.md lists the layers that can be exported",
    )


def write_layer(graph: Graph, call: Call) -> str:
    """Add the nodes of a layer.

    Parameters
    ----------
    graph : Graph
        Receives the nodes and weights.
    call : Call
        The layer and its input tensors.

    Returns
    -------
    str
        Name of the output tensor.

    Raises
    ------
    UsageError
        The layer cannot be written.
    """
    writer = _WRITERS.get(type(call.layer))
    if writer is None:
        raise unsupported_layer(call.layer, "has a type that is not supported")
    if any(len(shape) not in (2, 4) for shape in call.shapes):
        raise unsupported_layer(
            call.layer, f"takes {call.shapes}; only batches of vectors or pictures are supported"
        )
    if getattr(call.layer, "data_format", "channels_last") != "channels_last":
        raise unsupported_layer(call.layer, "has its channels first")
    return writer(graph, call)


def _weight(graph: Graph, call: Call, name: str) -> str:
    return graph.weight(f"{call.name}/{name}", outward(call.layer, getattr(call.layer, name)))


def _kernel(graph: Graph, call: Call) -> list[str]:
    """Return the tensors of a convolution: picture, kernel, and bias if there is one."""
    bias = [_weight(graph, call, "bias")] if call.layer.use_bias else []
    return [call.inputs[0], _weight(graph, call, "kernel"), *bias]


def _activate(graph: Graph, call: Call, tensor: str) -> str:
    function = call.layer.activation
    name = getattr(function, "__name__", str(function))
    if name not in _ACTIVATIONS:
        raise unsupported_layer(
            call.layer, f"has the activation '{name}', not one of {[*_ACTIVATIONS]}"
        )
    kind = _ACTIVATIONS[name]
    return tensor if kind is None else graph.node(kind, [tensor], call.name)


def _window_attributes(
    call: Call, kernel: Any, strides: Any, dilation: Any = (1, 1)
) -> dict[str, Any]:
    """Return the attributes of a sliding window, padded as TensorFlow does: more at the end."""
    layer = call.layer
    attributes: dict[str, Any] = {"kernel_shape": list(kernel), "strides": list(strides)}
    if tuple(dilation) != (1, 1):
        attributes["dilations"] = list(dilation)
    if layer.padding == "same":
        sides: Shape = call.shapes[0][1:3]
        reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        if any(n is None and s > 1 for n, s in zip(sides, strides, strict=True)):
            return attributes | {"auto_pad": "SAME_UPPER"}
        totals = [
            max((0 if n is None else (-(-n // s) - 1) * s - n + 1) + r - 1, 0)
            for n, s, r in zip(sides, strides, reach, strict=True)
        ]
        attributes["pads"] = [t // 2 for t in totals] + [t - t // 2 for t in totals]
    elif layer.padding != "valid":
        raise unsupported_layer(layer, f"has the padding '{layer.padding}'")
    return attributes


def _convolution(graph: Graph, call: Call) -> str:
    layer = call.layer
    depthwise = isinstance(layer, layers.DepthwiseConv2D)
    groups = call.shapes[0][-1] if depthwise else layer.groups
    attributes = _window_attributes(call, layer.kernel_size, layer.strides, layer.dilation_rate)
    tensor = graph.node("Conv", _kernel(graph, call), call.name, group=groups, **attributes)
    return _activate(graph, call, tensor)


def _transpose(graph: Graph, call: Call) -> str:
    """Write the gradient of a convolution: crop what it would pad, fill what it would skip."""
    layer = call.layer
    if layer.output_padding is not None or tuple(layer.dilation_rate) != (1, 1):
        raise unsupported_layer(layer, "has an output padding or a dilation")
    if layer.padding not in ("same", "valid"):
        raise unsupported_layer(layer, f"has the padding '{layer.padding}'")
    pairs = list(zip(layer.kernel_size, layer.strides, strict=True))
    crops = [max(kernel - stride, 0) if layer.padding == "same" else 0 for kernel, stride in pairs]
    tensor = graph.node(
        "ConvTranspose",
        _kernel(graph, call),
        call.name,
        kernel_shape=list(layer.kernel_size),
        strides=list(layer.strides),
        pads=[crop // 2 for crop in crops] + [crop - crop // 2 for crop in crops],
        output_padding=[max(stride - kernel, 0) for kernel, stride in pairs],
    )
    return _activate(graph, call, tensor)


def _dense(graph: Graph, call: Call) -> str:
    """Write a dense layer as a 1 × 1 convolution; vectors become 1 × 1 pictures."""
    flat = len(call.shapes[0]) == 2
    picture, *weights = _kernel(graph, call)
    if flat:
        picture = _reshape(graph, call, picture, (0, -1, 1, 1))
    tensor = graph.node("Conv", [picture, *weights], call.name, kernel_shape=[1, 1])
    tensor = _activate(graph, call, tensor)
    return _reshape(graph, call, tensor, (0, -1)) if flat else tensor


def _reshape(graph: Graph, call: Call, tensor: str, shape: tuple[int, ...]) -> str:
    target = graph.constant(f"{call.name}:shape", shape, np.int64)
    return graph.node("Reshape", [tensor, target], call.name)


def _normalization(graph: Graph, call: Call) -> str:
    layer = call.layer
    rank = len(call.shapes[0])
    if layer.axis not in (-1, rank - 1):
        raise unsupported_layer(layer, f"normalizes axis {layer.axis}, not the last one")
    missing = {"gamma": np.ones, "beta": np.zeros}
    vectors = []
    for name in ("gamma", "beta", "moving_mean", "moving_variance"):
        if name in missing and getattr(layer, name) is None:
            values = missing[name](call.shapes[0][-1] or 0)
            vectors.append(graph.constant(f"{call.name}:{name}", values, np.float32))
        else:
            vectors.append(_weight(graph, call, name))
    return graph.node(
        "BatchNormalization", [call.inputs[0], *vectors], call.name, epsilon=float(layer.epsilon)
    )


def _relu(graph: Graph, call: Call) -> str:
    layer = call.layer
    if layer.threshold or layer.negative_slope:
        raise unsupported_layer(layer, "has a threshold or a negative slope")
    if layer.max_value is None:
        return graph.node("Relu", call.inputs, call.name)
    ends = [
        graph.constant(f"{call.name}:{name}", value, np.float32)
        for name, value in (("least", 0), ("most", layer.max_value))
    ]
    return graph.node("Clip", [*call.inputs, *ends], call.name)


def _pool(kind: str) -> Callable[[Graph, Call], str]:
    def write(graph: Graph, call: Call) -> str:
        attributes = _window_attributes(call, call.layer.pool_size, call.layer.strides)
        return graph.node(kind, call.inputs, call.name, **attributes)

    return write


def _global_average(graph: Graph, call: Call) -> str:
    tensor = graph.node("GlobalAveragePool", call.inputs, call.name)
    return tensor if call.layer.keepdims else _reshape(graph, call, tensor, (0, -1))


def _up_sample(graph: Graph, call: Call) -> str:
    modes: dict[str, dict[str, Any]] = {
        "nearest": {
            "mode": "nearest",
            "coordinate_transformation_mode": "asymmetric",
            "nearest_mode": "floor",
        },
        "bilinear": {"mode": "linear", "coordinate_transformation_mode": "half_pixel"},
    }
    if call.layer.interpolation not in modes:
        raise unsupported_layer(call.layer, f"interpolates '{call.layer.interpolation}'")
    scales = graph.constant(f"{call.name}:scales", (1, 1, *call.layer.size), np.float32)
    inputs = [call.inputs[0], "", scales]
    return graph.node("Resize", inputs, call.name, **modes[call.layer.interpolation])


def _merge(kind: str) -> Callable[[Graph, Call], str]:
    def write(graph: Graph, call: Call) -> str:
        if len({len(shape) for shape in call.shapes}) > 1:
            raise unsupported_layer(call.layer, f"merges tensors of different rank, {call.shapes}")
        tensor, *further_inputs = call.inputs
        for other in further_inputs:
            tensor = graph.node(kind, [tensor, other], call.name)
        return tensor

    return write


def _concatenate(graph: Graph, call: Call) -> str:
    rank = len(call.shapes[0])
    axis = call.layer.axis % rank
    return graph.node("Concat", call.inputs, call.name, axis=_AXES[axis] if rank == 4 else axis)


def _rescale(graph: Graph, call: Call) -> str:
    """Write the factor and the offset, each one number or one number per channel."""
    tensor = call.inputs[0]
    tail = (1,) * (len(call.shapes[0]) - 2)
    for kind, parameter in (("Mul", call.layer.scale), ("Add", call.layer.offset)):
        values = np.asarray(parameter, np.float32)
        if values.ndim > 1:
            raise unsupported_layer(
                call.layer, "has factors that are neither one number nor one number per channel"
            )
        if kind == "Add" and not values.any():
            continue
        values = values.reshape(1, -1, *tail)
        number = graph.constant(f"{call.name}:{kind.lower()}", values, np.float32)
        tensor = graph.node(kind, [tensor, number], call.name)
    return tensor


def _pad(graph: Graph, call: Call) -> str:
    (top, bottom), (left, right) = call.layer.padding
    pads = graph.constant(f"{call.name}:pads", (0, 0, top, left, 0, 0, bottom, right), np.int64)
    return graph.node("Pad", [call.inputs[0], pads], call.name)


def _attend(graph: Graph, call: Call) -> str:
    """Per head, softmax(q kᵀ / sqrt(size)) v, of feature maps whose sides may be open."""
    heads, size = call.layer.heads, (call.shapes[0][-1] or 0) // call.layer.heads
    split = graph.constant(f"{call.name}:split", (0, heads, size, -1), np.int64)
    q, k, v = (graph.node("Reshape", [x, split], call.name) for x in call.inputs)
    scale = graph.constant(f"{call.name}:scale", size**-0.5, np.float32)
    q = graph.node("Mul", [q, scale], call.name)
    q = graph.node("Transpose", [q], call.name, perm=[0, 1, 3, 2])
    weights = graph.node("Softmax", [graph.node("MatMul", [q, k], call.name)], call.name, axis=-1)
    weights = graph.node("Transpose", [weights], call.name, perm=[0, 1, 3, 2])
    attended = graph.node("MatMul", [v, weights], call.name)
    shape = graph.node("Shape", [call.inputs[0]], call.name)
    return graph.node("Reshape", [attended, shape], call.name)


def _pass_through(graph: Graph, call: Call) -> str:
    return call.inputs[0]


_WRITERS: dict[type[Any], Callable[[Graph, Call], str]] = {
    layers.Conv2D: _convolution,
    layers.DepthwiseConv2D: _convolution,
    layers.Conv2DTranspose: _transpose,
    layers.Dense: _dense,
    layers.BatchNormalization: _normalization,
    layers.Activation: lambda graph, call: _activate(graph, call, call.inputs[0]),
    layers.ReLU: _relu,
    layers.MaxPooling2D: _pool("MaxPool"),
    layers.AveragePooling2D: _pool("AveragePool"),
    layers.GlobalAveragePooling2D: _global_average,
    layers.UpSampling2D: _up_sample,
    layers.Add: _merge("Add"),
    layers.Multiply: _merge("Mul"),
    layers.Concatenate: _concatenate,
    layers.Rescaling: _rescale,
    layers.ZeroPadding2D: _pad,
    layers.Dropout: _pass_through,
    layers.SpatialDropout2D: _pass_through,
    SpatialAttention: _attend,
}
