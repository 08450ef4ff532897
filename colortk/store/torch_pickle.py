"""Interpret the pickles of PyTorch checkpoints without running code.

Nothing is imported and nothing is called: a name in the pickle stays a name, and only the names
that tensors need have a meaning.

References
----------
https://docs.python.org/3/library/pickletools.html
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from typing import Any, NamedTuple

#: Most operations of a pickle, most bytes that one of them reads, and most letters of a key.
MAX_OPERATIONS, MAX_READ, MAX_KEY = 2_000_000, 1 << 26, 1000

_VALUES = frozenset((
    "BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "BINFLOAT", "FLOAT", "BINUNICODE",
    "SHORT_BINUNICODE", "UNICODE", "BINSTRING", "SHORT_BINSTRING", "STRING", "BINBYTES",
    "SHORT_BINBYTES",
))  # fmt: skip
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class Name(NamedTuple):
    """A class or a function that a pickle names."""

    module: str
    name: str


class TensorLayout(NamedTuple):
    """A tensor: a part of a storage, with offset, sizes and strides in elements."""

    storage: Any
    offset: Any
    size: Any
    stride: Any


class LimitedReader:
    """A file from which one call reads a limited number of bytes."""

    def __init__(self, stream: Any) -> None:
        self._stream, self.tell = stream, stream.tell

    def read(self, count: int) -> bytes:
        if not 0 <= count <= MAX_READ:
            raise ValueError(f"one of its values has {count:,} bytes")
        data: bytes = self._stream.read(count)
        return data

    def readline(self) -> bytes:
        line: bytes = self._stream.readline(MAX_READ)
        return line


def interpret(stream: Any, load_storage: Callable[[Any], Any]) -> Any:
    """Return the object of a pickle: plain values, dictionaries and :class:`TensorLayout`.

    Parameters
    ----------
    stream : binary file
        Is read up to the end of the pickle.
    load_storage : callable
        Gets the identification of a storage, a tuple, and returns what stands for it.

    Raises
    ------
    ValueError
        If the pickle is damaged, or names anything that tensors do not need.
    """
    stack: list[Any] = []
    outer: list[list[Any]] = []
    memo: dict[int, Any] = {}
    reader: Any = LimitedReader(stream)
    copies = 0
    for count, (operation, argument, _) in enumerate(pickletools.genops(reader)):
        if count + copies > MAX_OPERATIONS:
            raise ValueError("its pickle has too many operations")
        match operation.name:
            case "PROTO" | "FRAME":
                pass
            case name if name in _VALUES:
                stack.append(argument)
            case name if name in _CONSTANTS:
                stack.append(_CONSTANTS[name])
            case name if name in _TUPLES:
                length = _TUPLES[name]
                items = tuple(stack[len(stack) - length :])
                del stack[len(stack) - length :]
                stack.append(items)
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_LIST":
                stack.append([])
            case "MARK":
                outer.append(stack)
                stack = []
            case "TUPLE" | "LIST":
                items, stack = tuple(stack), outer.pop()
                stack.append(items if operation.name == "TUPLE" else list(items))
            case "APPEND":
                value = stack.pop()
                _as(list, stack[-1]).append(value)
            case "APPENDS":
                values, stack = stack, outer.pop()
                _as(list, stack[-1]).extend(values)
            case "SETITEM":
                value, key = stack.pop(), stack.pop()
                _as(dict, stack[-1])[_key(key)] = value
            case "SETITEMS":
                values, stack = stack, outer.pop()
                keys = map(_key, values[::2])
                _as(dict, stack[-1]).update(zip(keys, values[1::2], strict=True))
            case "BINPUT" | "LONG_BINPUT" | "PUT":
                memo[_as(int, argument)] = stack[-1]
            case "MEMOIZE":
                memo[len(memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET" | "GET":
                stack.append(memo[_as(int, argument)])
            case "GLOBAL":
                stack.append(Name(*_as(str, argument).split(" ", 1)))
            case "STACK_GLOBAL":
                attribute, module = stack.pop(), stack.pop()
                stack.append(Name(_as(str, module), _as(str, attribute)))
            case "BINPERSID":
                stack.append(load_storage(stack.pop()))
            case "REDUCE":
                arguments, function = stack.pop(), stack.pop()
                stack.append(_value(_as(Name, function), _as(tuple, arguments)))
                copies += len(stack[-1]) if isinstance(stack[-1], dict) else 0
            case "BUILD":  # the attribute _metadata of a state_dict
                stack.pop()
                _as(dict, stack[-1])
            case "STOP":
                return stack.pop()
            case name:
                raise ValueError(f"its pickle uses the operation {name}")
    raise ValueError("its pickle has no end")


def _value(function: Name, arguments: tuple[Any, ...]) -> Any:
    """Return what a call stands for, if it is one of those that tensors need."""
    if function == Name("collections", "OrderedDict"):
        pairs = arguments[0] if arguments else ()
        pairs = pairs.items() if isinstance(pairs, dict) else pairs
        return {_key(key): value for key, value in pairs}
    if function == Name("torch._utils", "_rebuild_tensor_v2"):
        return TensorLayout(*arguments[:4])
    if function == Name("torch._utils", "_rebuild_parameter"):
        return arguments[0]
    raise ValueError(f"its pickle calls {function.module}.{function.name}; only tensors are read")


def _key(key: Any) -> Any:
    """Return the key of a dictionary, if it is a plain value.

    Of nested tuples that share their parts, the hash alone could take years.
    """
    if isinstance(key, str | bytes) and len(key) > MAX_KEY:
        raise ValueError(f"one of its names has {len(key):,} letters")
    if not isinstance(key, str | bytes | int | float | None):
        raise ValueError(f"one of its dictionaries has a {type(key).__name__} as a key")
    return key


def _as(kind: type[Any], value: Any) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"its pickle has a {type(value).__name__} in place of a {kind.__name__}")
    return value
