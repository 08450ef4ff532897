"""Open a file for writing that no other process writes at the same time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from colortk.errors import EnvironmentProblem
from colortk.io.files import refuse_special

#: Seconds between two looks at a file that another process writes.
_POLL = 0.1
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


def make_folder(path: Path) -> None:
    """Create the folder of a file of weights. Raises ``EnvironmentProblem`` if that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentProblem(
            f"the folder '{path.parent}' cannot be created",
            error.strerror or str(error),
            "set COLORTK_WEIGHTS to a folder that you can write to",
        ) from error


def open_locked(path: Path, waiting: Callable[[], None]) -> int:
    """Open and lock a file; it and its folder are created if they are missing.

    Parameters
    ----------
    path : Path
        The file. Another process may rename or delete it when it is done.
    waiting : callable
        Called once if another process has locked the file, before this one waits.

    Returns
    -------
    int
        The descriptor. Closing it releases the lock.

    Raises
    ------
    EnvironmentProblem
        If the file or its folder cannot be created.
    """
    has_waited = False
    make_folder(path)
    while True:
        refuse_special(path, EnvironmentProblem)
        try:
            descriptor = os.open(path, _FLAGS, 0o666)
        except OSError as error:
            raise EnvironmentProblem(
                f"cannot write '{path}'",
                error.strerror or str(error),
                "set COLORTK_WEIGHTS to a folder that you can write to",
            ) from error
        try:
            is_locked = _try_lock(descriptor)
            # The process that held the lock may have renamed or deleted the file.
            if is_locked and _is_named(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        if not has_waited and not is_locked:
            has_waited = True
            waiting()
        time.sleep(_POLL)


def _try_lock(descriptor: int) -> bool:
    """Lock an open file for this process, unless another process has locked it."""
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            os.lseek(descriptor, 1 << 40, os.SEEK_SET)  # a byte that no file has
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
            os.lseek(descriptor, 0, os.SEEK_SET)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system without locks: the digest still tells mixed bytes
        return True
    return True


def _is_named(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except OSError:
        return False
