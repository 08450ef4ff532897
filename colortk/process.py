"""A Python process of our own at the other end of a pipe.

Not :mod:`multiprocessing`'s: that imports the caller's main module again (a script without a
``__main__`` guard would start itself over and over) and refuses to start from a daemon, which
is what a Dask worker is.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

#: What tells a numerical library how many threads to use.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
    "COLORTK_THREADS",
)

#: Seconds between two looks at whether the parent is still there.
WATCH = 0.5
#: Parameters of glibc's mallopt (malloc.h).
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3

_CHILD = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)  # interrupts are the parent's to handle
import sys, multiprocessing.connection as m
pipe = getattr(m, "PipeConnection", m.Connection)(int(sys.argv[1]))
try:
    sys.path[:], parent, path, arguments = pipe.recv()
except (EOFError, OSError):  # the parent ended between starting this process and telling it
    raise SystemExit(1)
from colortk.process import end_with
end_with(parent)
from colortk.spec import load_callable
load_callable(path)(pipe, *arguments)
"""


def spawn(
    path: str, *arguments: Any, threads: int | None = None
) -> tuple[subprocess.Popen[bytes], Connection]:
    """Start a process that calls ``path`` ("package.module:callable") with (pipe, *arguments).

    What it prints goes to stderr. ``threads``: how many its libraries may use. It finds the
    modules that this process finds. When this process goes away, its pipe ends.
    """
    from multiprocessing import Pipe  # not for a command that starts no process

    ours, theirs = Pipe()
    handle = theirs.fileno()
    environment = dict(os.environ)
    if threads is not None:
        environment |= dict.fromkeys(THREADS, str(threads))
    options: dict[str, Any] = {"pass_fds": (handle,)}
    if sys.platform == "win32":
        os.set_handle_inheritable(handle, True)
        startup = subprocess.STARTUPINFO(lpAttributeList={"handle_list": [handle]})
        options = {"startupinfo": startup}
    process = subprocess.Popen(
        # -P: a file beside the user must not be taken for one of the standard library.
        [sys.executable, "-P", "-c", _CHILD, str(handle)],
        stdin=subprocess.DEVNULL,
        stdout=2,
        env=environment,
        start_new_session=True,  # so that what it starts can be ended with it
        **options,
    )
    theirs.close()
    with contextlib.suppress(OSError):  # a child that is dead already: its reader finds out
        ours.send((sys.path, os.getpid(), path, arguments))
    return process, ours


def end_with(parent: int) -> None:
    """End this process when its parent, process number ``parent``, has gone, whatever it does."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH)
        if os.getpgid(0) == os.getpid():
            _kill_group(os.getpid())
        os._exit(1)

    if os.name == "posix":  # elsewhere a process keeps the number of a parent that is gone
        threading.Thread(target=watch, daemon=True).start()


def cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def threads() -> int:
    """Threads of a network: ``COLORTK_THREADS``, else ``OMP_NUM_THREADS``, else 0, all cores."""
    for name in ("COLORTK_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(name, "")
        if value.isdecimal():
            return int(value)
    return 0


def stop(process: subprocess.Popen[bytes], pipe: Connection) -> int:
    """End the process if it has not ended, and return its exit code."""
    pipe.close()
    _kill_group(process.pid)
    process.kill()
    return process.wait()


def _kill_group(number: int) -> None:
    """End a process and those that it has started."""
    if os.name == "posix":
        with contextlib.suppress(OSError):
            os.killpg(number, signal.SIGKILL)


def incoming(pipe: Connection) -> Iterator[Any]:
    """The child's side: messages until the parent is gone."""
    while True:
        try:
            yield pipe.recv()
        except (EOFError, OSError):
            return


def died(code: int) -> str:
    """Why a process ended that should not have, in words."""
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"its process ended ({signal.Signals(-code).name})"
    return f"its process ended (exit code {code})"


def peak_memory() -> int | None:
    """Most bytes that this process has held at once, or ``None`` where that is not known."""
    with contextlib.suppress(OSError, ValueError):
        # Not getrusage: on Linux its maximum includes the parent's, from before exec.
        for line in Path("/proc/self/status").read_text("utf-8", "replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    with contextlib.suppress(ImportError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return None


def keep_freed_memory() -> None:
    """Let the C library reuse freed memory instead of giving it back (glibc; else nothing)."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_TRIM_THRESHOLD, 512 << 20)
        libc.mallopt(_M_MMAP_THRESHOLD, 32 << 20)
