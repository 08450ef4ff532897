"""Put the expected color into the ONNX file, so that 261 logits do not leave it every time."""

from __future__ import annotations

from typing import Any

import numpy as np

from .bins import CENTERS, LARGEST_LOGIT, WIDTH
from .codec import CHANNELS, DISTRIBUTION


def with_expected_color(content: bytes) -> bytes:
    """Return an ONNX file of this network that ends in expected colors.

    The sums over all cells are one convolution. On one thread that takes as long as
    :func:`.bins.annealed_mean`. From a GPU, fewer values are copied.

    Parameters
    ----------
    content : bytes
        The file of a network with logits of all cells, with or without a residual.

    Returns
    -------
    bytes
        The file; unchanged if the network has no logits. Its output has `CHANNELS` channels, and
        the former output is the tensor `DISTRIBUTION`.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load_from_string(content)
    graph, (output,) = model.graph, model.graph.output
    channels = output.type.tensor_type.shape.dim[1].dim_value
    cells = len(CENTERS)
    if channels < cells:
        return content
    for node in graph.node:
        node.output[:] = [DISTRIBUTION if name == output.name else name for name in node.output]
        node.input[:] = [DISTRIBUTION if name == output.name else name for name in node.input]
    colors = np.zeros((4, channels, 1, 1), np.float32)
    colors[:2, :cells, 0, 0] = CENTERS.T / WIDTH
    colors[2, :cells] = 1
    colors[3, :cells, 0, 0] = np.hypot(*CENTERS.T) / WIDTH
    constants: dict[str, Any] = {
        "tail/lowest": np.float32(-LARGEST_LOGIT),
        "tail/largest": np.float32(LARGEST_LOGIT),
        "tail/colors": colors,
        "tail/parts": np.array([2, 1, 1], np.int64),
        "tail/first": np.array([cells], np.int64),
        "tail/end": np.array([channels], np.int64),
        "tail/axis": np.array([1], np.int64),
        "tail/none": np.zeros((1, 2, 1, 1), np.float32),
    }
    nodes = [
        ("Clip", [DISTRIBUTION, "tail/lowest", "tail/largest"], ["tail/logits"]),
        ("Exp", ["tail/logits"], ["tail/weights"]),
        ("Conv", ["tail/weights", "tail/colors"], ["tail/sums"]),
        ("Split", ["tail/sums", "tail/parts"], ["tail/color", "tail/total", "tail/chroma"]),
        ("Div", ["tail/color", "tail/total"], ["tail/mean"]),
        ("Div", ["tail/chroma", "tail/total"], ["tail/mean_chroma"]),
    ]
    if channels > cells:
        slicing = [DISTRIBUTION, "tail/first", "tail/end", "tail/axis"]
        nodes.append(("Slice", slicing, ["tail/residual"]))
    else:
        nodes.append(("Mul", ["tail/mean", "tail/none"], ["tail/residual"]))
    result = ["tail/mean", "tail/residual", "tail/mean_chroma"]
    nodes.append(("Concat", result, [output.name]))
    axis: dict[str, dict[str, Any]] = {"Split": {"axis": 1}, "Concat": {"axis": 1}}
    graph.node.extend(helper.make_node(kind, x, y, **axis.get(kind, {})) for kind, x, y in nodes)
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), name)
        for name, value in constants.items()
        if any(name in inputs for _, inputs, _ in nodes)
    )
    shape: list[Any] = ["N", CHANNELS, "h", "w"]
    output.CopyFrom(helper.make_tensor_value_info(output.name, TensorProto.FLOAT, shape))
    onnx.checker.check_model(model)
    result_content: bytes = model.SerializeToString(deterministic=True)
    return result_content
