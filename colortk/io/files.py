"""The one writer of files: each is whole or absent, and only regular files are replaced."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from colortk.errors import ColortkError, PictureError

# A temporary name holds the machine and the process that writes the file, so that :func:`sweep`
# can tell leftovers from files that are being written. Machines that share a disk have processes
# of the same numbers.
_MACHINE = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
_TEMPORARY_PREFIX = f".colortk-{zlib.crc32(_MACHINE.encode()):08x}-"
_SUFFIX = ".part"

_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
)
_STANDARD_OUTPUT = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def special_kind(path: Path) -> str:
    """Describe ``path``, such as "a device", if it exists and is no regular file; otherwise ``""``.

    A symbolic link is not followed.
    """
    try:
        mode = os.lstat(path).st_mode
    except (OSError, ValueError):
        return ""
    return next((name for test, name in _KINDS if test(mode)), "")


def refuse_special(path: Path, error: type[ColortkError] = PictureError) -> None:
    """Raise ``error`` if ``path`` is a link, folder, device, named pipe or socket."""
    kind = special_kind(path)
    if kind:
        hint = "name a regular file"
        if str(path) in _STANDARD_OUTPUT:
            hint += ", or - for standard output where the command takes it"
        raise error(f"cannot write '{path}'", f"it is {kind}", hint)


def write_atomic(path: Path, data: bytes, force: bool = False, durable: bool = True) -> None:
    """Write ``data`` to ``path``, all of it or nothing.

    Parameters
    ----------
    path
        Output path. Its folder must exist.
    data
        Content of the file.
    force
        Replace a regular file that exists.
    durable
        Wait until the data is on the disk. Without it, a power cut can lose the file.

    Raises
    ------
    PictureError
        The folder is missing or read-only, the disk is full, ``path`` exists and ``force`` is
        false, or ``path`` is no regular file.
    """
    refuse_special(path)
    with _write_errors(path):
        handle, temporary = _create(path)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            _rename(temporary, path, force)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def temporary_file(path: Path, force: bool = False) -> Iterator[Path]:
    """Yield an empty temporary file beside ``path`` that takes this name if the body succeeds.

    For libraries that write to a file name. Raises the errors of :func:`write_atomic`. Errors of
    the body pass through, and the temporary file is deleted.
    """
    refuse_special(path)
    with _write_errors(path):
        handle, temporary = _create(path)
        os.close(handle)
    try:
        yield temporary
        rename_atomic(temporary, path, force)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def open_atomic(path: Path, force: bool = False) -> Iterator[BinaryIO]:
    """Yield a binary file that is written in pieces; ``path`` gets all of it or nothing.

    Raises the errors of :func:`write_atomic`.
    """
    with (
        temporary_file(path, force) as temporary,
        _write_errors(path),
        temporary.open("wb") as file,
    ):
        yield file


def rename_atomic(temporary: Path, path: Path, force: bool = False) -> None:
    """Give the finished file ``temporary`` the name ``path`` in the same file system.

    Raises as :func:`write_atomic`.
    """
    refuse_special(path)
    with _write_errors(path):
        handle = os.open(temporary, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        _rename(temporary, path, force)


@contextlib.contextmanager
def temporary_folder(target: Path) -> Iterator[Path]:
    """Yield a folder beside ``target`` that takes this name if the body succeeds.

    ``target`` must be missing or an empty folder. After an error the temporary folder and its
    content are deleted. Raises ``OSError``.
    """
    target = target.absolute()
    while True:
        folder = target.parent / f".{target.name}-{secrets.token_hex(4)}{_SUFFIX}"
        try:
            folder.mkdir()
            break
        except FileExistsError:
            continue
    try:
        yield folder
        if target.is_dir() and not target.is_symlink():
            target.rmdir()  # empty, or an error; not every system replaces a folder
        os.replace(folder, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(folder: Path, process: int | None = None) -> None:
    """Delete the temporary files in ``folder`` of ``process``, or of all that have ended.

    Only a process that was killed leaves one. Only files of this machine are deleted.
    """
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if not (name.startswith(_TEMPORARY_PREFIX) and name.endswith(_SUFFIX)):
                continue
            number = name.removeprefix(_TEMPORARY_PREFIX).partition("-")[0]
            is_own = number == str(process)
            if is_own or (
                process is None and number.isdecimal() and not process_exists(int(number))
            ):
                Path(folder, name).unlink(missing_ok=True)


def process_exists(number: int) -> bool:
    """Return whether the process ``number`` runs; true if the system cannot tell."""
    if os.name == "posix":  # elsewhere signal 0 ends the process
        with contextlib.suppress(PermissionError):
            try:
                os.kill(number, 0)
            except (ProcessLookupError, OverflowError):
                return False
        with contextlib.suppress(OSError):  # a zombie has ended
            return Path(f"/proc/{number}/stat").read_bytes().rpartition(b") ")[2][:1] != b"Z"
    return True


def already_exists(path: Path, reason: str = "") -> PictureError:
    """Return the error for an output path that exists."""
    return PictureError(f"'{path}' exists", reason, "use --force to overwrite or --skip-existing")


def _create(path: Path) -> tuple[int, Path]:
    """Open a new temporary file beside ``path``; the kernel applies the umask to its mode."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    while True:
        name = f"{_TEMPORARY_PREFIX}{os.getpid()}-{secrets.token_hex(4)}{_SUFFIX}"
        with contextlib.suppress(FileExistsError):
            return os.open(path.parent / name, flags, 0o666), path.parent / name


def _rename(temporary: Path, path: Path, force: bool) -> None:
    if force:
        refuse_special(path)  # again, right before the system replaces the existing file
        os.replace(temporary, path)
        return
    try:
        os.link(temporary, path)  # unlike a rename, it fails if another process made ``path``
    except FileExistsError:
        refuse_special(path)
        raise already_exists(path) from None
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            raise already_exists(path) from None
        os.replace(temporary, path)
    else:
        os.unlink(temporary)


@contextlib.contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` of the body into a ``PictureError`` that names ``path``."""
    try:
        yield
    except FileNotFoundError:
        if path.parent.is_dir():  # for example /proc, in which no file can be created
            reason, hint = f"no file can be created in the folder '{path.parent}'", ""
        else:
            reason, hint = f"the folder '{path.parent}' does not exist", "create it first"
        raise PictureError(f"cannot write '{path}'", reason, hint) from None
    except NotADirectoryError:
        raise PictureError(f"cannot write '{path}'", f"'{path.parent}' is not a folder") from None
    except OSError as error:
        raise PictureError(f"cannot write '{path}'", error.strerror or str(error)) from error
