"""Write a network as ONNX, layer by layer, from the weights of a published checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from colortk.errors import ArtifactError
from colortk.types import Array

#: The same versions as those of `colortk fit`: the newest that ONNX Runtime 1.18 can read.
OPSET, IR_VERSION = 17, 8


class OnnxGraph:
    """The nodes and the weights of a network; needs the package ``onnx``.

    Parameters
    ----------
    name : str
        Name of the network.
    weights : mapping of str to array
        The tensors of the checkpoint by name. Layers take theirs by the name of the layer.

    Examples
    --------
    >>> import numpy as np
    >>> weights = {"c.weight": np.ones((2, 1, 1, 1), "f4"), "c.bias": np.zeros(2, "f4")}
    >>> graph = OnnxGraph("example", weights)
    >>> content = graph.content(graph.conv(graph.input("input", 1), "c"), 2)
    >>> from colortk.plugin import OnnxNetwork
    >>> OnnxNetwork(content).predict(np.full((1, 3, 3, 1), 5, "f4"))[0, 0, 0]
    array([5., 5.], dtype=float32)
    """

    def __init__(self, name: str, weights: Mapping[str, Array]) -> None:
        self.name, self._weights = name, weights
        self._nodes: list[Any] = []
        self._tensors: dict[str, Any] = {}
        self._inputs: list[Any] = []

    def input(self, name: str, channels: int) -> str:
        """Add an input, float32 (N, ``channels``, H, W), and return its name."""
        self._inputs.append(_tensor(name, channels))
        return name

    def node(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add an ONNX operator and return the name of its output."""
        from onnx import helper

        output = f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [output], output, **attributes))
        return output

    def constant(self, values: Any, dtype: type[Any] = np.float32) -> str:
        """Add a constant and return its name."""
        name = f"constant_{len(self._tensors)}"
        return self._add(name, np.asarray(values, dtype))

    def weight(self, name: str) -> str:
        """Add a tensor of the checkpoint as float32 and return its name.

        Raises
        ------
        ArtifactError
            If the checkpoint has no such tensor.
        """
        if name not in self._weights:
            raise ArtifactError(
                f"the checkpoint is not one of the network '{self.name}'",
                f"it has no tensor '{name}'",
            )
        return self._add(name, np.ascontiguousarray(self._weights[name], np.float32))

    def conv(
        self, x: str, layer: str, stride: int = 1, dilation: int = 1, bias: bool = True
    ) -> str:
        """Add a convolution whose output has the size of its input divided by ``stride``."""
        kernel = self._kernel(layer)
        inputs = [x, self.weight(f"{layer}.weight")]
        pad = dilation * (kernel - 1) // 2
        return self.node(
            "Conv", [*inputs, self.weight(f"{layer}.bias")] if bias else inputs,
            strides=[stride] * 2, dilations=[dilation] * 2, pads=[pad] * 4,
        )  # fmt: skip

    def conv_transpose(self, x: str, layer: str, stride: int = 2) -> str:
        """Add a transposed convolution whose output is ``stride`` times as large as its input."""
        pad = (self._kernel(layer) - stride) // 2
        inputs = [x, self.weight(f"{layer}.weight"), self.weight(f"{layer}.bias")]
        return self.node("ConvTranspose", inputs, strides=[stride] * 2, pads=[pad] * 4)

    def batch_norm(self, x: str, layer: str, epsilon: float = 1e-5) -> str:
        """Add a batch normalization with the stored mean and variance."""
        names = ("weight", "bias", "running_mean", "running_var")
        tensors = [self.weight(f"{layer}.{name}") for name in names]
        return self.node("BatchNormalization", [x, *tensors], epsilon=epsilon)

    @property
    def nodes(self) -> list[Any]:
        """The operators, as ``onnx.NodeProto``, in the order in which they were added."""
        return self._nodes

    @property
    def tensors(self) -> list[Any]:
        """The weights and the constants, as ``onnx.TensorProto``."""
        return list(self._tensors.values())

    def content(self, output: str, channels: int) -> bytes:
        """Return the ONNX file, with the result ``output`` under the name "output".

        Parameters
        ----------
        output : str
            Name of a tensor with ``channels`` channels.
        channels : int
            Its number of channels.
        """
        from onnx import helper

        self._nodes.append(helper.make_node("Identity", [output], ["output"], "output"))
        graph = helper.make_graph(
            self._nodes, self.name, self._inputs, [_tensor("output", channels, "_out")],
            list(self._tensors.values()),
        )  # fmt: skip
        model = helper.make_model(
            graph, producer_name="colortk", ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )  # fmt: skip
        content: bytes = model.SerializeToString(deterministic=True)
        return content

    def _kernel(self, layer: str) -> int:
        self.weight(f"{layer}.weight")  # raises if it is missing
        shape = self._weights[f"{layer}.weight"].shape
        if len(shape) != 4:
            raise ArtifactError(
                f"the checkpoint is not one of the network '{self.name}'",
                f"the tensor '{layer}.weight' has the shape {shape}",
            )
        return int(shape[-1])

    def _add(self, name: str, value: Array) -> str:
        from onnx import numpy_helper

        if name not in self._tensors:
            self._tensors[name] = numpy_helper.from_array(value, name)
        return name


def _tensor(name: str, channels: int, suffix: str = "") -> Any:
    from onnx import TensorProto, helper

    shape: list[str | int | None] = ["N", channels, f"H{suffix}", f"W{suffix}"]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
