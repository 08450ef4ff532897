"""Tiny networks for ``zhang2017`` and ``effnet_bins``, with inputs for hints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

#: Chroma that both predict without hints.
PLAIN = (-4.0, -8.0)


def write_network(path: Path, takes_hints: bool) -> Path:
    """Write an ONNX file that predicts :data:`PLAIN`, or the mean color of hints everywhere."""
    import onnx
    from onnx import TensorProto, helper

    def of(name: str, channels: int) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, "h", "w"])

    def constant(name: str, values: Any) -> Any:
        values = np.asarray(values, np.float32)
        return helper.make_tensor(name, TensorProto.FLOAT, values.shape, values.ravel())

    plain = constant("plain", np.reshape(PLAIN, (1, 2, 1, 1)))
    nodes = [helper.make_node("Mul", ["lightness", "zero"], ["nothing"])]
    inputs, last = [of("lightness", 1)], "plain"
    if takes_hints:
        inputs += [of("hint_ab", 2), of("hint_mask", 1)]
        nodes += [
            helper.make_node("ReduceSum", ["hint_mask", "axes"], ["count"], keepdims=1),
            helper.make_node("ReduceSum", ["hint_ab", "axes"], ["sum"], keepdims=1),
            helper.make_node("Max", ["count", "one"], ["divisor"]),
            helper.make_node("Div", ["sum", "divisor"], ["mean"]),
            helper.make_node("Greater", ["count", "zero"], ["is_hinted"]),
            helper.make_node("Where", ["is_hinted", "mean", "plain"], ["color"]),
        ]
        last = "color"
    nodes.append(helper.make_node("Add", ["nothing", last], ["ab"]))
    constants = [plain, constant("zero", 0.0), constant("one", 1.0)]
    constants.append(helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3]))
    graph = helper.make_graph(nodes, "tiny", inputs, [of("ab", 2)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


def write_bins_network(path: Path) -> Path:
    """Write an ONNX file for ``effnet_bins`` that takes lightness and hints, with random weights.

    It has one convolution: all channels of hints count, so that a value other than 0 without hints
    changes the colors.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    from colortk_plugins.effnet_bins.bins import CENTERS
    from colortk_plugins.effnet_bins.codec import HINT_CHANNELS

    rng, channels = np.random.default_rng(0), len(CENTERS) + 2
    weights = rng.normal(0, 0.2, (channels, HINT_CHANNELS, 4, 4)).astype(np.float32)
    bias = (4 * np.exp(-np.sum((CENTERS - [20, 30]) ** 2, 1) / 800)).astype(np.float32)
    values = [
        numpy_helper.from_array(weights, "weights"),
        numpy_helper.from_array(np.append(bias, [0.5, -0.5]).astype(np.float32), "bias"),
    ]
    node = helper.make_node("Conv", ["x", "weights", "bias"], ["y"], strides=[4, 4])
    of = helper.make_tensor_value_info
    inputs = [of("x", TensorProto.FLOAT, ["n", HINT_CHANNELS, "h", "w"])]
    outputs = [of("y", TensorProto.FLOAT, ["n", channels, "h4", "w4"])]
    graph = helper.make_graph([node], "bins", inputs, outputs, values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path
