"""uvicorn with the settings of the page: signals, time limits, and a call when it is ready."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from colortk.ui.connections import Connection, close_overdue_connections
from colortk.ui.http_requests import Application

#: Seconds until open connections are closed at the end.
SHUTDOWN_SECONDS = 1
#: Connections that may wait to be accepted.
BACKLOG = 512


class PageServer(uvicorn.Server):  # type: ignore[misc]
    """A server of an application.

    Parameters
    ----------
    application : callable
        The ASGI application.
    ready : callable
        Called when the server accepts connections.
    """

    def __init__(self, application: Application, ready: Callable[[], None]) -> None:
        config: Any = uvicorn.Config(
            application, http=Connection, ws="none", lifespan="on", loop="asyncio",
            log_config=None, log_level="critical", access_log=False, server_header=False,
            proxy_headers=False,  # anyone can send these headers
            timeout_graceful_shutdown=SHUTDOWN_SECONDS, backlog=BACKLOG,
        )  # fmt: skip
        super().__init__(config)
        self._ready = ready

    async def startup(self, *arguments: Any, **keywords: Any) -> None:
        await super().startup(*arguments, **keywords)
        self._closer = asyncio.create_task(close_overdue_connections(self.server_state.connections))
        self._ready()

    async def shutdown(self, *arguments: Any, **keywords: Any) -> None:
        self._closer.cancel()
        await super().shutdown(*arguments, **keywords)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End the page at SIGHUP as at SIGTERM, unless SIGHUP is ignored (``nohup``)."""
        with super().capture_signals():
            sighup = getattr(signal, "SIGHUP", None)
            main = threading.current_thread() is threading.main_thread()
            if sighup is None or not main or signal.getsignal(sighup) is signal.SIG_IGN:
                yield
                return
            before = signal.getsignal(sighup)
            # The default action would end the process before its files are deleted.
            handled_as = signal.SIGTERM if before is signal.SIG_DFL else sighup
            signal.signal(sighup, lambda _, frame: self.handle_exit(handled_as, frame))
            try:
                yield
            finally:
                signal.signal(sighup, before)
