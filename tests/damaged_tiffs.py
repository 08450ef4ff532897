"""Complete TIFF files, and functions that change their directory."""

from __future__ import annotations

import numpy as np
import pytest

from encoded import RGB

tiffs = pytest.importorskip("tiffs")
WIDE = (RGB.astype(np.uint16) * 257 + 11).clip(max=65535).astype(np.uint16)
PLANES = np.ascontiguousarray(WIDE.transpose(2, 0, 1))


def changed(data: bytes, tag: int, value: int | None) -> bytes:
    """Return the file with another value in the directory entry of ``tag``; ``None`` renames the tag."""
    at = int.from_bytes(data[4:8], "little")
    entries = int.from_bytes(data[at : at + 2], "little")
    for place in range(at + 2, at + 2 + 12 * entries, 12):
        if int.from_bytes(data[place : place + 2], "little") == tag:
            out = bytearray(data)
            if value is None:
                out[place : place + 2] = (60000).to_bytes(2, "little")
            else:
                out[place + 8 : place + 12] = value.to_bytes(4, "little")
            return bytes(out)
    raise KeyError(tag)


def fewer(data: bytes, tag: int, count: int) -> bytes:
    """Return the file with ``count`` values in ``tag``."""
    at = int.from_bytes(data[4:8], "little")
    entries = int.from_bytes(data[at : at + 2], "little")
    for place in range(at + 2, at + 2 + 12 * entries, 12):
        if int.from_bytes(data[place : place + 2], "little") == tag:
            return data[: place + 4] + count.to_bytes(4, "little") + data[place + 8 :]
    raise KeyError(tag)


STRIPS = tiffs.written(WIDE, photometric="rgb", rowsperstrip=5)
DEFLATED = tiffs.written(WIDE, photometric="rgb", rowsperstrip=5, compression="deflate")
