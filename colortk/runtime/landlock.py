"""Landlock: permanently limit what this process can read, write and signal.

References
----------
.. [1] https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _PATH_BENEATH = 1, 1
_SET_NO_NEW_PRIVS = 38
#: Rights on files and folders (bits 0 to 15) and the version in which they appeared.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_VERSION_1 = (1 << 13) - 1
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
#: Connecting and listening over TCP (version 4); abstract sockets and signals (version 6).
_TCP, _SCOPES = 3, 3


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("parent", ctypes.c_int32))


def _syscall(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result = int(libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def version() -> int:
    """Return the kernel's version of Landlock; 0 if it has none or forbids it."""
    try:
        return _syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    except (OSError, AttributeError):
        return 0


def restrict(readable: Iterable[str], listed: Iterable[str], writable: Iterable[str]) -> int:
    """Deny this process access to all files except these paths and what lies below them.

    Parameters
    ----------
    readable : iterable of str
        Paths that may be read and executed. Missing ones are ignored.
    listed : iterable of str
        Folders whose names may be listed, with their subfolders.
    writable : iterable of str
        Paths with all rights.

    Returns
    -------
    int
        The version of Landlock. Version 4 also denies TCP, and version 6 signals to other
        processes.

    Raises
    ------
    OSError
        The kernel does not support it.
    """
    abi_version = version()
    if not abi_version:
        raise OSError("no Landlock")
    handled = _VERSION_1
    handled |= _REFER if abi_version >= 2 else 0
    handled |= _TRUNCATE if abi_version >= 3 else 0
    handled |= _IOCTL_DEV if abi_version >= 5 else 0
    attributes = _Ruleset(
        handled, _TCP if abi_version >= 4 else 0, _SCOPES if abi_version >= 6 else 0
    )
    size = 8 if abi_version < 4 else 16 if abi_version < 6 else 24
    ruleset = _syscall(
        _CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0)
    )
    try:
        for path in readable:
            _allow(ruleset, path, _EXECUTE | _READ_FILE | _READ_DIR)
        for path in listed:
            _allow(ruleset, path, _READ_DIR)
        for path in writable:
            _allow(ruleset, path, handled)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "no_new_privs")
        _syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)
    return abi_version


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            access &= _OF_FILES
        rule = _PathBeneath(access, descriptor)
        with contextlib.suppress(OSError):  # such a path stays denied
            _syscall(
                _ADD_RULE,
                ctypes.c_int(ruleset),
                ctypes.c_int(_PATH_BENEATH),
                ctypes.byref(rule),
                ctypes.c_uint32(0),
            )
    finally:
        os.close(descriptor)
