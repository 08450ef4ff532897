"""Slots for concurrent requests, shared fairly among visitors and served in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

#: Seconds after which a client should try again.
RETRY_AFTER = 10


class NoFreeSlot(Exception):
    """No slot is free, and the queue is full.

    Parameters
    ----------
    own : bool
        Whether the visitor's own requests are the reason.
    """

    def __init__(self, is_own_limit: bool) -> None:
        self.own = is_own_limit
        super().__init__("no free slot")


@dataclass(eq=False)
class _Claim:
    visitor: str
    address: str | None
    turn: asyncio.Future[None] = field(default_factory=asyncio.Future)


@dataclass
class RequestSlots:
    """A number of slots. To be used in one event loop.

    A request that waits for slots of its own visitor does not hold up the requests behind it.

    Parameters
    ----------
    total : int
        Slots in all.
    per_visitor, per_address : int
        Slots of one visitor, and of one network address.
    waiting, waiting_per_visitor : int
        Requests that may wait for a slot, in all and of one visitor.
    """

    total: int
    per_visitor: int
    per_address: int
    waiting: int = 0
    waiting_per_visitor: int = 0
    _active: list[_Claim] = field(default_factory=list)
    _queue: list[_Claim] = field(default_factory=list)

    @property
    def contested(self) -> bool:
        """Whether a request waits because all slots are taken."""
        return bool(self._queue) and len(self._active) >= self.total

    @contextlib.asynccontextmanager
    async def slot(self, visitor: str, address: str | None = None) -> AsyncIterator[None]:
        """Hold a slot while the block runs. Wait for it if none is free.

        Parameters
        ----------
        visitor : str
            Token of the visitor.
        address : str or None
            Address of the client; ``None`` is not counted.

        Raises
        ------
        NoFreeSlot
            If too many requests wait already.
        """
        claim = _Claim(visitor, address)
        self._queue.append(claim)
        self._admit()
        try:
            if not claim.turn.done():
                self._check_queue(claim)
            await claim.turn
            yield
        finally:
            for claims in (self._queue, self._active):
                if claim in claims:
                    claims.remove(claim)
            self._admit()

    def _check_queue(self, claim: _Claim) -> None:
        own_waiting = sum(other.visitor == claim.visitor for other in self._queue)
        if own_waiting > self.waiting_per_visitor:
            raise NoFreeSlot(is_own_limit=self.waiting_per_visitor > 0 or not self._fits(claim))
        if len(self._queue) > self.waiting:
            raise NoFreeSlot(is_own_limit=False)

    def _fits(self, claim: _Claim) -> bool:
        visitors = sum(other.visitor == claim.visitor for other in self._active)
        addresses = sum(other.address == claim.address for other in self._active)
        return visitors < self.per_visitor and (
            claim.address is None or addresses < self.per_address
        )

    def _admit(self) -> None:
        for claim in list(self._queue):
            if len(self._active) >= self.total:
                return
            if self._fits(claim) and not claim.turn.done():
                self._queue.remove(claim)
                self._active.append(claim)
                claim.turn.set_result(None)
