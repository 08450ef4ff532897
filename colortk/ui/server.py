"""Serves the page until it is interrupted, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address

from colortk.errors import EnvironmentProblem, UsageError
from colortk.survey.session import Survey
from colortk.ui.limits import Limits
from colortk.ui.page_folder import page_folder
from colortk.ui.plugin_pool import PluginPool
from colortk.ui.visitor_registry import VisitorRegistry

#: Seconds between two looks for what can be deleted.
SWEEP = 15.0
#: The port that is taken if none is named, else one that is free.
PORT = 7860


@dataclass(frozen=True)
class ServerSettings:
    """Where the page is served. ``port``: ``None`` for the usual one or any that is free."""

    host: str = "127.0.0.1"
    port: int | None = None
    limits: Limits = field(default_factory=Limits)


def open_socket(settings: ServerSettings) -> socket.socket:
    """A socket that listens there. Raises ``EnvironmentProblem`` or ``UsageError``."""
    for port in [settings.port] if settings.port is not None else [PORT, 0]:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                settings.host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
        except (OSError, UnicodeError) as error:
            raise UsageError(
                f"--host {settings.host}",
                "it is no address of this machine",
                "127.0.0.1 is the default",
            ) from error
        listening = socket.socket(family, kind, protocol)
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(address)
            listening.listen(512)
        except OSError as error:
            listening.close()
            if settings.port is None and port == PORT:
                continue
            raise EnvironmentProblem(
                f"cannot listen on {settings.host}:{port}", error.strerror or str(error),
                "choose another --port, or leave it out",
            ) from error  # fmt: skip
        return listening
    raise AssertionError("one of the ports was free or refused")


def is_loopback(listening: socket.socket) -> bool:
    """Whether only this machine can reach it."""
    return ip_address(listening.getsockname()[0]).is_loopback


def page_url(host: str, listening: socket.socket) -> str:
    """What to type into a browser."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listening.getsockname()[1]}/"


def serve(
    settings: ServerSettings, pool: PluginPool, survey: Survey | None, ready: Callable[[str], None]
) -> None:
    """Serve the page until SIGINT, SIGTERM or SIGHUP. ``ready``: called with its address.

    Raises ``EnvironmentProblem`` (no Gradio, the port is in use) or ``UsageError``.
    """
    listening = open_socket(settings)
    with contextlib.closing(listening), page_folder() as folder:
        from colortk.ui._gradio import gr  # noqa: F401  (first: it sets Gradio up, or says what is missing)
        from colortk.ui.event_handlers import AppContext
        from colortk.ui.guard import Guard
        from colortk.ui.input_checks import functions
        from colortk.ui.job_queue import GradioQueue
        from colortk.ui.page import application, blocks
        from colortk.ui.web_server import PageServer

        visitors = VisitorRegistry(folder)
        app = AppContext(pool, visitors, settings.limits, threading.Event())
        made = blocks(app, survey)
        guarded = Guard(
            application(made, settings.limits), visitors, settings.limits, is_loopback(listening),
            functions(made), GradioQueue(made),
        )  # fmt: skip
        server = PageServer(guarded, lambda: ready(page_url(settings.host, listening)))
        sweeper = threading.Thread(target=_sweep, args=(visitors, app.closing), daemon=True)
        sweeper.start()
        try:
            server.run(sockets=[listening])  # it handles SIGINT, SIGTERM and SIGHUP
        finally:
            app.closing.set()
            sweeper.join()
            pool.close()  # first, so that nothing is written any more when files are deleted
            visitors.close()


def _sweep(visitors: VisitorRegistry, closing: threading.Event) -> None:
    while not closing.wait(SWEEP):
        visitors.sweep()
