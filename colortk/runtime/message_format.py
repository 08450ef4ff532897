"""Messages between processes: a JSON header that lists named arrays, then the arrays' bytes.

A message is never a pickle: whatever the other side sends, reading it runs none of its code. The
layout, in order:

========  ==========================================================================
4 bytes   ``CTK1``
4 bytes   length of the header, unsigned, little-endian
header    JSON object: ``kind``, ``number``, ``fields`` and ``arrays``, a list of
          ``[name, shape, dtype]``
arrays    the bytes of every array in the order of the header, C order, little-endian
========  ==========================================================================

Everything in a header is checked before memory is reserved for the arrays.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Generator
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]

MAGIC = b"CTK1"
#: Most bytes of a header.
HEADER_BYTES = 1 << 20
MAX_ARRAYS, MAX_DIMENSIONS, MAX_NAME = 64, 8, 64
#: Types of elements that can be sent, and the bytes of one element.
ITEM_BYTES = {
    "bool": 1, "uint8": 1, "uint16": 2, "int32": 4, "int64": 8, "float32": 4, "float64": 8,
}  # fmt: skip
_HEADER = struct.Struct("<4sI")
#: Type of an entry of a header, by its name.
_ENTRIES = {"kind": str, "number": str, "fields": dict, "arrays": list}


class MessageError(Exception):
    """The other side sent bytes that are not a message, or not the message that was due."""


@dataclass(frozen=True)
class Message:
    """One message.

    Parameters
    ----------
    kind : str
        Kind of the request or report.
    number : str
        Identifier of a request. The reply repeats it.
    fields : dict
        JSON values by name.
    arrays : dict
        NumPy arrays by name.
    """

    kind: str
    number: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, Array] = field(default_factory=dict)


def parts_of(message: Message) -> list[memoryview]:
    """Return the bytes of a message, in parts. Raises ``ValueError`` if it cannot be sent."""
    described, payload = [], []
    for name, array in message.arrays.items():
        dtype = array.dtype.name
        if dtype not in ITEM_BYTES:
            raise ValueError(f"an array of {dtype} cannot be sent")
        described.append([name, list(array.shape), dtype])
        if array.size:
            payload.append(_bytes_of(array))
    header = json.dumps(
        {
            "kind": message.kind,
            "number": message.number,
            "fields": message.fields,
            "arrays": described,
        },
        allow_nan=False,
    ).encode("ascii")
    if len(header) > HEADER_BYTES:
        raise ValueError(f"a header of {len(header):,} bytes cannot be sent")
    return [memoryview(_HEADER.pack(MAGIC, len(header)) + header), *payload]


def _bytes_of(array: Array) -> memoryview:
    import numpy as np

    little = array.dtype.newbyteorder("<")
    return np.ascontiguousarray(array, little).reshape(-1).view(np.uint8).data


def parsed(max_bytes: int) -> Generator[memoryview, None, Message]:
    """Yield buffers for the next bytes to be read into; return the complete message.

    Raises ``MessageError`` if the bytes are no message. ``max_bytes``: limit of all its arrays.
    """
    prefix = bytearray(_HEADER.size)
    yield memoryview(prefix)
    magic, size = _HEADER.unpack(prefix)
    if magic != MAGIC:
        raise MessageError("its bytes are not a message")
    if size > HEADER_BYTES:
        raise MessageError(f"a message has a header of {size:,} bytes")
    header = bytearray(size)
    yield memoryview(header)
    entries = _header(bytes(header))
    shapes = _shapes(entries["arrays"])
    total = sum(prod(shape) * ITEM_BYTES[dtype] for _, shape, dtype in shapes)
    if total > max_bytes:
        raise MessageError(f"a message has {total:,} bytes of arrays; {max_bytes:,} are allowed")
    arrays = {}
    for name, shape, dtype in shapes:
        array = _empty(shape, dtype)
        if array.size:
            yield array.reshape(-1).view("uint8").data
        arrays[name] = _native(array, dtype)
    return Message(entries["kind"], entries["number"], entries["fields"], arrays)


def _empty(shape: tuple[int, ...], dtype: str) -> Array:
    import numpy as np

    # A byte other than 0 and 1 in an array of booleans would be undefined behavior in NumPy.
    plain = np.dtype("uint8" if dtype == "bool" else dtype).newbyteorder("<")
    array: Array = np.empty(shape, plain)
    return array


def _native(array: Array, dtype: str) -> Array:
    if dtype == "bool":
        flags: NDArray[np.bool_] = array != 0
        return flags
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _header(text: bytes) -> dict[str, Any]:
    try:
        entries = json.loads(text.decode("ascii"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise MessageError("the header of a message is not JSON") from error
    if not isinstance(entries, dict) or set(entries) != set(_ENTRIES):
        raise MessageError("the header of a message has unexpected entries")
    for name, kind in _ENTRIES.items():
        if not isinstance(entries[name], kind):
            raise MessageError(f"'{name}' of a message is not of type {kind.__name__}")
    return entries


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _shapes(arrays: list[Any]) -> list[tuple[str, tuple[int, ...], str]]:
    """Return name, shape and type of every array. Raises ``MessageError``."""
    if len(arrays) > MAX_ARRAYS:
        raise MessageError(f"a message has {len(arrays):,} arrays")
    shapes: list[tuple[str, tuple[int, ...], str]] = []
    for row in arrays:
        if not isinstance(row, list) or len(row) != 3:
            raise MessageError("an array of a message is not described as [name, shape, dtype]")
        name, shape, dtype = row
        if not isinstance(name, str) or not name.isidentifier() or len(name) > MAX_NAME:
            raise MessageError("an array of a message has an invalid name")
        if not isinstance(dtype, str) or dtype not in ITEM_BYTES:
            raise MessageError(f"array '{name}' of a message has an unknown type")
        if (
            not isinstance(shape, list)
            or len(shape) > MAX_DIMENSIONS
            or not all(type(size) is int and 0 <= size < 1 << 31 for size in shape)
            or prod(size or 1 for size in shape) >= 1 << 40  # NumPy refuses it even if empty
        ):
            raise MessageError(f"array '{name}' of a message has an impossible shape")
        shapes.append((name, tuple(shape), dtype))
    if len({name for name, _, _ in shapes}) < len(shapes):
        raise MessageError("two arrays of a message have the same name")
    return shapes
