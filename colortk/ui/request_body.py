"""Read the body of a request, and give up on a body that does not arrive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

from colortk.ui.http_requests import Receive, RequestRefused

#: Seconds that a body may lag behind the lowest allowed rate. A body that stops is given up after
#: as many seconds.
MAX_LAG = 10.0
#: The lowest allowed rate, in bytes per second.
MIN_RATE = 16_384
#: The lowest allowed rate of an upload that has taken more than ``CONTESTED_GRACE_SECONDS`` while
#: other uploads wait for a slot.
MIN_RATE_CONTESTED, CONTESTED_GRACE_SECONDS = 131_072, 60.0


class ClientDisconnected(Exception):
    """The client has closed the connection, so that a response cannot be sent."""


async def read_chunks(
    receive: Receive, limit: int, contested: Callable[[], bool] = lambda: False
) -> AsyncIterator[bytes]:
    """Yield the chunks of a body as they arrive.

    Parameters
    ----------
    receive : callable
        The function of ASGI that returns the next message of the connection.
    limit : int
        The largest allowed body, in bytes.
    contested : callable
        Returns whether another request waits for this one to end.

    Yields
    ------
    bytes
        A chunk, not empty.

    Raises
    ------
    RequestRefused
        With status 408 if the body arrives too slowly, with 413 if it is too long.
    ClientDisconnected
        If the connection was closed before the end of the body.
    """
    allowance, size, start = MAX_LAG, 0, time.monotonic()
    has_more = True
    while has_more:
        before = time.monotonic()
        try:
            part = await asyncio.wait_for(receive(), max(allowance, 0.01))
        except TimeoutError:
            raise RequestRefused(408, "the upload has stopped or is too slow: try again") from None
        if part["type"] != "http.request":
            raise ClientDisconnected
        data = part.get("body", b"")
        size += len(data)
        if size > limit:
            raise RequestRefused(413, "the request is too long")
        now = time.monotonic()
        hurry = now - start > CONTESTED_GRACE_SECONDS and contested()
        earned = len(data) / (MIN_RATE_CONTESTED if hurry else MIN_RATE)
        allowance = min(MAX_LAG, allowance - (now - before) + earned)
        if data:
            yield data
        has_more = part.get("more_body", False)


async def read_whole(receive: Receive, limit: int) -> bytes:
    """Return the body of at most ``limit`` bytes. Raises the errors of :func:`read_chunks`."""
    return b"".join([part async for part in read_chunks(receive, limit)])
