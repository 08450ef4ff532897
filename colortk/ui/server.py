"""Serves the page until it is interrupted, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from colortk.errors import EnvironmentProblem, UsageError
from colortk.survey.session import Survey
from colortk.ui.limits import Limits
from colortk.ui.shelf import Shelf
from colortk.ui.visitors import Visitors

#: Seconds between two looks for what can be deleted, and that open connections get at the end.
SWEEP, PATIENCE = 30.0, 1
#: The port that is taken if none is named, else one that is free.
PORT = 7860


@dataclass(frozen=True)
class Place:
    """Where the page is served. ``port``: ``None`` for the usual one or any that is free."""

    host: str = "127.0.0.1"
    port: int | None = None
    limits: Limits = field(default_factory=Limits)


def bound(place: Place) -> socket.socket:
    """A socket that listens there. Raises ``EnvironmentProblem`` or ``UsageError``."""
    for port in [place.port] if place.port is not None else [PORT, 0]:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                place.host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
        except (OSError, UnicodeError) as error:
            raise UsageError(
                f"--host {place.host}",
                "it is no address of this machine",
                "127.0.0.1 is the default",
            ) from error
        listening = socket.socket(family, kind, protocol)
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(address)
            listening.listen(128)
        except OSError as error:
            listening.close()
            if place.port is None and port == PORT:
                continue
            raise EnvironmentProblem(
                f"cannot listen on {place.host}:{port}", error.strerror or str(error),
                "choose another --port, or leave it out",
            ) from error  # fmt: skip
        return listening
    raise AssertionError("one of the ports was free or refused")


def is_loopback(listening: socket.socket) -> bool:
    """Whether only this machine can reach it."""
    return ip_address(listening.getsockname()[0]).is_loopback


def address_of(host: str, listening: socket.socket) -> str:
    """What to type into a browser."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listening.getsockname()[1]}/"


@contextlib.contextmanager
def _own_folder() -> Iterator[Path]:
    """A new folder that only this user reads, deleted at the end with everything in it."""
    folder = Path(tempfile.mkdtemp(prefix="colortk-ui-"))
    before = os.environ.get("GRADIO_TEMP_DIR")
    os.environ["GRADIO_TEMP_DIR"] = os.path.realpath(folder)
    try:
        yield folder
    finally:
        if before is None:
            os.environ.pop("GRADIO_TEMP_DIR", None)
        else:
            os.environ["GRADIO_TEMP_DIR"] = before
        shutil.rmtree(folder, ignore_errors=True)


def serve(place: Place, shelf: Shelf, survey: Survey | None, ready: Callable[[str], None]) -> None:
    """Serve the page until SIGINT or SIGTERM. ``ready``: called with its address.

    Raises ``EnvironmentProblem`` (no Gradio, the port is in use) or ``UsageError``.
    """
    listening = bound(place)
    with contextlib.closing(listening), _own_folder() as folder:
        from colortk.ui._gradio import uvicorn
        from colortk.ui.events import House
        from colortk.ui.guard import Guard
        from colortk.ui.page import application

        visitors = Visitors(folder)
        house = House(shelf, visitors, place.limits, threading.Event())
        guarded = Guard(application(house, survey), visitors, place.limits, is_loopback(listening))
        server = _server(uvicorn, guarded, lambda: ready(address_of(place.host, listening)))
        sweeper = threading.Thread(target=_sweep, args=(visitors, house.closing), daemon=True)
        sweeper.start()
        try:
            server.run(sockets=[listening])
        finally:
            house.closing.set()
            sweeper.join()


def _server(uvicorn: Any, application: Any, ready: Callable[[], None]) -> Any:
    config = uvicorn.Config(
        application, log_config=None, log_level="critical", access_log=False, ws="none",
        lifespan="on", server_header=False, timeout_graceful_shutdown=PATIENCE,
        limit_concurrency=500, backlog=128,
    )  # fmt: skip
    server = uvicorn.Server(config)
    start = server.startup

    async def startup(*arguments: Any, **named: Any) -> None:
        await start(*arguments, **named)
        ready()

    server.startup = startup
    return server


def _sweep(visitors: Visitors, closing: threading.Event) -> None:
    while not closing.wait(SWEEP):
        visitors.sweep()
