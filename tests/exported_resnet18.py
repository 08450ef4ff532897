"""A ResNet-18 as PyTorch's exporter writes it, made without PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest


def folded_resnet18(path: Path, seed: int = 0) -> None:
    """A ResNet-18 of random weights as PyTorch exports it: batch normalization in the convolutions.

    Its outputs are the features after conv1's ReLU and after each stage.
    """
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(seed)
    nodes, weights = [], []

    def node(kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def convolution(x: str, name: str, filters: int, channels: int, side: int, stride: int) -> str:
        kernel = rng.normal(0, (2 / channels / side**2) ** 0.5, (filters, channels, side, side))
        bias = rng.normal(0, 0.3, filters)
        for part, value in ((".weight", kernel), (".weight_bias", bias)):
            weights.append(numpy_helper.from_array(value.astype(np.float32), name + part))
        inputs = [x, f"{name}.weight", f"{name}.weight_bias"]
        return node("Conv", inputs, name, strides=[stride] * 2, pads=[side // 2] * 4)

    x = node("Relu", [convolution("input", "conv1", 64, 3, 7, 2)], "relu")
    found = [x]
    x = node("MaxPool", [x], "maxpool", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    channels = 64
    for stage, filters in enumerate((64, 128, 256, 512), start=1):
        for block in range(2):
            name, stride = f"layer{stage}.{block}", 2 if stage > 1 and not block else 1
            shortcut = x
            if stride == 2:
                shortcut = convolution(x, f"{name}.downsample.0", filters, channels, 1, 2)
            y = convolution(x, f"{name}.conv1", filters, channels, 3, stride)
            y = convolution(
                node("Relu", [y], f"{name}.relu1"), f"{name}.conv2", filters, filters, 3, 1
            )
            x = node("Relu", [node("Add", [y, shortcut], f"{name}.add")], f"{name}.relu2")
            channels = filters
        found.append(x)
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ["input", *found]
    ]
    graph = helper.make_graph(nodes, "resnet18", values[:1], values[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path, save_as_external_data=True, location=f"{path.name}.data")
