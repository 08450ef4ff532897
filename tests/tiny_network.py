"""An ONNX network of one convolution: chroma is lightness times two constants."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
#: Factors: chroma a* and b* are lightness times ``A`` and ``B``.
A = 0.25
B = 0.5


def tiny(*weights: float) -> bytes:
    """Return a network of one 1 × 1 convolution, from one channel to one per weight."""
    helper = onnx.helper
    kernel = np.array(weights, np.float32).reshape(-1, 1, 1, 1)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["input", "kernel"], ["output"])],
        "tiny",
        [helper.make_tensor_value_info("input", 1, ["N", 1, "H", "W"])],
        [helper.make_tensor_value_info("output", 1, ["N", len(weights), "h", "w"])],
        [onnx.numpy_helper.from_array(kernel, "kernel")],
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    content: bytes = model.SerializeToString()
    return content
