"""The network as ONNX, with the weights of the published PyTorch checkpoint."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from colortk.plugin import Array, OnnxGraph

#: Names of the inputs: L*, and a* and b* of hints with 1 where there is one.
LIGHTNESS, HINT_AB, HINT_MASK = "lightness", "hint_ab", "hint_mask"
#: Lightness enters as (L* - 50) / 100, and chroma divided by 110.
CENTER, SCALE, CHROMA_SCALE = 50.0, 100.0, 110.0
#: Layer, number of convolutions and dilation. Their inputs have 1, 1/2, 1/4 and 1/8 of the size.
ENCODER = (
    ("model1", 2, 1), ("model2", 2, 1), ("model3", 3, 1), ("model4", 3, 1),
    ("model5", 3, 2), ("model6", 3, 2), ("model7", 3, 1),
)  # fmt: skip
#: Layer that enlarges, layer whose output is added, its own layer, the next layer, convolutions.
DECODER = (
    ("model8up", "model3", "model3short8", "model8", 2),
    ("model9up", "model2", "model2short9", "model9", 1),
    ("model10up", "model1", "model1short10", "model10", 1),
)


def to_onnx(weights: Mapping[str, Array]) -> bytes:
    """Return the network as an ONNX file.

    Its inputs are :data:`LIGHTNESS`, (N, 1, H, W), :data:`HINT_AB`, (N, 2, H, W), and
    :data:`HINT_MASK`, (N, 1, H, W); its output is a*b*, (N, 2, H, W). Sides are multiples of 8.

    Parameters
    ----------
    weights : mapping of str to array
        The tensors of the checkpoint by name.

    Raises
    ------
    ArtifactError
        If a tensor is missing.
    """
    graph = OnnxGraph("zhang2017", weights)
    light = graph.node("Sub", [graph.input(LIGHTNESS, 1), graph.constant(CENTER)])
    light = graph.node("Div", [light, graph.constant(SCALE)])
    ab = graph.node("Div", [graph.input(HINT_AB, 2), graph.constant(CHROMA_SCALE)])
    x = graph.node("Concat", [light, ab, graph.input(HINT_MASK, 1)], axis=1)
    outputs = {}
    for block, count, dilation in ENCODER:
        if block in ("model2", "model3", "model4"):
            x = _halve(graph, x)
        for index in range(count):  # convolutions and ReLUs alternate in the list of layers
            x = graph.node("Relu", [graph.conv(x, f"{block}.{2 * index}", dilation=dilation)])
        x = outputs[block] = graph.batch_norm(x, f"{block}.{2 * count}")
    for enlarging, added, shortcut, block, count in DECODER:
        x = graph.conv_transpose(x, f"{enlarging}.0")
        x = graph.node("Add", [x, graph.conv(outputs[added], f"{shortcut}.0")])
        x = graph.node("Relu", [x])
        last = block == "model10"
        for index in range(count):
            x = graph.conv(x, f"{block}.{2 * index + 1}")
            x = graph.node("LeakyRelu", [x], alpha=0.2) if last else graph.node("Relu", [x])
        x = x if last else graph.batch_norm(x, f"{block}.{2 * count + 1}")
    x = graph.node("Tanh", [graph.conv(x, "model_out.0")])
    return graph.content(graph.node("Mul", [x, graph.constant(CHROMA_SCALE)]), 2)


def _halve(graph: OnnxGraph, x: str) -> str:
    """Add a layer that takes every second row and column."""
    whole = (1 << 62, 1 << 62)
    numbers = [graph.constant(n, np.int64) for n in ((0, 0), whole, (2, 3), (2, 2))]
    return graph.node("Slice", [x, *numbers])
