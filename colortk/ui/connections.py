"""Connections of the page, with time limits for silent and slow clients.

uvicorn waits without a limit for the headers of a request, for the rest of a body that it discards,
and for a client that does not read its response.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

#: Concurrent connections, in all and of one address other than this machine.
MAX_CONNECTIONS, MAX_PER_ADDRESS = 500, 250
#: Seconds for the headers of a request.
HEADER_TIMEOUT = 10.0
#: Seconds for the rest of a body after the response to it.
BODY_TIMEOUT = 10.0
#: Seconds in which a client has to read a response.
READ_TIMEOUT = 30.0
#: Seconds between two checks of all connections.
CHECK_INTERVAL = 0.5
#: File descriptors that the page needs besides its connections.
OTHER_DESCRIPTORS = 100

_BUSY_RESPONSE = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 10\r\nconnection: close\r\n"
    b"content-type: text/plain\r\ncontent-length: 39\r\n\r\n"
    b"too many connections: try again later.\n"
)


def connection_limit() -> int:
    """Return ``MAX_CONNECTIONS``, or less if the process may open fewer files."""
    try:
        import resource
    except ImportError:  # Windows
        return MAX_CONNECTIONS
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if allowed == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(20, min(MAX_CONNECTIONS, allowed - OTHER_DESCRIPTORS))


class Connection(H11Protocol):  # type: ignore[misc]
    """A connection that records since when it has made no progress."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        #: When it began to wait for a request, and when its client stopped reading.
        self.waiting_since = time.monotonic()
        self.blocked_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.waiting_since = time.monotonic()
        if not make_room(self, self.connections):
            transport.write(_BUSY_RESPONSE)
            transport.close()

    def on_response_complete(self) -> None:
        self.waiting_since = time.monotonic()
        super().on_response_complete()

    def pause_writing(self) -> None:
        self.blocked_since = time.monotonic()
        super().pause_writing()

    def resume_writing(self) -> None:
        self.blocked_since = None
        super().resume_writing()

    @property
    def address(self) -> str | None:
        """Address of the client; ``None`` if it is this machine."""
        try:
            address = ip_address(self.client[0]) if self.client else None
        except ValueError:
            return None
        return None if address is None or address.is_loopback else str(address)

    @property
    def is_answering(self) -> bool:
        """Whether a response is under way. The guard limits its time."""
        return self.cycle is not None and not self.cycle.response_complete

    def is_overdue(self, now: float) -> bool:
        """Return whether the time of the client is over at the time ``now``."""
        if self.blocked_since is not None:
            return now - self.blocked_since > READ_TIMEOUT
        if self.is_answering:
            return False
        discarding = self.cycle is not None and self.conn.their_state is h11.SEND_BODY
        return now - self.waiting_since > (BODY_TIMEOUT if discarding else HEADER_TIMEOUT)


def make_room(new: Connection, connections: Iterable[Any]) -> bool:
    """Close the connection that has been silent for the longest time if there are too many.

    Parameters
    ----------
    new : Connection
        The connection that was opened last.
    connections : iterable
        All connections of the server.

    Returns
    -------
    bool
        Whether there is room for ``new``.
    """
    other_connections = [c for c in connections if isinstance(c, Connection) and c is not new]
    same_address = [other for other in other_connections if other.address == new.address]
    if len(other_connections) >= connection_limit():
        candidates = other_connections
    elif new.address is not None and len(same_address) >= MAX_PER_ADDRESS:
        candidates = same_address
    else:
        return True
    silent = [candidate for candidate in candidates if not candidate.is_answering]
    if not silent:
        return False
    oldest = min(silent, key=lambda connection: connection.waiting_since)
    oldest.transport.abort()
    oldest.connections.discard(oldest)
    return True


async def close_overdue_connections(connections: Iterable[Any]) -> None:
    """Close silent and slow connections, until the task is canceled.

    Parameters
    ----------
    connections : iterable
        The live collection of the server's connections.
    """
    while True:
        await asyncio.sleep(CHECK_INTERVAL)
        now = time.monotonic()
        for connection in list(connections):
            if isinstance(connection, Connection) and connection.is_overdue(now):
                with contextlib.suppress(OSError):
                    connection.transport.abort()
