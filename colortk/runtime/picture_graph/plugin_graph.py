"""The graph that a plugin adds its prediction to."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from colortk.errors import ArtifactError
from colortk.runtime.onnx_graph import OPSET
from colortk.runtime.picture_graph.builder import GraphBuilder
from colortk.runtime.picture_graph.sizes import add_resized
from colortk.runtime.picture_graph.upsample import (
    add_chroma_along_edges,
    add_smoothed_along_edges,
)
from colortk.runtime.picture_graph.values import Value


class PictureGraph(GraphBuilder):
    """The graph that ``colortk export`` writes.

    A colorizer gets it in its method ``add_to_graph(graph, lightness)``. ``lightness`` is CIE L*,
    float32 of shape (1, 1, h, w); the method adds operators and returns a* and b*, float32 of
    shape (1, 2, h, w).

    Parameters
    ----------
    short : int
        Pixels of the short side at which the colorizer sees pictures.

    Attributes
    ----------
    short : int
        The parameter.
    """

    def __init__(self, short: int) -> None:
        super().__init__("colortk")
        self.short = short
        self._networks: dict[str, Any] = {}

    def resize(self, x: Value, rows: Value, columns: Value) -> Value:
        """Scale planes as :func:`colortk.plugin.resize` does.

        Parameters
        ----------
        x : Value
            float32 (1, C, H, W).
        rows, columns : Value
            Size of the result, int64.
        """
        return add_resized(self, x, rows, columns)

    def chroma_along_edges(self, lightness: Value, ab: Value, short: int) -> Value:
        """Enlarge chroma along the edges of a lightness, as ``chroma_field`` does.

        Parameters
        ----------
        lightness : Value
            CIE L*, float32 (1, 1, H, W).
        ab : Value
            a* and b*, float32 (1, 2, h, w), smaller than ``lightness``.
        short : int
            Pixels of the short side of ``ab``.

        Returns
        -------
        Value
            a* and b*, float32 (1, 2, H, W).
        """
        return add_chroma_along_edges(self, lightness, ab, short)

    def resized(self, plane: Value, other: Value) -> Value:
        """Scale a plane, float32 (1, 1, H, W), to the height and width of ``other``."""
        return add_resized(self, plane, other.size(2), other.size(3))

    def smoothed_along_edges(self, lightness: Value, plane: Value, short: int) -> Value:
        """Smooth a plane along the edges of a lightness; both float32 (1, 1, h, w).

        Parameters
        ----------
        lightness : Value
            CIE L*.
        plane : Value
            Any values.
        short : int
            Pixels of the short side of both.
        """
        return add_smoothed_along_edges(self, lightness, plane, short)

    def network(self, content: bytes, x: Value, output: str = "") -> Value:
        """Add the network of an ONNX file and return its output.

        Parameters
        ----------
        content : bytes
            The file. The network has one input and one output, float32 with channels first.
        x : Value
            Its input.
        output : str, optional
            Name of a tensor inside the network that is returned instead of its output.

        Raises
        ------
        ArtifactError
            If the network cannot become a part of another file.
        """
        from onnx import numpy_helper

        digest = hashlib.sha256(content).hexdigest()[:8]
        if digest not in self._networks:
            self._networks[digest] = _loaded(content)
            for tensor in self._networks[digest].graph.initializer:
                # By way of NumPy, since a file may keep its numbers in several fields.
                name = f"network_{digest}/{tensor.name}"
                self._tensors[name] = numpy_helper.from_array(numpy_helper.to_array(tensor), name)
        graph = self._networks[digest].graph
        self._count += 1
        # Two calls of one network share its weights, and each has nodes of its own.
        call = f"network_{digest}_{self._count}"
        names = {tensor.name: f"network_{digest}/{tensor.name}" for tensor in graph.initializer}
        names |= {graph.input[0].name: x.name, "": ""}
        for number, node in enumerate(graph.node):
            copy = type(node)()
            copy.CopyFrom(node)
            copy.name = f"{call}/{number} {node.name}".rstrip()
            names |= {name: f"{call}/{name}" for name in node.output if name}
            copy.input[:] = [names[name] for name in node.input]
            copy.output[:] = [names[name] for name in node.output]
            self._nodes.append(copy)
        output = output or graph.output[0].name
        if output not in names:
            raise ArtifactError(f"the network has no tensor '{output}'")
        channels = _channels(self._networks[digest], output)
        return Value(self, names[output], np.float32, channels)


def _loaded(content: bytes) -> Any:
    """Return the model in an ONNX file, with the operators of :data:`OPSET`."""
    import onnx
    from onnx import AttributeProto, version_converter

    problem = "the network cannot become a part of another ONNX file"
    model = onnx.load_from_string(content)
    foreign = sorted({opset.domain for opset in model.opset_import} - {"", "ai.onnx"})
    if foreign:
        raise ArtifactError(problem, f"it has operators of '{foreign[0]}'")
    if len(model.graph.input) != 1 or len(model.graph.output) != 1:
        raise ArtifactError(problem, "it has several inputs or outputs")
    if any(
        attribute.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS)
        for node in model.graph.node
        for attribute in node.attribute
    ):
        raise ArtifactError(problem, "it has loops or branches")
    if model.functions:
        raise ArtifactError(problem, "it has functions of its own")
    if model.opset_import[0].version != OPSET:
        try:
            model = version_converter.convert_version(model, OPSET)
        except Exception as error:  # the converter has no exception of its own
            reason = f"its operators cannot be converted to version {OPSET}"
            raise ArtifactError(problem, reason) from error
    return model


def _channels(model: Any, name: str) -> int:
    """Return the number of channels of a tensor of a network; 0 if it is not known."""
    from onnx import shape_inference

    tensors = {tensor.name: tensor for tensor in model.graph.output}
    if name not in tensors:
        inferred = shape_inference.infer_shapes(model).graph.value_info
        tensors |= {tensor.name: tensor for tensor in inferred}
    shape = tensors[name].type.tensor_type.shape.dim if name in tensors else []
    return int(shape[1].dim_value) if len(shape) > 1 else 0
