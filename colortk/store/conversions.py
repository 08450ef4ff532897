"""Files that are made from weights once and kept in the user's folder of weights.

Such a file lies beside the weights that it was made from, or where they would lie if the user named
a copy of them. Its name contains a key, which changes with the code that makes it, and a part of
its own SHA-256: a damaged file is made again.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from colortk.errors import ColortkError, UsageError
from colortk.io.content_digest import content_digest
from colortk.io.files import write_atomic
from colortk.store.locked_file import make_folder

_LENGTH = 16
_START, _END = "converted-", ".onnx"


def conversion_key(version: str) -> str:
    """Return the part of the name that stands for the code which makes the file."""
    return hashlib.sha256(version.encode()).hexdigest()[:_LENGTH]


def is_conversion(path: Path) -> bool:
    """Return whether a file in the folder of weights has the name of a conversion."""
    return path.name.startswith(_START) and path.name.endswith(_END)


def stored_conversion(folder: Path, version: str) -> Path | None:
    """Return the undamaged file in ``folder`` that this version of the code made, if any."""
    for path in sorted(folder.glob(f"{_START}{conversion_key(version)}-*{_END}")):
        digest = path.name.removesuffix(_END).rpartition("-")[2]
        with contextlib.suppress(UsageError):  # deleted meanwhile, or not readable
            if len(digest) == _LENGTH and content_digest(path).startswith(digest):
                return path
    return None


def store_conversion(folder: Path, version: str, content: bytes) -> Path | None:
    """Write a file for later, and delete those of other versions.

    Returns
    -------
    Path or None
        ``None`` if the folder cannot be written, or its disk is full.
    """
    digest = hashlib.sha256(content).hexdigest()[:_LENGTH]
    path = folder / f"{_START}{conversion_key(version)}-{digest}{_END}"
    try:
        make_folder(path)
        write_atomic(path, content, force=True)
    except ColortkError:
        return None
    for other in folder.glob(f"{_START}*{_END}"):
        if other != path:
            with contextlib.suppress(OSError):  # another process may use it
                other.unlink()
    return path
