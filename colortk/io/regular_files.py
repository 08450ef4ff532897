"""Open files that others may have planted: regular ones only, and without waiting.

Opening a named pipe waits for its other end, and a device has no end. Anyone who can write to the
folder could otherwise replace the file by a pipe and hang the command, or by a link and redirect
the data that the command appends.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from colortk.io.files import special_kind

_BINARY = getattr(os, "O_BINARY", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def open_regular(path: str | os.PathLike[str]) -> BufferedReader:
    """Open the regular file ``path`` to read its bytes; symbolic links are followed.

    Raises
    ------
    OSError
        The file cannot be opened, or it is a folder, device, named pipe or socket.
    """
    target = Path(os.path.realpath(path))
    _refuse(special_kind(target), path)  # before it is opened: that alone may move a tape
    return os.fdopen(_checked(os.open(target, os.O_RDONLY | _BINARY | _NO_WAIT), path), "rb")


def read_regular(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a regular file. Raises ``OSError`` as :func:`open_regular` does."""
    with open_regular(path) as file:
        return file.read()


def open_append(path: Path, exclusive: bool = False) -> int:
    """Open the regular file ``path`` to append to it, and create it if it is missing.

    Parameters
    ----------
    path
        A symbolic link is refused, wherever it leads.
    exclusive
        Refuse a file that exists.

    Returns
    -------
    int
        The descriptor.

    Raises
    ------
    OSError
        The file cannot be opened, or it is a link, folder, device, named pipe or socket.
    """
    _refuse(special_kind(path), path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _BINARY | _NO_WAIT | _NO_LINK
    return _checked(os.open(path, flags | (os.O_EXCL if exclusive else 0), 0o666), path)


def _checked(descriptor: int, path: str | os.PathLike[str]) -> int:
    """Return ``descriptor`` if its file is regular: ``path`` may have been replaced meanwhile."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        _refuse("no regular file", path)
    return descriptor


def _refuse(kind: str, path: str | os.PathLike[str]) -> None:
    if kind:
        reason = kind if kind.startswith("no ") else f"{kind}, not a regular file"
        raise OSError(errno.EINVAL, f"it is {reason}", os.fspath(path))
