"""Files that others may have planted: regular ones only, and up to a limit."""

from __future__ import annotations

import errno
import json
import os
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

#: Bytes of a manifest, of a trained file (as many as ONNX can have) or a record of the store.
MANIFEST_BYTES = 10_000_000
CONTENT_BYTES = 2**31


def content(path: Traversable, most: int = CONTENT_BYTES) -> bytes:
    """Content of a file. Raises ``OSError``, also for what is no file (a pipe would block for ever)."""
    if not path.is_file():
        there = isinstance(path, Path) and os.path.lexists(path)
        raise OSError(errno.ENOENT, "it is no regular file" if there else "there is no such file")
    if isinstance(path, Path) and path.stat().st_size > most:
        raise OSError(errno.EFBIG, f"it has over {most:,} bytes")
    return path.read_bytes()


def manifest(path: Traversable) -> Any:
    """A manifest's JSON. Raises ``OSError``, or ``ValueError`` for one that is damaged."""
    return parsed(content(path, MANIFEST_BYTES))


def parsed(text: bytes | str) -> Any:
    """JSON of a stranger: what is nested too deeply is a ``ValueError`` as well."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
