"""Set up signals, warnings and standard streams before a command runs."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
import warnings
from types import FrameType
from typing import Any

from colortk.errors import Notice, out_of_memory


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP, handled like Ctrl-C: files and processes are cleaned up.

    Parameters
    ----------
    number : int
        Number of the signal.
    """

    def __init__(self, number: int = signal.SIGTERM) -> None:
        self.number = int(number)
        super().__init__(number)

    @property
    def exit_code(self) -> int:
        """128 plus the number of the signal, as in shells: 143 or 129."""
        return 128 + self.number

    def __str__(self) -> str:
        if self.number == signal.SIGTERM:
            return "terminated"
        return "terminated: the terminal was closed (SIGHUP)"


_ending = threading.Event()


def _terminate(number: int, _: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a second signal ends the process at once
    if hasattr(signal, "SIGHUP"):
        # A closing terminal and its shell each send SIGHUP; the second must not interrupt the
        # clean-up.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if not _ending.is_set():  # a second signal may arrive before Python handles the first
        _ending.set()
        raise Terminated(number)


def handle_signals() -> None:
    """Let SIGTERM and SIGHUP raise :class:`Terminated`; under `nohup`, SIGHUP stays ignored."""
    signal.signal(signal.SIGTERM, _terminate)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _terminate)


def quiet_threads() -> None:
    """Print no traceback of a background thread without memory: the main thread reports it."""
    print_traceback = threading.excepthook

    def hook(arguments: threading.ExceptHookArgs) -> None:
        if not out_of_memory(arguments.exc_value):
            print_traceback(arguments)

    threading.excepthook = hook


def print_notices() -> None:
    """Print a :class:`~colortk.errors.Notice` as one line; do not change other warnings."""
    from colortk.cli.output import print_error_line

    show = warnings.showwarning

    def hook(message: Warning | str, category: type[Warning], *arguments: Any) -> None:
        if issubclass(category, Notice):
            print_error_line(f"colortk: note: {message}")
        else:
            show(message, category, *arguments)

    warnings.showwarning = hook  # type: ignore[assignment]


def prepare_streams() -> None:
    """Make sure that the standard streams are open and can print every file name.

    If a shell has closed a stream (`>&-`), the next file would get its descriptor, and a library
    would print into that file.
    """
    with contextlib.suppress(OSError):
        for number in range(3):
            try:
                os.fstat(number)
            except OSError:
                # Writing to standard output fails as for a closed file; messages are dropped.
                os.open(os.devnull, os.O_WRONLY if number == 2 else os.O_RDONLY)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # for characters that it cannot encode
            stream.reconfigure(errors="backslashreplace")


def drop_output() -> None:
    """Keep Python from flushing into a broken stdout when the process ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        number = os.open(os.devnull, os.O_WRONLY)
        os.dup2(number, sys.stdout.fileno())
        os.close(number)
