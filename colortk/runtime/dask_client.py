"""A client of a Dask scheduler that ends, with a clear error, when the scheduler is lost."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from colortk.errors import EnvironmentProblem, PluginError

#: Seconds for a scheduler to accept a connection and to send its greeting.
GREETING_TIMEOUT = 3
#: Seconds for a client to connect.
CONNECT_TIMEOUT = 8
#: Seconds for the first worker to appear.
WORKER_TIMEOUT = 15
#: Seconds between two checks of the scheduler. Two failed checks mean that the scheduler is lost.
CHECK_INTERVAL = 2
#: Seconds that the end of a client may wait for its scheduler.
END_TIMEOUT = 1.5
#: The length that precedes each message of Dask, and the largest length of a greeting.
_LENGTH, _MAX_GREETING = struct.Struct("<Q"), 1 << 20
RESUME_HINT = "finished work is stored: run the same command again, `run` with --resume"


@contextlib.contextmanager
def connect(address: str) -> Iterator[Any]:
    """Connect to the scheduler at ``address`` and yield a ``distributed.Client``.

    Parameters
    ----------
    address : str
        Address of the scheduler, such as ``tcp://host:port``.

    Yields
    ------
    distributed.Client
        A client whose scheduler has at least one worker.

    Raises
    ------
    PluginError
        The module ``distributed`` is not installed.
    EnvironmentProblem
        No scheduler replies, the scheduler has no worker, or the scheduler is lost in the body.
    """
    try:
        import distributed
    except ImportError:
        raise PluginError(
            "--backend dask cannot run",
            "the module 'distributed' is not installed",
            "pip install dask distributed",
        ) from None
    _silence_loggers()
    try:
        check_scheduler(address)
        create_client: Any = distributed.Client
        client = create_client(address, timeout=CONNECT_TIMEOUT, set_as_default=False)
    except (OSError, TimeoutError, ValueError, ImportError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise EnvironmentProblem(
            f"no Dask scheduler at '{address}'", reason, "start one with: dask scheduler"
        ) from error
    # Both calls wait for the scheduler, which may be lost by then.
    client.cancel = partial(call_bounded, client.cancel)
    try:
        try:
            client.wait_for_workers(1, timeout=WORKER_TIMEOUT)
        except TimeoutError:
            raise EnvironmentProblem(
                f"the Dask scheduler at '{address}' has no workers",
                hint=f"start workers with: dask worker {address}",
            ) from None
        with _watch_scheduler(address):
            yield client
    finally:
        call_bounded(client.close, timeout=END_TIMEOUT)


def call_bounded(call: Callable[..., Any], *arguments: Any, **keywords: Any) -> None:
    """Call a function in a thread, wait at most ``END_TIMEOUT`` seconds, and ignore its errors.

    Parameters
    ----------
    call : callable
        A call that may wait for a lost scheduler.
    *arguments, **keywords
        Its arguments.
    """

    def run() -> None:
        with contextlib.suppress(Exception):  # the scheduler is lost: nothing is left to cancel
            call(*arguments, **keywords)

    thread = threading.Thread(target=run, name="dask end", daemon=True)
    thread.start()
    thread.join(END_TIMEOUT)


def check_scheduler(address: str) -> None:
    """Check that a Dask scheduler replies at ``address``.

    A scheduler greets every connection; the greeting begins with its length. A client of Dask would
    wait long for the greeting of any other program, and print a traceback in the end.

    Parameters
    ----------
    address : str
        Address of the scheduler, such as ``tcp://host:port`` or ``host:port``.

    Raises
    ------
    OSError
        Nothing replies, or another program does.
    ValueError
        The address has no host or no port.
    """
    url = urlsplit(address if "://" in address else f"tcp://{address}")
    if not url.hostname or not url.port:
        raise ValueError("an address is written tcp://host:port")
    with socket.create_connection((url.hostname, url.port), GREETING_TIMEOUT) as connection:
        if url.scheme != "tcp":  # under TLS the scheduler does not greet first
            return
        connection.settimeout(GREETING_TIMEOUT)
        try:
            greeting = connection.recv(_LENGTH.size, socket.MSG_WAITALL)
        except TimeoutError:
            raise OSError("it accepts the connection but does not reply") from None
    if len(greeting) < _LENGTH.size or not 0 < _LENGTH.unpack(greeting)[0] < _MAX_GREETING:
        raise OSError("another program replies there")


@contextlib.contextmanager
def _watch_scheduler(address: str) -> Iterator[None]:
    """Interrupt the body, and raise ``EnvironmentProblem``, when the scheduler is lost.

    Dask itself waits half a minute for a lost scheduler, and joblib waits forever. Only the main
    thread can be interrupted, so this does nothing in other threads.
    """
    connection_lost, ended = threading.Event(), threading.Event()
    main = threading.main_thread()

    def watch() -> None:
        failures = 0
        while not ended.wait(CHECK_INTERVAL):
            try:
                check_scheduler(address)
                failures = 0
            except (OSError, ValueError):
                failures += 1
            if failures > 1:
                connection_lost.set()
                # Repeated, because the clean-up after the first interrupt may wait for it too.
                for _ in range(5):
                    signal.pthread_kill(main.ident or 0, signal.SIGUSR2)
                    if ended.wait(3 * END_TIMEOUT):
                        return

    def interrupt(*_: object) -> None:
        if not ended.is_set():
            raise _SchedulerLost

    can_interrupt = threading.current_thread() is main and hasattr(signal, "pthread_kill")
    if can_interrupt:
        # Not SIGINT: shells let background commands ignore it.
        before = signal.signal(signal.SIGUSR2, interrupt)
        threading.Thread(target=watch, name="dask watch", daemon=True).start()
    try:
        yield
    except BaseException as error:
        ended.set()
        if connection_lost.is_set() and not _is_termination(error):
            raise EnvironmentProblem(
                f"the Dask scheduler at '{address}' was lost", hint=RESUME_HINT
            ) from error
        raise
    finally:
        ended.set()
        if can_interrupt:
            # A signal may still arrive; its default action would end the process.
            signal.signal(signal.SIGUSR2, signal.SIG_IGN if before == signal.SIG_DFL else before)


class _SchedulerLost(KeyboardInterrupt):
    """Raised in the main thread when the scheduler is lost, whatever the thread waits for."""


def _is_termination(error: BaseException) -> bool:
    """Whether ``error`` is Ctrl-C, SIGTERM or SIGHUP."""
    return isinstance(error, KeyboardInterrupt) and not isinstance(error, _SchedulerLost)


def _silence_loggers() -> None:
    """Keep Dask from printing errors that colortk reports in one line."""
    for name in [
        name
        for name in logging.root.manager.loggerDict
        if name.startswith(("distributed", "tornado"))
    ]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
