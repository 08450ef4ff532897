"""Reads the body of a request, and gives up on one that does not come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

from colortk.ui.http_requests import Receive, RequestRefused

#: Seconds that a body may lag behind its slowest allowed rate, in bytes per second. A body that
#: stops is given up after as long.
GRACE, SLOWEST = 10.0, 16_384
#: The slowest rate after so many seconds while others wait for a slot.
SLOWEST_CONTESTED, UNDISTURBED = 131_072, 60.0


class ClientDisconnected(Exception):
    """The client has closed the connection: nobody reads an answer."""


async def read_chunks(
    receive: Receive, limit: int, contested: Callable[[], bool] = lambda: False
) -> AsyncIterator[bytes]:
    """The parts of a body of at most ``limit`` bytes.

    Parameters
    ----------
    receive
        The connection's, of ASGI.
    limit
        Most bytes of the whole body.
    contested
        Whether somebody waits for this request to end.

    Raises
    ------
    RequestRefused
        408 if it comes too slowly, 413 if it is too long.
    ClientDisconnected
        If the connection was closed before its end.
    """
    allowance, size, begin = GRACE, 0, time.monotonic()
    more = True
    while more:
        asked = time.monotonic()
        try:
            part = await asyncio.wait_for(receive(), max(allowance, 0.01))
        except TimeoutError:
            raise RequestRefused(408, "the upload has stopped, or is too slow: try again") from None
        if part["type"] != "http.request":
            raise ClientDisconnected
        data = part.get("body", b"")
        size += len(data)
        if size > limit:
            raise RequestRefused(413, "that is too long")
        now = time.monotonic()
        late = contested() and now - begin > UNDISTURBED
        earned = len(data) / (SLOWEST_CONTESTED if late else SLOWEST)
        allowance = min(GRACE, allowance - (now - asked) + earned)
        if data:
            yield data
        more = part.get("more_body", False)


async def read_whole(receive: Receive, limit: int) -> bytes:
    """The whole body. Raises as :func:`read_chunks` does."""
    return b"".join([part async for part in read_chunks(receive, limit)])
