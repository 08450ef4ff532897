"""Collect the nodes and weights of an ONNX graph, with unique names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx

from colortk.types import Float32

#: Newest versions that ONNX Runtime 1.18 can read. 1.18 is the oldest supported version.
OPSET, IR_VERSION = 17, 8

#: Shape of a tensor, channels last; ``None`` where a size is open.
Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Call:
    """One call of a layer.

    Parameters
    ----------
    layer : keras.Layer
        The layer.
    name : str
        Its unique name in the graph.
    inputs : list of str
        Names of the input tensors.
    shapes : list of tuple
        Their shapes, channels last (ONNX has channels first).
    """

    layer: Any
    name: str
    inputs: list[str]
    shapes: list[Shape]


@dataclass
class Graph:
    """Nodes and weights so far.

    Parameters
    ----------
    half : bool
        Whether kernels are stored with 16 bits.
    """

    half: bool
    nodes: list[Any] = field(default_factory=list)
    weights: dict[str, Any] = field(default_factory=dict)
    _names: dict[str, int] = field(default_factory=dict)
    _casts: dict[str, str] = field(default_factory=dict)

    def node(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        """Add a node and return the name of its output.

        Parameters
        ----------
        kind : str
            ONNX operator.
        inputs : list of str
            Names of the input tensors.
        name : str
            Name of the layer.
        **attributes
            Attributes of the operator.
        """
        output = self._unique(f"{name}:{kind}")
        self.nodes.append(onnx.helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def weight(self, name: str, value: Float32) -> str:
        """Add a weight, once, and return the name of the float32 tensor.

        Only kernels are stored with 16 bits: vectors take few bytes, and a variance can exceed
        65,504.

        Parameters
        ----------
        name : str
            Name of the weight.
        value : ndarray
            float32.
        """
        if name in self.weights:
            return self._casts.get(name, name)
        with np.errstate(over="ignore"):
            short = value.astype(np.float16)
        if self.half and value.ndim > 1 and np.isfinite(short).all():
            self.weights[name] = onnx.numpy_helper.from_array(short, name)
            self._casts[name] = self.node("Cast", [name], name, to=onnx.TensorProto.FLOAT)
            return self._casts[name]
        self.weights[name] = onnx.numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def constant(self, name: str, values: Any, dtype: type[Any]) -> str:
        """Add a constant that is no weight of a layer, and return its name.

        Parameters
        ----------
        name : str
            Made unique.
        values : array_like
            Numbers.
        dtype : type
            NumPy type.
        """
        name = self._unique(name)
        self.weights[name] = onnx.numpy_helper.from_array(np.asarray(values, dtype), name)
        return name

    def _unique(self, name: str) -> str:
        """Return ``name``, with a number appended if it is taken."""
        count = self._names[name] = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}:{count}"
