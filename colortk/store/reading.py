"""Read files that others may have written: regular files only, up to a size limit."""

from __future__ import annotations

import errno
import json
import os
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

#: Most bytes of a manifest, and of a trained file or a record of the store (the limit of ONNX).
MANIFEST_BYTES = 10_000_000
CONTENT_BYTES = 2**31


def content(path: Traversable, max_bytes: int = CONTENT_BYTES) -> bytes:
    """Return the content of a file.

    Raises
    ------
    OSError
        If the file cannot be read, has over ``max_bytes`` bytes, or is not a regular file: reading
        a named pipe could block forever.
    """
    if not path.is_file():
        exists = isinstance(path, Path) and os.path.lexists(path)
        raise OSError(
            errno.ENOENT, "it is not a regular file" if exists else "there is no such file"
        )
    if isinstance(path, Path) and path.stat().st_size > max_bytes:
        raise OSError(errno.EFBIG, f"it has over {max_bytes:,} bytes")
    return path.read_bytes()


def manifest(path: Traversable) -> Any:
    """Return the JSON of a manifest. Raises ``OSError``, or ``ValueError`` if it is damaged."""
    return parsed(content(path, MANIFEST_BYTES))


def parsed(text: bytes | str) -> Any:
    """Parse JSON from others. JSON that is nested too deeply raises ``ValueError``, too."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
