"""Check that an ONNX file is complete in itself, without the package onnx.

A tensor may name another file, by any path, from which ONNX Runtime reads its numbers. A network
from others could read private files in this way, and no digest would cover them. An ONNX file is
protobuf; this module follows its framing only: https://onnx.ai/onnx/repo-docs/IR.html,
https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from pathlib import Path

#: Message → number of a field → the message in the field, for all messages that can hold tensors.
_FIELDS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {
        5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse",
    },
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}  # fmt: skip
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
#: Most fields, and most nested messages. Networks have thousands of fields, nested five deep.
MAX_FIELDS, MAX_DEPTH = 1_000_000, 100


def check_file(path: Path) -> None:
    """Check a file as :func:`check` does, without reading its tensors. Raises ``OSError``, too."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        check(content)


def check(content: bytes | mmap.mmap) -> None:
    """Raise ``ValueError`` if the file is not protobuf, is cut off, or uses other files."""
    waiting = [("model", 0, len(content), 0)]
    fields_left = MAX_FIELDS
    while waiting:
        kind, start, end, depth = waiting.pop()
        for number, value, first, last in _fields(content, start, end):
            fields_left -= 1
            if fields_left < 0 or depth > MAX_DEPTH:
                raise ValueError("it is not a network")
            if kind == "tensor" and (
                number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0)
            ):
                raise ValueError("it has weights in another file, which is not allowed")
            inner = _FIELDS[kind].get(number)
            if inner is not None and last >= first:
                waiting.append((inner, first, last, depth + 1))


def with_outputs(content: bytes, names: Sequence[str]) -> bytes:
    """Return an ONNX file in which tensors of the graph are outputs as well.

    Two protobuf messages one after the other are one message: fields that repeat are joined, so
    that a model with only these outputs is appended (``ModelProto.graph`` is field 7,
    ``GraphProto.output`` 12, ``ValueInfoProto.name`` 1).
    """
    outputs = b"".join(_message(12, _message(1, name.encode())) for name in names)
    return content + _message(7, outputs)


def _message(field: int, content: bytes) -> bytes:
    size, length = len(content), b""
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([field << 3 | 2]) + length + bytes([size]) + content


def _fields(
    content: bytes | mmap.mmap, start: int, end: int
) -> Iterator[tuple[int, int, int, int]]:
    """Yield the number, the numeric value, the first byte and the end of each field of a message.

    For a field without bytes, the end lies before the first byte.
    """
    at = start
    while at < end:
        key, at = _varint(content, at, end)
        wire = key & 7
        if wire == 0:
            value, at = _varint(content, at, end)
            yield key >> 3, value, 0, -1
            continue
        if wire == 2:
            size, at = _varint(content, at, end)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError("it is not protobuf")
        if size > end - at:
            raise ValueError("it is cut off")
        yield (key >> 3, 0, at, at + size) if wire == 2 else (key >> 3, 0, 0, -1)
        at += size


def _varint(content: bytes | mmap.mmap, at: int, end: int) -> tuple[int, int]:
    """Return a number that is stored in seven bits per byte, and where it ends."""
    value = shift = 0
    while at < end and shift < 70:
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & (2**64 - 1), at
        shift += 7
    raise ValueError("it is cut off")
