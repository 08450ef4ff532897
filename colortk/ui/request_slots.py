"""A number of slots, shared fairly: nobody can take all of them, and who waits is served in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

#: Seconds after which it makes sense to ask again.
RETRY_AFTER = 10


class NoFreeSlot(Exception):
    """There is no slot, and no room to wait for one. ``own``: because of the visitor's own requests."""

    def __init__(self, own: bool) -> None:
        self.own = own
        super().__init__("no slot")


@dataclass(eq=False)
class _Claim:
    visitor: str
    address: str | None
    turn: asyncio.Future[None] = field(default_factory=asyncio.Future)


@dataclass
class RequestSlots:
    """``total`` slots at once: at most ``per_visitor`` of a visitor, ``per_address`` of an address.

    ``waiting`` claims may wait, ``waiting_per_visitor`` of one visitor. A claim that waits for its
    own visitor's slots does not hold up those behind it. For use in one event loop.
    """

    total: int
    per_visitor: int
    per_address: int
    waiting: int = 0
    waiting_per_visitor: int = 0
    _held: list[_Claim] = field(default_factory=list)
    _queue: list[_Claim] = field(default_factory=list)

    @property
    def contested(self) -> bool:
        """Whether somebody waits because all slots are taken."""
        return bool(self._queue) and len(self._held) >= self.total

    @contextlib.asynccontextmanager
    async def slot(self, visitor: str, address: str | None = None) -> AsyncIterator[None]:
        """Hold a slot while the block runs. Raises ``NoFreeSlot``."""
        claim = _Claim(visitor, address)
        self._queue.append(claim)
        self._admit()
        try:
            if not claim.turn.done():
                self._check_room(claim)
            await claim.turn
            yield
        finally:
            for claims in (self._queue, self._held):
                if claim in claims:
                    claims.remove(claim)
            self._admit()

    def _check_room(self, claim: _Claim) -> None:
        own = sum(other.visitor == claim.visitor for other in self._queue)
        if own > self.waiting_per_visitor:
            raise NoFreeSlot(own=self.waiting_per_visitor > 0 or not self._fits(claim))
        if len(self._queue) > self.waiting:
            raise NoFreeSlot(own=False)

    def _fits(self, claim: _Claim) -> bool:
        visitors = sum(other.visitor == claim.visitor for other in self._held)
        addresses = sum(other.address == claim.address for other in self._held)
        return visitors < self.per_visitor and (
            claim.address is None or addresses < self.per_address
        )

    def _admit(self) -> None:
        for claim in list(self._queue):
            if len(self._held) >= self.total:
                return
            if self._fits(claim) and not claim.turn.done():
                self._queue.remove(claim)
                self._held.append(claim)
                claim.turn.set_result(None)
