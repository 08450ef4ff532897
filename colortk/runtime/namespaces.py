"""Linux namespaces: a process with its own root folder, processes and network, without privileges.

The calling process stays behind as a supervisor; the sealed process is its grandchild. Between them
is the first process of the process namespace, which has to reap the orphaned processes.

References
----------
.. [1] man 7 user_namespaces, pid_namespaces, mount_namespaces; man 2 pivot_root
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
from collections.abc import Iterable

_NEWNS, _NEWUTS, _NEWIPC = 0x20000, 0x4000000, 0x8000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
_MOUNT_SETATTR, _AT_RECURSIVE, _AT_FDCWD = 442, 0x8000, -100
_SET_PDEATHSIG, _CAPBSET_DROP, _SET_NO_NEW_PRIVS = 1, 24, 38
_CAPABILITIES_3 = 0x20080522
#: Seconds between two looks at whether the supervisor's own parent is still there.
PARENT_CHECK_SECONDS = 0.5
#: Devices that programs expect.
DEVICES = ("null", "zero", "full", "random", "urandom")

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments):
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


def enter(parent: int) -> None:
    """Continue in a new process with separate namespaces, as the same user.

    Parameters
    ----------
    parent : int
        Process number of this process's parent. When the parent is gone, everything ends.

    Raises
    ------
    OSError
        The kernel forbids it. This process is as before.

    Notes
    -----
    To be called before there are threads. Returns in the first process of the process namespace,
    which has to call :func:`fork_from_init` after it has arranged the file system. The calling
    process never returns: it ends as the sealed process does.
    """
    user, group = os.geteuid(), os.getegid()
    _call("unshare", _NEWUSER | _NEWNS | _NEWPID | _NEWNET | _NEWIPC | _NEWUTS)
    for name, text in (
        ("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1"),
    ):  # fmt: skip
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    reading, writing = os.pipe()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    child = os.fork()
    if child:
        os.close(writing)
        _supervise(child, reading, parent)
    os.close(reading)
    _libc.prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    global _status
    _status = writing


#: In the first process of the namespace: where it reports how the sealed process ended.
_status = -1


def fork_from_init() -> None:
    """Continue in a child of the namespace's first process, which from now on only waits.

    The first process of a namespace ignores signals that would end another process, its own abort
    included. The host should see when a signal ends a plugin.
    """
    child = os.fork()
    if not child:
        os.close(_status)
        return
    _close_all_but(_status)
    while True:
        number, status = os.wait()
        if number == child:
            os.write(_status, status.to_bytes(4, "little"))
            os._exit(0)


def _close_all_but(descriptor: int) -> None:
    """Close all other descriptors: the channel must end with the sealed process."""
    os.closerange(0, descriptor)
    os.closerange(descriptor + 1, 65536)


def _supervise(child: int, reading: int, parent: int) -> None:
    """Wait for the first process, then end as the sealed process has ended."""
    _close_all_but(reading)
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if os.getppid() != parent:
            os.kill(child, signal.SIGKILL)
        signal.sigtimedwait([signal.SIGCHLD], PARENT_CHECK_SECONDS)
    with open(reading, "rb") as file:
        status = int.from_bytes(file.read(4) or signal.SIGKILL.to_bytes(4, "little"), "little")
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.kill(os.getpid(), number)
        signal.pause()
    os._exit(os.WEXITSTATUS(status))


def change_root(root: str, readable: Iterable[str], writable: Iterable[str]) -> None:
    """Replace the root folder by one that contains only these paths.

    Parameters
    ----------
    root : str
        An empty folder, on which the new root is built.
    readable, writable : iterable of str
        Absolute paths, which keep their names. Those that do not exist are left out.

    Raises
    ------
    OSError
        The kernel forbids it.
    """
    number = _PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(f"pivot_root on {platform.machine()}")
    _mount(None, "/", None, _REC | _PRIVATE)
    _mount("tmpfs", root, "tmpfs", _NOSUID | _NODEV, "mode=755")
    bound: list[str] = []
    for path in sorted(set(readable)):
        _bind(root, path, bound, writable=False)
    for name in DEVICES:
        _bind(root, f"/dev/{name}", bound, writable=True)
    os.makedirs(f"{root}/dev/shm", exist_ok=True)
    _mount("tmpfs", f"{root}/dev/shm", "tmpfs", _NOSUID | _NODEV | _NOEXEC, "mode=1777")
    for link, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"),
                         ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")):  # fmt: skip
        os.symlink(target, f"{root}/dev/{link}")
    for path in writable:
        _bind(root, path, bound, writable=True)
    os.makedirs(f"{root}/proc", exist_ok=True)
    try:
        _mount("proc", f"{root}/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    except OSError:  # forbidden where parts of the outer /proc are hidden, as in some containers
        for name in ("cpuinfo", "meminfo", "stat"):
            _bind(root, f"/proc/{name}", bound, writable=False)
    os.chdir(root)
    if _libc.syscall(number, b".", b"."):
        raise OSError(ctypes.get_errno(), "pivot_root")
    _call("umount2", b".", _DETACH)
    os.chdir("/")
    _mount_read_only("/", recursive=False)


def _bind(root: str, path: str, bound: list[str], writable: bool) -> None:
    """Make ``path`` visible under ``root``, with the symbolic links that lead to it."""
    parent = "/"
    parts = [part for part in path.split("/") if part]
    for count, part in enumerate(parts):
        if (
            any(parent == other or parent.startswith(f"{other}/") for other in bound)
            and not writable
        ):
            return
        parent = os.path.join(parent, part)
        if os.path.islink(parent):
            link = root + parent
            if not os.path.lexists(link):
                os.makedirs(os.path.dirname(link), exist_ok=True)
                os.symlink(os.readlink(parent), link)
            target = os.path.join(os.path.dirname(parent), os.readlink(parent), *parts[count + 1 :])
            _bind(root, os.path.realpath(target), bound, writable)
            return
    if parent in bound or not os.path.exists(parent):
        return
    if any(parent.startswith(f"{other}/") for other in bound) and not writable:
        return
    target = root + parent
    with contextlib.suppress(FileExistsError):
        if os.path.isdir(parent):
            os.makedirs(target, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            open(target, "x").close()
    _mount(parent, target, None, _BIND | _REC)
    bound.append(parent)
    if not writable:
        _mount_read_only(target, recursive=True)


class _MountAttributes(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns"))


def _mount_read_only(path: str, recursive: bool) -> None:
    """Make a mount read-only, if the kernel can (5.12). Otherwise Landlock protects it."""
    attributes = _MountAttributes(1, 0, 0, 0)
    _libc.syscall(
        ctypes.c_long(_MOUNT_SETATTR), ctypes.c_int(_AT_FDCWD), os.fsencode(path),
        ctypes.c_uint32(_AT_RECURSIVE if recursive else 0), ctypes.byref(attributes),
        ctypes.c_size_t(ctypes.sizeof(attributes)),
    )  # fmt: skip


def _mount(
    source: str | None, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    data = None if options is None else options.encode()
    _call("mount", *texts, ctypes.c_ulong(flags), data)


def drop_capabilities() -> None:
    """Permanently drop the rights that the namespaces give, such as unmounting.

    Raises ``OSError``.
    """
    for capability in range(64):
        _libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_3, 0)
    none = (ctypes.c_uint32 * 6)()
    _call("capset", ctypes.byref(header), ctypes.byref(none))
    _call("prctl", _SET_NO_NEW_PRIVS, 1, 0, 0, 0)
