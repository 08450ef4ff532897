"""A Dask cluster, and joblib's own backend for it, with their failures in words."""

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

#: Seconds for a scheduler to accept and greet, for a client to be connected, and for a first worker
#: to appear.
ANSWER, CONNECT, WORKERS = 3, 8, 15
#: Seconds between two looks at whether the scheduler answers; it is lost after two failures.
LOOK = 2
#: Seconds that an end may wait for a scheduler.
BOUND = 1.5
#: The length that precedes each message of Dask, and the largest that a greeting has.
_LENGTH, _LARGEST = struct.Struct("<Q"), 1 << 20
GO_ON = "what was done is kept: run the same again, `run` with --resume"


@contextlib.contextmanager
def dask_backend(address: str) -> Iterator[None]:
    """Let joblib spread its work over the workers of the scheduler at ``address``.

    Raises as :func:`connected`.
    """
    import joblib

    with (
        connected(address) as client,
        joblib.parallel_config(backend="dask", client=client, n_jobs=-1),
    ):
        yield


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """A ``distributed.Client`` of the scheduler at ``address``.

    Raises ``PluginError`` without ``distributed``, ``EnvironmentProblem`` if no scheduler
    answers or no worker is there.
    """
    try:
        import distributed
    except ImportError:
        raise PluginError(
            "--backend dask cannot run",
            "the module 'distributed' is not installed",
            "pip install dask distributed",
        ) from None
    _silence()
    try:
        probe(address)
        connect: Any = distributed.Client
        client = connect(address, timeout=CONNECT, set_as_default=False)
    except (OSError, TimeoutError, ValueError, ImportError) as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise EnvironmentProblem(
            f"no Dask scheduler at '{address}'", why, "start one: dask scheduler"
        ) from error
    # Both wait for the scheduler, which may be gone when they are called; joblib calls the first.
    client.cancel = partial(bounded, client.cancel)
    try:
        try:
            client.wait_for_workers(1, timeout=WORKERS)
        except TimeoutError:
            raise EnvironmentProblem(
                f"the Dask scheduler at '{address}' has no workers",
                do=f"start some: dask worker {address}",
            ) from None
        with _watched(address):
            yield client
    finally:
        bounded(client.close, timeout=BOUND)


def bounded(call: Callable[..., Any], *arguments: Any, **named: Any) -> None:
    """Call, but wait no longer than ``BOUND`` seconds for the end; errors are dropped."""

    def work() -> None:
        with contextlib.suppress(Exception):  # the scheduler is gone: nothing is left to cancel
            call(*arguments, **named)

    thread = threading.Thread(target=work, name="dask end", daemon=True)
    thread.start()
    thread.join(BOUND)


def probe(address: str) -> None:
    """Raise ``OSError`` or ``ValueError`` unless a Dask scheduler answers at ``address``.

    A scheduler greets whoever connects, with the length of a message first. A client would wait
    for long for the greeting of any other program, and complain on its end.
    """
    place = urlsplit(address if "://" in address else f"tcp://{address}")
    if not place.hostname or not place.port:
        raise ValueError("an address is written tcp://host:port")
    with socket.create_connection((place.hostname, place.port), ANSWER) as connection:
        if place.scheme != "tcp":  # who greets first is another matter under TLS
            return
        connection.settimeout(ANSWER)
        try:
            greeting = connection.recv(_LENGTH.size, socket.MSG_WAITALL)
        except TimeoutError:
            raise OSError("it accepts connections and does not answer") from None
    if len(greeting) < _LENGTH.size or not 0 < _LENGTH.unpack(greeting)[0] < _LARGEST:
        raise OSError("another program answers there")


@contextlib.contextmanager
def _watched(address: str) -> Iterator[None]:
    """Interrupt the body when the scheduler does not answer any more.

    Raises ``EnvironmentProblem`` then. Dask itself waits for a scheduler that was lost, for half a
    minute or, in joblib, for ever. Only in the main thread, which alone can be interrupted.
    """
    lost, ended = threading.Event(), threading.Event()
    main = threading.main_thread()

    def watch() -> None:
        failures = 0
        while not ended.wait(LOOK):
            try:
                probe(address)
                failures = 0
            except (OSError, ValueError):
                failures += 1
            if failures > 1:
                lost.set()
                # Again, because the clean-up after the first may wait for the scheduler too.
                for _ in range(5):
                    signal.pthread_kill(main.ident or 0, signal.SIGUSR2)
                    if ended.wait(3 * BOUND):
                        return

    def interrupt(*_: object) -> None:
        if not ended.is_set():
            raise _Lost

    able = threading.current_thread() is main and hasattr(signal, "pthread_kill")
    if able:
        # Not SIGINT: a shell has it ignored in what it starts in the background.
        before = signal.signal(signal.SIGUSR2, interrupt)
        threading.Thread(target=watch, name="dask watch", daemon=True).start()
    try:
        yield
    except BaseException as error:
        ended.set()
        if lost.is_set() and not _is_termination(error):
            raise EnvironmentProblem(
                f"the Dask scheduler at '{address}' was lost", do=GO_ON
            ) from error
        raise
    finally:
        ended.set()
        if able:
            # One may be on its way; by default it would end the process.
            signal.signal(signal.SIGUSR2, signal.SIG_IGN if before == signal.SIG_DFL else before)


def refuse_lost(address: str, error: BaseException) -> None:
    """Raise ``EnvironmentProblem`` if ``error`` came of a scheduler that does not answer any more."""
    try:
        probe(address)
    except (OSError, ValueError):
        raise EnvironmentProblem(f"the Dask scheduler at '{address}' was lost", do=GO_ON) from error


class _Lost(KeyboardInterrupt):
    """Raised in the main thread when the scheduler is lost, whatever it waits for."""


def _is_termination(error: BaseException) -> bool:
    """Whether the user wants an end: Ctrl-C, SIGTERM or SIGHUP."""
    return isinstance(error, KeyboardInterrupt) and not isinstance(error, _Lost)


def _silence() -> None:
    """Keep Dask from printing what becomes one line of ours."""
    for name in [
        name
        for name in logging.root.manager.loggerDict
        if name.startswith(("distributed", "tornado"))
    ]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
