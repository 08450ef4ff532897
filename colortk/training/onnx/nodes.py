"""An ONNX graph while it is being written: nodes, weights, and names that are unique."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx

from colortk.types import Float32

#: What ONNX Runtime 1.18, the oldest that is supported, understands.
OPSET, IR_VERSION = 17, 8

#: Sides of a tensor, channels last; ``None`` where the size is open.
Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Call:
    """One use of a layer: tensors by name, their shapes channels last (in ONNX they are first)."""

    layer: Any
    name: str
    inputs: list[str]
    shapes: list[Shape]


@dataclass
class Graph:
    """Nodes and weights so far. ``half``: kernels are kept in 16 bits."""

    half: bool
    nodes: list[Any] = field(default_factory=list)
    weights: dict[str, Any] = field(default_factory=dict)
    _names: dict[str, int] = field(default_factory=dict)
    _casts: dict[str, str] = field(default_factory=dict)

    def node(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        """Add a node of the layer ``name``; returns the name of its output."""
        output = self._unique(f"{name}:{kind}")
        self.nodes.append(onnx.helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def weight(self, name: str, value: Float32) -> str:
        """Add a weight, once; returns the name of the float32 tensor.

        Kernels alone are kept in 16 bits: vectors are hardly any bytes, and a variance may be
        greater than 65,504.
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
        """Add numbers that belong to no layer's weights."""
        name = self._unique(name)
        self.weights[name] = onnx.numpy_helper.from_array(np.asarray(values, dtype), name)
        return name

    def _unique(self, name: str) -> str:
        """``name``, or with a number behind if a layer is used again."""
        count = self._names[name] = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}:{count}"
