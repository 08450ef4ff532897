"""Build a graph of ONNX operators, with loops over bands of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from colortk.runtime.onnx_graph import OnnxGraph
from colortk.runtime.picture_graph.values import Number, Value


class GraphBuilder(OnnxGraph):
    """A graph whose operators are written as expressions.

    Parameters
    ----------
    name : str
        Name of the graph.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name, {})
        self._numbers: dict[tuple[Any, ...], Value] = {}
        self._count = 0

    def values(
        self,
        kind: str,
        inputs: Sequence[Value],
        count: int,
        dtype: type[Any] | None = None,
        **attributes: Any,
    ) -> list[Value]:
        """Add an ONNX operator with ``count`` outputs and return them.

        Parameters
        ----------
        kind : str
            Name of the operator, as "Split".
        inputs : sequence of Value
            Its inputs.
        count : int
            Number of its outputs.
        dtype : type, optional
            Type of the outputs; by default that of the first input.
        **attributes
            Attributes of the operator.
        """
        from onnx import helper

        self._count += 1
        name = f"{kind}_{self._count}"
        outputs = [name, *(f"{name}_{number}" for number in range(1, count))]
        names = [value.name for value in inputs]
        self._nodes.append(helper.make_node(kind, names, outputs, name, **attributes))
        return [Value(self, output, dtype or inputs[0].dtype) for output in outputs]

    def value(
        self, kind: str, inputs: Sequence[Value], dtype: type[Any] | None = None, **attributes: Any
    ) -> Value:
        """Add an ONNX operator with one output and return it; see :meth:`values`."""
        return self.values(kind, inputs, 1, dtype, **attributes)[0]

    def array(self, values: Any, dtype: type[Any] = np.float32) -> Value:
        """Add a constant array."""
        return Value(self, self.constant(values, dtype), dtype)

    def number(self, number: Number, dtype: type[Any] = np.float32) -> Value:
        """Add a constant without axes."""
        key = (number, dtype)
        if key not in self._numbers:
            self._numbers[key] = self.array(number, dtype)
        return self._numbers[key]

    def where(self, condition: Value, first: Value | Number, second: Value) -> Value:
        """Return elements of ``first`` where the condition is true, and else of ``second``."""
        if not isinstance(first, Value):
            first = self.number(first, second.dtype)
        return self.value("Where", [condition, first, second], second.dtype)

    def steps(self, count: Value) -> Value:
        """Return 0, 1, ... up to ``count`` - 1, int64."""
        zero, one = (self.number(number, np.int64) for number in (0, 1))
        return self.value("Range", [zero, count, one])

    def join(self, values: Sequence[Value], axis: int) -> Value:
        """Return values one after the other along an axis."""
        return self.value("Concat", values, axis=axis)

    def shape(self, *lengths: Value | int) -> Value:
        """Return lengths as one int64 vector."""
        if all(isinstance(length, int) for length in lengths):
            key = ("shape", *lengths)
            if key not in self._numbers:
                self._numbers[key] = self.array(lengths, np.int64)
            return self._numbers[key]
        axis = self.shape(0)
        parts = [
            self.value("Unsqueeze", [length, axis])
            if isinstance(length, Value)
            else self.shape(length)
            for length in lengths
        ]
        return parts[0] if len(parts) == 1 else self.join(parts, 0)

    def bands(self, count: Value, body: Callable[[Value], Value]) -> Value:
        """Compute a result band by band, so that only one band is in memory as floats.

        Parameters
        ----------
        count : Value
            Number of bands, int64.
        body : callable
            Called with the number of a band. It returns the band; all have the same shape.

        Returns
        -------
        Value
            The bands, with an axis in front.
        """
        from onnx import TensorProto, helper

        outer, self._nodes = self._nodes, []
        self._count += 1
        name = f"bands_{self._count}"
        more = f"{name}_more"
        band = body(Value(self, f"{name}_number", np.int64))
        self._nodes.append(helper.make_node("Identity", [more], [f"{more}_out"], f"{more}_out"))
        boolean = helper.make_tensor_value_info(more, TensorProto.BOOL, [])
        again = helper.make_tensor_value_info(f"{more}_out", TensorProto.BOOL, [])
        number = helper.make_tensor_value_info(f"{name}_number", TensorProto.INT64, [])
        result = helper.make_tensor_value_info(
            band.name, helper.np_dtype_to_tensor_dtype(np.dtype(band.dtype)), None
        )
        graph = helper.make_graph(self._nodes, name, [number, boolean], [again, result])
        self._nodes = outer
        nothing = Value(self, "", np.bool_)
        return self.value("Loop", [count, nothing], band.dtype, body=graph)
