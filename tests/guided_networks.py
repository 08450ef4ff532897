"""Tiny networks for the plugin ``zhang2017``, with inputs for hints and without."""

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
