"""Write ONNX operators as expressions: ``(rows + 0.5) * scale``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Number = int | float


class Graph(Protocol):
    """What a value needs of the graph that it belongs to."""

    def values(
        self,
        kind: str,
        inputs: Sequence[Value],
        count: int,
        dtype: type[Any] | None = None,
        **attributes: Any,
    ) -> list[Value]:
        """Add an operator with several outputs."""
        ...

    def value(
        self, kind: str, inputs: Sequence[Value], dtype: type[Any] | None = None, **attributes: Any
    ) -> Value:
        """Add an operator with one output."""
        ...

    def number(self, number: Number, dtype: type[Any] = np.float32) -> Value:
        """Add a constant without axes."""
        ...

    def shape(self, *lengths: Value | int) -> Value:
        """Return lengths as one int64 vector."""
        ...


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of a graph.

    Arithmetic with another value of the same type or with a number adds an operator to the graph.

    Attributes
    ----------
    graph : Graph
        The graph.
    name : str
        Name of the tensor.
    dtype : type
        NumPy type of its elements.
    channels : int
        Number of channels of the output of a network; 0 if it is not known.
    """

    graph: Graph
    name: str
    dtype: type[Any] = np.float32
    channels: int = 0

    def __add__(self, other: Value | Number) -> Value:
        return self._with("Add", other)

    def __radd__(self, other: Number) -> Value:
        return self._with("Add", other)

    def __sub__(self, other: Value | Number) -> Value:
        return self._with("Sub", other)

    def __rsub__(self, other: Number) -> Value:
        return self._constant(other)._with("Sub", self)

    def __mul__(self, other: Value | Number) -> Value:
        return self._with("Mul", other)

    def __rmul__(self, other: Number) -> Value:
        return self._with("Mul", other)

    def __truediv__(self, other: Value | Number) -> Value:
        return self._with("Div", other)

    def __rtruediv__(self, other: Number) -> Value:
        return self._constant(other)._with("Div", self)

    def __floordiv__(self, other: Value | Number) -> Value:
        """Divide integers that are not negative."""
        return self._with("Div", other)

    def __lt__(self, other: Value | Number) -> Value:
        return self._with("Less", other, np.bool_)

    def __gt__(self, other: Value | Number) -> Value:
        return self._with("Greater", other, np.bool_)

    def __ge__(self, other: Value | Number) -> Value:
        return self._with("GreaterOrEqual", other, np.bool_)

    def __and__(self, other: Value) -> Value:
        return self._with("And", other)

    def minimum(self, other: Value | Number) -> Value:
        """Return the smaller of two values."""
        return self._with("Min", other)

    def maximum(self, other: Value | Number) -> Value:
        """Return the larger of two values."""
        return self._with("Max", other)

    def then(self, kind: str, dtype: type[Any] | None = None, **attributes: Any) -> Value:
        """Return the result of an operator with this value as its only input."""
        return self.graph.value(kind, [self], dtype, **attributes)

    def to(self, dtype: type[Any]) -> Value:
        """Convert the elements to another type."""
        from onnx import helper

        if dtype is self.dtype:
            return self
        return self.then("Cast", dtype, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def size(self, axis: int) -> Value:
        """Return the length of an axis, int64 without axes."""
        return self.then("Shape", np.int64).take(self.graph.number(axis, np.int64))

    def take(self, index: Value, axis: int = 0) -> Value:
        """Return elements by their index."""
        return self.graph.value("Gather", [self, index], axis=axis)

    def reshape(self, *shape: Value | int) -> Value:
        """Return the same elements in another shape; -1 is computed."""
        return self.graph.value("Reshape", [self, self.graph.shape(*shape)])

    def expand(self, *shape: Value | int) -> Value:
        """Repeat axes of length 1."""
        return self.graph.value("Expand", [self, self.graph.shape(*shape)])

    def transpose(self, *axes: int) -> Value:
        """Return the axes in another order."""
        return self.then("Transpose", perm=list(axes))

    def part(self, axis: int, start: Value | int, end: Value | int, step: int = 1) -> Value:
        """Return the elements from ``start`` to ``end`` of an axis."""
        graph = self.graph
        limits = [graph.shape(start), graph.shape(end), graph.shape(axis), graph.shape(step)]
        return graph.value("Slice", [self, *limits])

    def mirrored(self) -> Value:
        """Return the elements of the last axis in reverse order."""
        return self.part(-1, -1, -(1 << 62), -1)

    def split(self, axis: int, lengths: Sequence[int]) -> list[Value]:
        """Return parts of these lengths along an axis."""
        return self.graph.values(
            "Split", [self, self.graph.shape(*lengths)], len(lengths), axis=axis
        )

    def matmul(self, other: Value) -> Value:
        """Return the matrix product."""
        return self.graph.value("MatMul", [self, other])

    def _constant(self, number: Number) -> Value:
        return self.graph.number(number, self.dtype)

    def _with(self, kind: str, other: Value | Number, dtype: type[Any] | None = None) -> Value:
        second = other if isinstance(other, Value) else self._constant(other)
        return self.graph.value(kind, [self, second], dtype)
