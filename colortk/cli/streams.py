"""Reserve standard output for the results, and end the process whatever plugins do."""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import sys
import threading

#: Name prefix of threads that the process waits for at its end; it does not wait for plugins'.
THREAD_PREFIX = "colortk"


def reserve_stdout() -> None:
    """Give ``sys.stdout`` a new descriptor, and connect descriptor 1 to stderr.

    Output of a plugin or a C library to descriptor 1 then goes to stderr. Otherwise it would
    damage the results, which may be a picture (``-o -``).
    """
    stream = sys.stdout
    if not isinstance(stream, io.TextIOWrapper):  # closed, or replaced by the caller
        return
    try:
        stream.flush()
        private = os.dup(stream.fileno())
    except (OSError, ValueError):
        return
    try:
        os.dup2(2, 1)
    except OSError:  # there is no stderr
        with open(os.devnull, "wb") as null:
            os.dup2(null.fileno(), 1)
    raw = os.fdopen(private, "wb")
    terminal = raw.isatty()
    sys.stdout = io.TextIOWrapper(
        raw, encoding=stream.encoding, errors=stream.errors, line_buffering=terminal
    )


def exit_process(code: int) -> None:
    """End the process with an exit code.

    This saves the tenth of a second in which Python deletes all modules, and does not wait for the
    threads of plugins.

    Parameters
    ----------
    code : int
        The exit code.
    """
    for thread in threading.enumerate():
        if thread.name.startswith(THREAD_PREFIX) and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError, ValueError, AttributeError):  # closed or missing
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
