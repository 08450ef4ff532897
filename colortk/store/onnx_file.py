"""What an ONNX file says of itself, read without ONNX: that all of it is in this one file.

A tensor may name another file, by any path, from which ONNX Runtime then reads its numbers: a
stranger's network could carry away what it finds there, and no digest would cover it. The file is
protobuf, of which only the framing is followed here: https://onnx.ai/onnx/repo-docs/IR.html,
https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Iterator

#: Message → number of a field → the message in it, as far as tensors can be in there.
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
#: Fields in all, and messages in each other; networks have thousands, and five.
MOST_FIELDS, DEEPEST = 1_000_000, 100


def check(content: bytes) -> None:
    """Raise ``ValueError`` if the file is no protobuf, is cut off, or has weights in other files."""
    waiting = [("model", 0, len(content), 0)]
    left = MOST_FIELDS
    while waiting:
        kind, start, end, depth = waiting.pop()
        for number, value, first, last in _fields(content, start, end):
            left -= 1
            if left < 0 or depth > DEEPEST:
                raise ValueError("it is not written as a network is")
            if kind == "tensor" and (
                number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0)
            ):
                raise ValueError("it has weights in another file, which is not allowed")
            inner = _FIELDS[kind].get(number)
            if inner is not None and last >= first:
                waiting.append((inner, first, last, depth + 1))


def _fields(content: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Of every field of a message its number, its value if it is a number, its first byte and end.

    Where it holds no bytes its end is before its first byte.
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


def _varint(content: bytes, at: int, end: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    value = shift = 0
    while at < end and shift < 70:
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & (2**64 - 1), at
        shift += 7
    raise ValueError("it is cut off")
