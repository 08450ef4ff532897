"""A Dask cluster, and joblib's own backend for it, with their failures in words."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from colortk.errors import EnvironmentProblem, PluginError

#: Seconds for a scheduler to answer, and for a first worker to appear.
PATIENCE = 20


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
    try:
        _reach(address)
        connect: Any = distributed.Client
        client = connect(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError, ImportError) as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise EnvironmentProblem(
            f"no Dask scheduler at '{address}'", why, "start one: dask scheduler"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise EnvironmentProblem(
                f"the Dask scheduler at '{address}' has no workers",
                do=f"start some: dask worker {address}",
            ) from None
        yield client


def _reach(address: str) -> None:
    """Refuse what nobody answers at: a client that never connected complains again on exit."""
    place = urlsplit(address if "://" in address else f"tcp://{address}")
    if not place.hostname or not place.port:
        raise ValueError("an address is written tcp://host:port")
    socket.create_connection((place.hostname, place.port), PATIENCE).close()
