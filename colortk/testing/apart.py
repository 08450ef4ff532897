"""The checks in a process of their own: a plugin that ends its process fails a check, no more."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from multiprocessing.connection import Connection

from colortk.errors import ColortkError
from colortk.host import registry
from colortk.isolate import Failure, flat
from colortk.process import died, spawn, stop
from colortk.testing.checks import Outcome, check_colorizer, run_checks


def serve(pipe: Connection, name: str) -> None:
    """The child: every outcome as it comes, then ``None``."""
    try:
        for outcome in run_checks(name):
            pipe.send(outcome)
        pipe.send(None)
    except ColortkError as error:
        pipe.send(flat(error))


def run_checks_apart(name: str, timeout: float = 120.0) -> Iterator[Outcome]:
    """As :func:`run_checks`; a process that dies is the failure of the check that it ran.

    ``timeout``: seconds for one check, after which no more is tried.
    """
    registry().colorizer(name)  # an unknown name needs no process
    titles = [title for title, _ in check_colorizer(name)]
    process, pipe = spawn("colortk.testing.apart:serve", name)
    count = 0
    try:
        while pipe.poll(timeout) and (outcome := pipe.recv()) is not None:
            if isinstance(outcome, Failure):
                raise outcome.error()
            count += 1
            yield outcome
        if count < len(titles):
            yield Outcome(titles[count], f"no end in {timeout:g} s")
    except (EOFError, OSError):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        title = titles[count] if count < len(titles) else "in all"
        yield Outcome(title, f"it ended the process that checks it: {died(stop(process, pipe))}")
    finally:
        stop(process, pipe)
