"""Store the kernels of a network with 8 bits and compute with 32: half the size of 16 bits.

Activations keep 32 bits, so that nothing has to be measured on pictures, and the result differs
less than with :mod:`colortk.training.onnx.eight_bits`. It is not faster: ONNX Runtime converts the
kernels to 32 bits when it loads the file.

References
----------
Krishnamoorthi (2018), "Quantizing deep convolutional networks for efficient inference", section 3:
symmetric kernels with a scale for each filter.
"""

from __future__ import annotations

import numpy as np
import onnx

from colortk.types import Float32

#: Operators whose kernels are stored with 8 bits, and the axis of their filters.
FILTER_AXIS = {"Conv": 0, "ConvTranspose": 1}
#: Kernels with fewer numbers keep 32 bits: they take few bytes.
FEWEST_NUMBERS = 4096
#: Ends of the names of the 8-bit numbers and of their scales.
QUANTIZED, SCALE = "_quantized", "_scale"


def with_8_bit_kernels(content: bytes) -> bytes:
    """Return a network whose large kernels are stored with 8 bits.

    Parameters
    ----------
    content : bytes
        ONNX file from :func:`colortk.training.onnx.graph.to_onnx` with 32-bit weights.

    Returns
    -------
    bytes
        ONNX file. :func:`colortk.runtime.keras_weights.weights_in` finds the kernels under their
        names.
    """
    model = onnx.load_model_from_string(content)
    graph = model.graph
    axes = {
        node.input[1]: FILTER_AXIS[node.op_type]
        for node in graph.node
        if node.op_type in FILTER_AXIS and _groups(node) == 1
    }
    kept, nodes = [], []
    for item in graph.initializer:
        kernel = onnx.numpy_helper.to_array(item)
        if item.name not in axes or kernel.size < FEWEST_NUMBERS:
            kept.append(item)
            continue
        quantized, scale = quantize_kernel(kernel, axes[item.name])
        names = item.name + QUANTIZED, item.name + SCALE
        kept += map(onnx.numpy_helper.from_array, (quantized, scale), names)
        whole = f"{item.name}:whole"
        nodes.append(
            onnx.helper.make_node("Cast", [names[0]], [whole], whole, to=onnx.TensorProto.FLOAT)
        )
        nodes.append(onnx.helper.make_node("Mul", [whole, names[1]], [item.name], item.name))
    nodes += graph.node
    for field, items in ((graph.initializer, kept), (graph.node, nodes)):
        del field[:]
        field.extend(items)
    onnx.checker.check_model(model, full_check=True)
    result: bytes = model.SerializeToString(deterministic=True)
    return result


def quantize_kernel(kernel: Float32, axis: int) -> tuple[np.ndarray, Float32]:
    """Return 8-bit numbers, and the scale of each filter that they are multiplied by.

    Parameters
    ----------
    kernel : ndarray
        float32.
    axis : int
        The axis of the filters.

    Returns
    -------
    quantized : ndarray
        int8, -127 to 127, of the same shape.
    scale : ndarray
        float32, 1 long on all axes but ``axis``; positive.
    """
    others = tuple(number for number in range(kernel.ndim) if number != axis)
    largest = np.abs(kernel).max(others, keepdims=True)
    scale = np.where(largest > 0, largest, 1).astype(np.float32) / np.float32(127)
    return np.rint(kernel / scale).astype(np.int8), scale


def _groups(node: onnx.NodeProto) -> int:
    return next((item.i for item in node.attribute if item.name == "group"), 1)
