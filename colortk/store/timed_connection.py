"""Connections whose server must answer within a time limit.

The time limit of a socket begins again with every byte. A server that sends a byte of its headers
now and then, or a proxy that does so, would keep a download waiting for hours.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.request import HTTPHandler, HTTPSHandler, Request


@contextlib.contextmanager
def _time_limit(connection: http.client.HTTPConnection) -> Iterator[None]:
    """Shut the socket of ``connection`` if the body takes longer than its timeout.

    Raises ``TimeoutError`` then.
    """
    limit: Any = connection.timeout
    if not isinstance(limit, int | float):  # no limit, or that of all sockets
        yield
        return
    lock, is_complete, is_late = threading.Lock(), False, False

    def give_up() -> None:
        nonlocal is_late
        with lock:
            if is_complete:
                return
            is_late = True
            current = connection.sock
        if current is not None:
            with contextlib.suppress(OSError):  # it may have been closed meanwhile
                # Not the method of a TLS socket, which another thread cannot call while one reads.
                socket.socket.shutdown(current, socket.SHUT_RDWR)

    timer = threading.Timer(limit, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if is_late:
            raise TimeoutError from error
        raise
    finally:
        with lock:
            is_complete = True
        timer.cancel()
    if is_late:  # the headers end where the connection was shut
        raise TimeoutError


class _Timed(http.client.HTTPConnection):
    """Limit the time of connecting, also through a proxy, and that of the headers."""

    def connect(self) -> None:
        with _time_limit(self):
            super().connect()

    def getresponse(self) -> http.client.HTTPResponse:
        with _time_limit(self):
            response = super().getresponse()
        return response


class _TimedSecure(_Timed, http.client.HTTPSConnection):
    """The same over TLS."""


class TimedHTTPHandler(HTTPHandler):
    """Open addresses of this machine, and addresses through an HTTP proxy."""

    def http_open(self, req: Request) -> http.client.HTTPResponse:
        return self.do_open(_Timed, req)


class TimedHTTPSHandler(HTTPSHandler):
    """Open all other addresses."""

    def https_open(self, req: Request) -> http.client.HTTPResponse:
        context: Any = getattr(self, "_context", None)
        return self.do_open(_TimedSecure, req, context=context)
