"""Serve the page until it is interrupted, and delete its files."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address

from colortk.errors import EnvironmentProblem, UsageError
from colortk.survey.pairs.session import PairSurvey
from colortk.survey.session import Survey
from colortk.ui.limits import Limits
from colortk.ui.page_folder import page_folder
from colortk.ui.plugin_pool import PluginPool
from colortk.ui.visitor_registry import VisitorRegistry

#: Seconds between two searches for files that can be deleted.
SWEEP_INTERVAL = 15.0
#: The port if none is named; if it is in use, a free port is chosen.
DEFAULT_PORT = 7860
#: Connections that may wait to be accepted.
BACKLOG = 512


@dataclass(frozen=True)
class ServerSettings:
    """Address of the page, and its limits.

    Parameters
    ----------
    host : str
        Address to listen on.
    port : int or None
        ``None``: the default port, or a free one if that is in use.
    limits : Limits
        Limits of the page.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    limits: Limits = field(default_factory=Limits)


def open_socket(settings: ServerSettings) -> socket.socket:
    """Open the socket that the page listens on.

    Parameters
    ----------
    settings : ServerSettings
        Address and port.

    Raises
    ------
    UsageError
        If the host is not an address of this machine.
    EnvironmentProblem
        If the port cannot be used.
    """
    for port in [settings.port] if settings.port is not None else [DEFAULT_PORT, 0]:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                settings.host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
        except (OSError, UnicodeError) as error:
            raise UsageError(
                f"--host {settings.host}",
                "it is not an address of this machine",
                "the default is 127.0.0.1",
            ) from error
        listening = socket.socket(family, kind, protocol)
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(address)
            listening.listen(BACKLOG)
        except OSError as error:
            listening.close()
            if settings.port is None and port == DEFAULT_PORT:
                continue
            raise EnvironmentProblem(
                f"cannot listen on {settings.host}:{port}", error.strerror or str(error),
                "choose another --port or leave it out",
            ) from error  # fmt: skip
        return listening
    raise AssertionError("unreachable: the last port was opened or refused")


def is_loopback(listening: socket.socket) -> bool:
    """Return whether only this machine can reach the socket ``listening``."""
    return ip_address(listening.getsockname()[0]).is_loopback


def page_url(host: str, listening: socket.socket) -> str:
    """Return the URL of the page, for a browser."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listening.getsockname()[1]}/"


def serve(
    settings: ServerSettings,
    pool: PluginPool,
    survey: Survey | PairSurvey | None,
    ready: Callable[[str], None],
) -> None:
    """Serve the page until SIGINT, SIGTERM or SIGHUP.

    Parameters
    ----------
    settings : ServerSettings
        Where.
    pool : PluginPool
        Plugins that the page offers.
    survey : Survey, PairSurvey or None
        A survey to ask.
    ready : callable
        Called with the URL when the page can be opened.

    Raises
    ------
    EnvironmentProblem
        If Gradio is missing or the port cannot be used.
    UsageError
        If the host is not an address of this machine.
    """
    server_socket = open_socket(settings)
    with contextlib.closing(server_socket), page_folder() as folder:
        from colortk.ui._gradio import gr  # noqa: F401  (first: it configures Gradio, or reports what is missing)
        from colortk.ui.event_handlers import AppContext
        from colortk.ui.guard import Guard
        from colortk.ui.input_checks import functions
        from colortk.ui.job_queue import GradioQueue
        from colortk.ui.page import application, blocks
        from colortk.ui.web_server import PageServer

        visitors = VisitorRegistry(folder, max_upload_bytes=settings.limits.uploads)
        app = AppContext(pool, visitors, settings.limits, threading.Event())
        page = blocks(app, survey)
        guarded_app = Guard(
            application(page, settings.limits), visitors, settings.limits,
            is_loopback(server_socket), functions(page), GradioQueue(page),
        )  # fmt: skip
        server = PageServer(guarded_app, lambda: ready(page_url(settings.host, server_socket)))
        sweeper = threading.Thread(target=_sweep, args=(visitors, pool, app.closing), daemon=True)
        sweeper.start()
        try:
            server.run(sockets=[server_socket])  # it handles SIGINT, SIGTERM and SIGHUP
        finally:
            app.closing.set()
            sweeper.join()
            pool.close()  # before the files are deleted, so that nothing is written afterward
            visitors.close()


def _sweep(visitors: VisitorRegistry, pool: PluginPool, closing: threading.Event) -> None:
    while not closing.wait(SWEEP_INTERVAL):
        visitors.sweep()
        pool.forget_deleted_references()
