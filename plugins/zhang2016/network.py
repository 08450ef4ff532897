"""The network as ONNX, with the weights of the published PyTorch checkpoint."""

from __future__ import annotations

from collections.abc import Mapping

from colortk.plugin import Array, OnnxGraph

#: Lightness enters as (L* - 50) / 100, and chroma leaves multiplied by 110.
CENTER, SCALE, CHROMA_SCALE = 50.0, 100.0, 110.0
#: Layer, number of convolutions, stride of the last one, and dilation.
BLOCKS = (
    ("model1", 2, 2, 1),
    ("model2", 2, 2, 1),
    ("model3", 3, 2, 1),
    ("model4", 3, 1, 1),
    ("model5", 3, 1, 2),
    ("model6", 3, 1, 2),
    ("model7", 3, 1, 1),
)


def to_onnx(weights: Mapping[str, Array]) -> bytes:
    """Return the network as an ONNX file: L*, (N, 1, H, W), to a*b*, (N, 2, H, W).

    Parameters
    ----------
    weights : mapping of str to array
        The tensors of the checkpoint by name.

    Raises
    ------
    ArtifactError
        If a tensor is missing.
    """
    graph = OnnxGraph("zhang2016", weights)
    x = graph.node("Sub", [graph.input("input", 1), graph.constant(CENTER)])
    x = graph.node("Div", [x, graph.constant(SCALE)])
    for block, count, stride, dilation in BLOCKS:
        for index in range(count):  # convolutions and ReLUs alternate in the list of layers
            last = index == count - 1
            x = graph.conv(x, f"{block}.{2 * index}", stride if last else 1, dilation)
            x = graph.node("Relu", [x])
        x = graph.batch_norm(x, f"{block}.{2 * count}")
    x = graph.node("Relu", [graph.conv_transpose(x, "model8.0")])
    for layer in ("model8.2", "model8.4"):
        x = graph.node("Relu", [graph.conv(x, layer)])
    x = graph.node("Softmax", [graph.conv(x, "model8.6")], axis=1)
    x = graph.conv(x, "model_out", bias=False)
    x = graph.node(
        "Resize", [x, "", graph.constant([1, 1, 4, 4])],
        mode="linear", coordinate_transformation_mode="half_pixel",
    )  # fmt: skip
    return graph.content(graph.node("Mul", [x, graph.constant(CHROMA_SCALE)]), 2)
