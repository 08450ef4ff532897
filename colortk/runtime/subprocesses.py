"""Start Python processes that are connected to this process by a channel.

:mod:`multiprocessing` is not used: it imports the caller's main module again, so that a script
without a ``__main__`` guard starts itself over and over, and it refuses to start from a daemon,
such as a Dask worker.
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
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

    from colortk.runtime.messages import Channel, Message
    from colortk.runtime.sandbox import Sandbox

#: Environment variables that set the number of threads of numerical libraries.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
    "COLORTK_THREADS",
)

#: Seconds between two checks of whether the parent still runs.
PARENT_POLL = 0.5
#: Parameters of glibc's mallopt (malloc.h).
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3

#: The child reads the first message without our modules, because it states where they are.
_CHILD = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)  # interrupts are the parent's to handle
import json, socket, sys
connection = socket.socket(fileno=int(sys.argv[1]))
def read(count):
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:  # the parent ended between starting this process and sending the message
            raise SystemExit(1)
        data += part
    return data
try:
    size = int.from_bytes(read(8)[4:], "little")
    fields = json.loads(read(size))["fields"]
except OSError:
    raise SystemExit(1)
sys.path[:] = fields["path"]
from colortk.runtime.subprocesses import begin
begin(connection, fields)
"""
#: Seconds in which a new process has to read its first message.
START_TIMEOUT = 60.0


def spawn(
    target: str, *, threads: int | None = None, sandbox: Sandbox | None = None
) -> tuple[subprocess.Popen[bytes], Channel]:
    """Start a process that calls ``target`` with its end of a channel.

    The output of the process goes to stderr. It can import the modules that this process can
    import. The channel ends when this process ends.

    Parameters
    ----------
    target : str
        ``"package.module:callable"``, which takes a :class:`~colortk.runtime.messages.Channel`.
    threads : int or None
        Threads that the libraries of the new process may use.
    sandbox : Sandbox or None
        Seals the process. Its first message is then of kind ``sealed`` and lists the aspects.

    Returns
    -------
    process, channel
        End them with :func:`stop`.
    """
    from colortk.runtime import messages  # not imported by commands that start no process

    own_channel, child_socket = messages.pair()
    handle = child_socket.fileno()
    environment = dict(os.environ) if sandbox is None else sandbox.environment()
    if threads is not None:
        environment |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    options: dict[str, Any] = {"pass_fds": (handle,)}
    if sys.platform == "win32":
        os.set_handle_inheritable(handle, True)
        startup = subprocess.STARTUPINFO(lpAttributeList={"handle_list": [handle]})
        options = {"startupinfo": startup}
    output = 2
    if sandbox is not None:  # stderr may be a file whose name reveals the user's folder
        reading, output = os.pipe()
        threading.Thread(target=_relay, args=(reading,), daemon=True).start()
    process = subprocess.Popen(
        # -P: a file in the working directory must not replace a standard module.
        [sys.executable, "-P", "-c", _CHILD, str(handle)],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=environment,
        start_new_session=True,  # so that its own child processes can be ended with it
        **options,
    )
    child_socket.close()
    fields: dict[str, Any] = {"path": sys.path, "parent": os.getpid(), "target": target}
    if sandbox is not None:
        os.close(output)
        fields |= {
            "path": sandbox.module_path(),
            "sandbox": sandbox.policy(),
        }
    with contextlib.suppress(OSError):  # the child is dead already, and reading from it will fail
        own_channel.send(messages.Message("begin", fields=fields), START_TIMEOUT)
    return process, own_channel


def _relay(reading: int) -> None:
    """Copy the output of a process to stderr."""
    with contextlib.suppress(OSError):
        while data := os.read(reading, 1 << 16):
            os.write(2, data)
    os.close(reading)


def begin(connection: socket.socket, fields: dict[str, Any]) -> None:
    """Call the target in a new process. ``fields``: fields of the parent's first message."""
    connection.set_inheritable(False)  # child processes of a plugin must not keep the channel open
    from colortk.runtime.messages import Channel, Message

    channel, watched = Channel(connection), False
    if "sandbox" in fields:
        from colortk.runtime.sandbox import seal

        aspects, watched = seal(fields["sandbox"], fields["parent"])
        channel.send(Message("sealed", fields=aspects))
    if not watched:
        end_with_parent(fields["parent"])
    from colortk.plugin.spec import load_callable
    from colortk.runtime import device_notes

    device_notes.hold()
    code = 1
    try:
        load_callable(fields["target"])(channel)
        code = 0
    except BaseException:
        traceback.print_exc()
    with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or none
        sys.stderr.flush()
    os._exit(code)  # do not wait for threads that a plugin has left running


def end_with_parent(parent: int) -> None:
    """End this process, whatever it does, when its parent, process number ``parent``, ends."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_POLL)
        if os.getpgid(0) == os.getpid():
            _kill_group(os.getpid())
        os._exit(1)

    if os.name == "posix":  # elsewhere getppid does not change when the parent ends
        threading.Thread(target=watch, daemon=True).start()


def cores() -> int:
    """Return the number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not available on every system
        return os.cpu_count() or 1


def threads() -> int:
    """Return the number of threads of a network; 0 means all cores.

    The environment variable ``COLORTK_THREADS`` states it, or else ``OMP_NUM_THREADS``.
    """
    for name in ("COLORTK_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(name, "")
        if value.isdecimal():
            return int(value)
    return 0


def stop(process: subprocess.Popen[bytes], channel: Channel) -> int:
    """End the process if it has not ended, and return its exit code."""
    channel.close()
    _kill_group(process.pid)
    process.kill()
    return process.wait()


def _kill_group(number: int) -> None:
    """End a process and those that it has started."""
    if os.name == "posix":
        with contextlib.suppress(OSError):
            os.killpg(number, signal.SIGKILL)


def incoming(channel: Channel, max_bytes: int, idle: float | None = None) -> Iterator[Message]:
    """Yield the messages of the parent, in the child, until the parent ends.

    Parameters
    ----------
    channel : Channel
        To the parent.
    max_bytes : int
        Most bytes of the arrays of a message.
    idle : float or None
        Seconds without a message after which the child need not wait any longer.
    """
    from colortk.runtime.messages import wait

    while wait([channel], idle):
        try:
            yield channel.receive(max_bytes=max_bytes)
        except (EOFError, OSError):
            return


def exit_text(code: int) -> str:
    """Describe how a process ended unexpectedly."""
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"its process ended ({signal.Signals(-code).name})"
    return f"its process ended (exit code {code})"


def peak_memory() -> int | None:
    """Return the most bytes that this process has used at once; ``None`` if unknown."""
    with contextlib.suppress(OSError, ValueError):
        # Not getrusage: on Linux its maximum includes memory of the parent before exec.
        for line in Path("/proc/self/status").read_text("utf-8", "replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    with contextlib.suppress(ImportError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return None


def keep_freed_memory() -> None:
    """Make glibc reuse freed memory instead of returning it. No effect with other C libraries."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_TRIM_THRESHOLD, 512 << 20)
        libc.mallopt(_M_MMAP_THRESHOLD, 32 << 20)
