"""A download that is not complete: a file beside its target, locked while a process writes it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from colortk.errors import ColortkError, EnvironmentProblem
from colortk.io.files import rename_atomic
from colortk.plugin.weights_folder import part_path
from colortk.store.locked_file import open_locked

_CHUNK = 1 << 20


class PartFile:
    """The bytes of a file that are downloaded so far. Create it with :func:`open_part`.

    Attributes
    ----------
    path : Path
        Its name, which is not that of the target.
    size : int
        Number of bytes.
    """

    def __init__(self, target: Path, descriptor: int) -> None:
        self.path, self._target = part_path(target), target
        self._notes = self.path.with_name(self.path.name + ".json")
        self._file = os.fdopen(descriptor, "r+b", buffering=0)
        self._hash = hashlib.sha256()
        self.size = 0
        while chunk := self._file.read(_CHUNK):
            self._hash.update(chunk)
            self.size += len(chunk)

    @property
    def sha256(self) -> str:
        """The digest of the bytes so far."""
        return self._hash.hexdigest()

    def append(self, data: bytes) -> None:
        """Write bytes at the end. Raises ``EnvironmentProblem`` if the disk does not take them."""
        rest = memoryview(data)
        with self._write_errors():
            while rest:
                count = self._file.write(rest)
                self._hash.update(rest[:count])
                self.size += count
                rest = rest[count:]

    def restart(self) -> None:
        """Discard all bytes."""
        with self._write_errors():
            self._file.seek(0)
            self._file.truncate(0)
        self._hash, self.size = hashlib.sha256(), 0

    def validator(self, url: str) -> str:
        """Return the version of the file at ``url`` that the bytes belong to; may be empty."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            notes = json.loads(self._notes.read_text("utf-8"))
            if notes.get("url") == url:
                return str(notes.get("validator", ""))
        return ""

    def remember(self, url: str, validator: str) -> None:
        """Store where the bytes come from, for :meth:`validator` of a later process."""
        with contextlib.suppress(OSError):  # without it, the digest still tells wrong bytes
            self._notes.write_text(json.dumps({"url": url, "validator": validator}), "utf-8")

    def finish(self) -> None:
        """Give the file its final name; its size and digest must have been checked."""
        try:
            if os.name != "posix":  # elsewhere an open file cannot be renamed
                self._file.close()
            rename_atomic(self.path, self._target, force=True)
        except ColortkError as error:
            raise EnvironmentProblem(error.problem, error.reason, error.hint) from error
        self._notes.unlink(missing_ok=True)

    def close(self) -> None:
        """Release the file. If it is empty, delete it."""
        if self.size == 0 and not self._file.closed:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
            self._notes.unlink(missing_ok=True)
        self._file.close()

    @contextlib.contextmanager
    def _write_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise EnvironmentProblem(
                f"cannot write '{self.path}'",
                f"{error.strerror or error}; {self.size:,} bytes are kept",
                "make room and run the same command again, or set COLORTK_WEIGHTS",
            ) from error


@contextlib.contextmanager
def open_part(target: Path, waiting: Callable[[], None]) -> Iterator[PartFile]:
    """Open the incomplete file of ``target`` and lock it.

    Another process may have completed ``target`` before: look at it while the lock is held.

    Parameters
    ----------
    target : Path
        The name of the complete file.
    waiting : callable
        Called once if another process writes the file, before this one waits.

    Yields
    ------
    PartFile
        The bytes so far. If there are none at the end, the file is deleted.

    Raises
    ------
    EnvironmentProblem
        If the file or its folder cannot be created.
    """
    part = PartFile(target, open_locked(part_path(target), waiting))
    try:
        yield part
    finally:
        part.close()
