"""Standard output for the command alone, and an end that no plugin can hold up."""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import sys
import threading

#: Threads whose names begin so are waited for; a plugin's are not.
OWN_THREADS = "colortk"


def reserve_stdout() -> None:
    """Give ``sys.stdout`` a descriptor of its own, and let descriptor 1 lead to stderr.

    Then nothing that a plugin or a C library writes to descriptor 1 gets between the command's
    results, whenever it is written: a picture may go there (``-o -``).
    """
    stream = sys.stdout
    if not isinstance(stream, io.TextIOWrapper):  # closed, or replaced by whoever called us
        return
    try:
        stream.flush()
        private = os.dup(stream.fileno())
    except (OSError, ValueError):
        return
    try:
        os.dup2(2, 1)
    except OSError:  # there is no stderr
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 1)
    raw = os.fdopen(private, "wb")
    terminal = raw.isatty()
    sys.stdout = io.TextIOWrapper(
        raw, encoding=stream.encoding, errors=stream.errors, line_buffering=terminal
    )


def leave(code: int) -> None:
    """End the process with ``code``.

    Without what Python takes a tenth of a second for, every module taken apart, and without waiting
    for threads that a plugin has left behind.
    """
    for thread in threading.enumerate():
        if thread.name.startswith(OWN_THREADS) and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or none
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
