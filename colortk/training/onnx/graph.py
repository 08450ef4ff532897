"""Write a Keras network as an ONNX model.

``keras.Model.export`` needs another converter for each backend (TensorFlow, JAX, PyTorch); here the
file is the same from all of them. Weights keep the name of their layer, "conv1/kernel", so that
:func:`colortk.runtime.keras_weights.restore` can read them back. And tf2onnx writes a negative
padding for a transposed convolution whose kernel is smaller than its stride, which ONNX Runtime
refuses to load.
"""

from __future__ import annotations

from typing import Any

import keras
import onnx

from colortk.errors import UsageError
from colortk.training.onnx.layers import unsupported_layer, write_layer
from colortk.training.onnx.nodes import IR_VERSION, OPSET, Call, Graph, Shape


def to_onnx(network: Any, half: bool = True) -> bytes:
    """Return ``network`` as an ONNX file with channels first.

    The tensors "input" and "output" are float32 (N, C, H, W). Sizes that are open in Keras stay
    open. The same network gives the same bytes.

    Parameters
    ----------
    network : keras.Model
        Functional or sequential, channels last, with one input and one output.
    half : bool
        Whether kernels are stored with 16 bits; they are converted to 32 bits when the file is
        loaded.

    Returns
    -------
    bytes
        The ONNX file.

    Raises
    ------
    UsageError
        A layer cannot be written; the message names it.
    """
    if not network.built or len(network.inputs) != 1 or len(network.outputs) != 1:
        raise UsageError(
            f"the network '{network.name}' cannot be written as ONNX",
            "it is not built with one input and one output",
        )
    graph = Graph(half)
    last = _LayerWriter(graph, "").write_network(network, "input")
    graph.nodes.append(onnx.helper.make_node("Identity", [last], ["output"], "output"))
    onnx_graph = onnx.helper.make_graph(
        graph.nodes,
        network.name,
        [_tensor("input", network.inputs[0].shape, "")],
        [_tensor("output", network.outputs[0].shape, "_out")],
        list(graph.weights.values()),
    )
    model = onnx.helper.make_model(
        onnx_graph,
        producer_name="colortk",
        ir_version=IR_VERSION,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
    )
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _tensor(name: str, shape: Shape, suffix: str) -> Any:
    """Describe the input or output of the graph; ``shape`` is channels last."""
    sides: list[int | str | None] = ["N", shape[-1]]
    if len(shape) == 4:
        sides += [
            f"{letter}{suffix}" if n is None else n
            for letter, n in zip("HW", shape[1:3], strict=True)
        ]
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, sides)


class _Placeholder(keras.layers.Layer):  # type: ignore[misc]
    """Stands for the layer ``original`` in a copy of the graph."""

    def __init__(self, original: Any) -> None:
        super().__init__()
        self.original = original

    def compute_output_spec(self, inputs: Any, training: Any = None) -> Any:
        return self.original.compute_output_spec(inputs)

    def call(self, inputs: Any, training: Any = None) -> Any:
        raise NotImplementedError


class _LayerWriter:
    """Writes the layers of one network in the order of their calls."""

    def __init__(self, graph: Graph, prefix: str) -> None:
        self.graph, self.prefix = graph, prefix
        #: ONNX name of each symbolic tensor by its id; ``tensors`` keeps the tensors alive.
        self.names: dict[int, str] = {}
        self.tensors: list[Any] = []

    def write_network(self, network: Any, source: str) -> str:
        """Write all of ``network`` behind the tensor ``source``; returns the last one's name."""
        # A new model without loss and optimizer, which cannot always be copied.
        plain = keras.Model(network.inputs[0], network.outputs[0])
        start = keras.Input(batch_shape=plain.input.shape, dtype=plain.input.dtype)
        self._name_tensor(start, source)
        copy = keras.models.clone_model(
            plain, input_tensors=start, clone_function=_Placeholder, call_function=self._call
        )
        return self.names[id(copy.outputs[0])]

    def _name_tensor(self, tensor: Any, name: str) -> None:
        self.names[id(tensor)] = name
        self.tensors.append(tensor)

    def _call(self, placeholder: Any, *arguments: Any, **options: Any) -> Any:
        layer = placeholder.original
        tensors = keras.tree.flatten(arguments)
        if len(arguments) != 1 or any(id(tensor) not in self.names for tensor in tensors):
            raise unsupported_layer(layer, "is not called with tensors alone")
        if options.get("training") or options.keys() - {"training", "mask"}:
            raise unsupported_layer(layer, f"is called with {', '.join(options)}")
        inputs = [self.names[id(tensor)] for tensor in tensors]
        name = self.prefix + str(layer.name)
        if isinstance(layer, keras.Model) and len(inputs) == 1:
            outputs = _LayerWriter(self.graph, f"{name}/").write_network(layer, inputs[0])
        else:
            shapes = [tuple(tensor.shape) for tensor in tensors]
            outputs = write_layer(self.graph, Call(layer, name, inputs, shapes))
        result = placeholder(*arguments)
        self._name_tensor(result, outputs)
        return result
