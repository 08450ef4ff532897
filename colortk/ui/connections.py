"""Connections of the page: silent and slow ones are closed, and make room for new ones.

uvicorn waits for ever for the headers of a request, for the rest of a body that nobody reads any
more, and for a client that does not read its answer.
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

#: Connections at once, in all and of one address that is not this machine's.
MAX_CONNECTIONS, MAX_PER_ADDRESS = 500, 250
#: Seconds for the headers of a request, for the rest of a body after the answer, and for a client
#: to read what it was sent.
HEADERS, LINGER, READING = 10.0, 10.0, 30.0
#: Seconds between two looks at all connections.
LOOK = 0.5
#: File descriptors that the page needs besides those of its connections.
OTHER_FILES = 100

_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 10\r\nconnection: close\r\n"
    b"content-type: text/plain\r\ncontent-length: 39\r\n\r\n"
    b"too many connections: try again later.\n"
)


def connection_limit() -> int:
    """``MAX_CONNECTIONS``, or fewer where the process may open fewer files."""
    try:
        import resource
    except ImportError:  # not on every system
        return MAX_CONNECTIONS
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if allowed == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(20, min(MAX_CONNECTIONS, allowed - OTHER_FILES))


class Connection(H11Protocol):  # type: ignore[misc]
    """A connection that says for how long it has made no progress."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        #: When it began to wait for a request, and when its client stopped reading.
        self.waiting_since = time.monotonic()
        self.blocked_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.waiting_since = time.monotonic()
        if not make_room(self, self.connections):
            transport.write(_BUSY)
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
        """The client's address, ``None`` if it is this machine's."""
        try:
            address = ip_address(self.client[0]) if self.client else None
        except ValueError:
            return None
        return None if address is None or address.is_loopback else str(address)

    @property
    def answering(self) -> bool:
        """Whether a request is being answered: then the guard watches the time."""
        return self.cycle is not None and not self.cycle.response_complete

    def overdue(self, now: float) -> bool:
        """Whether the client has had its time."""
        if self.blocked_since is not None:
            return now - self.blocked_since > READING
        if self.answering:
            return False
        discarding = self.cycle is not None and self.conn.their_state is h11.SEND_BODY
        return now - self.waiting_since > (LINGER if discarding else HEADERS)


def make_room(new: Connection, connections: Iterable[Any]) -> bool:
    """Close the connection that has been silent longest if there are too many.

    Returns whether there is room for ``new`` now.
    """
    every = [one for one in connections if isinstance(one, Connection) and one is not new]
    same = [one for one in every if one.address == new.address]
    if len(every) >= connection_limit():
        crowd = every
    elif new.address is not None and len(same) >= MAX_PER_ADDRESS:
        crowd = same
    else:
        return True
    silent = [one for one in crowd if not one.answering]
    if not silent:
        return False
    oldest = min(silent, key=lambda one: one.waiting_since)
    oldest.transport.abort()
    oldest.connections.discard(oldest)
    return True


async def close_overdue_connections(connections: Iterable[Any]) -> None:
    """Close connections of which nothing comes, until cancelled. ``connections``: as they are now."""
    while True:
        await asyncio.sleep(LOOK)
        now = time.monotonic()
        for one in list(connections):
            if isinstance(one, Connection) and one.overdue(now):
                with contextlib.suppress(OSError):
                    one.transport.abort()
