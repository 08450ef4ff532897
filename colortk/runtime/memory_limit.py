"""Report a crash of a library under a memory limit (`ulimit -v`) in one clear line.

Under such a limit OpenCV and OpenBLAS end the process with SIGSEGV or print their own message when
they cannot allocate memory. This cannot be checked in advance: the need depends on the number of
cores and on the picture. So, if a limit is set, a forked child does the work, and its parent, which
has loaded nothing, reports how the child ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable

#: Larger limits, in bytes, are ignored: no command needs so much.
MAX_LIMIT = 16 << 30
#: Signals that end a library when it cannot allocate memory.
_CRASHES = ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE", "SIGTRAP")
#: First words of the lines that libraries print when they cannot allocate memory.
_NOISE = (b"OpenBLAS ", b"libgomp: ", b"terminate called", b"  what():", b"Fatal Python error")
_FORWARDED = ("SIGTERM", "SIGHUP", "SIGINT")
#: Parameters of glibc's mallopt (malloc.h) and Linux' prctl.
_M_ARENA_MAX, _PR_SET_PDEATHSIG = -8, 1
#: Bytes of address space that SciPy's linear algebra needs when it is loaded: for its libraries,
#: and for the buffer of each thread.
_SCIPY, _BLAS_BUFFER = 60 << 20, 34 << 20


def address_limit() -> int | None:
    """Return the limit of this process's memory in bytes, or ``None`` if there is none.

    The smaller of RLIMIT_AS (`ulimit -v`) and RLIMIT_DATA (`ulimit -d`).
    """
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    kinds = (resource.RLIMIT_AS, resource.RLIMIT_DATA)
    limits = [resource.getrlimit(kind)[0] for kind in kinds]
    limits = [limit for limit in limits if limit != resource.RLIM_INFINITY and limit < MAX_LIMIT]
    return min(limits, default=None)


def memory_hint() -> str:
    """Return the hint for errors of lacking memory."""
    limit = address_limit()
    if limit is None:
        return "use smaller pictures or fewer --jobs"
    return f"a limit of {limit // 1024:,} kB is set: raise it with ulimit -v"


def supervise() -> Callable[[], None]:
    """Fork if memory is limited, and return in the process that does the work.

    The parent waits for the child, prints one line if the child crashed, and ends with its exit
    code. Call this function before any thread is started.

    Returns
    -------
    callable
        Call it when the work has ended, also after an error. Otherwise the parent assumes that the
        child crashed.
    """
    able = hasattr(signal, "sigwaitinfo") and hasattr(os, "memfd_create")
    if address_limit() is None or not able:
        return lambda: None
    # The output of libraries is held back. It is dropped if they crash.
    noise, finished = os.memfd_create("colortk-noise"), os.memfd_create("colortk-finished")
    signals = {signal.Signals[name] for name in (*_FORWARDED, "SIGCHLD")}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    parent = os.getpid()
    child = os.fork()
    if child:
        os._exit(_wait(child, noise, finished, signals))
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    _save_address_space()
    sys.meta_path.insert(0, _ImportGuard)
    _end_with(parent)
    with contextlib.suppress(OSError, ValueError, AttributeError):  # stderr is closed
        sys.stderr.flush()
        terminal = os.dup(2)
        os.dup2(noise, 2)
        # Buffered by lines, as Python's own.
        sys.stderr = open(terminal, "w", 1, sys.stderr.encoding, "backslashreplace")  # noqa: SIM115

    def end() -> None:
        with contextlib.suppress(OSError):
            os.write(finished, b"1")

    return end


def _save_address_space() -> None:
    """Make libraries reserve less: an arena per thread and OpenBLAS's buffers take over 64 MB."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("MALLOC_ARENA_MAX", "1")  # for worker processes
    with contextlib.suppress(ImportError, OSError, AttributeError, TypeError):
        import ctypes

        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


class _ImportGuard:
    """An import finder that refuses a library that would hang without memory.

    While it is loaded, SciPy's OpenBLAS tries forever to allocate a buffer for each thread.
    """

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Raise ``MemoryError`` if ``name`` needs more address space than is left."""
        if name != "scipy.linalg":
            return
        threads = os.environ.get("OPENBLAS_NUM_THREADS", "")
        count = int(threads) if threads.isdecimal() else os.cpu_count() or 1
        if not _has_room(_SCIPY + count * _BLAS_BUFFER):
            raise MemoryError("SciPy cannot be loaded")


def _has_room(size: int) -> bool:
    """Return whether ``size`` bytes can be allocated now."""
    import mmap

    try:
        mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except (OSError, MemoryError):
        return False
    return True


def _end_with(parent: int) -> None:
    """Let the kernel end this process when its parent is killed."""
    with contextlib.suppress(ImportError, OSError, AttributeError, TypeError):
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:  # the parent ended before
        os._exit(1)


def _wait(child: int, noise: int, finished: int, signals: set[signal.Signals]) -> int:
    """Forward signals to ``child`` until it has ended, and return the exit code."""
    while True:
        info = signal.sigwaitinfo(signals)
        if info.si_signo == signal.SIGCHLD:
            number, status = os.waitpid(child, os.WNOHANG)
            if number:
                break
        # The kernel (a positive code) sends a terminal's Ctrl-C to the child as well.
        elif info.si_code <= 0:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, info.si_signo)
    code = os.waitstatus_to_exitcode(status)
    if code >= 0 and os.fstat(finished).st_size:
        _copy(noise)
        return code
    if code < 0 and signal.Signals(-code).name not in _CRASHES:
        return 128 - code
    name = f" ({signal.Signals(-code).name})" if code < 0 else ""
    line = f"colortk: not enough memory: a library ended the process{name} ({memory_hint()})\n"
    with contextlib.suppress(OSError):
        os.write(2, line.encode())
    return 1


def _copy(noise: int) -> None:
    """Print the output of native libraries and workers, except for lines about memory."""
    os.lseek(noise, 0, os.SEEK_SET)
    with contextlib.suppress(OSError), os.fdopen(noise, "rb") as lines:
        for line in lines:
            if not line.startswith(_NOISE):
                os.write(2, line)
