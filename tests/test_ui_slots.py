"""Slots for requests are shared between visitors, and slow requests end."""

from __future__ import annotations

import asyncio
import selectors
from types import SimpleNamespace
from typing import Any

import pytest

from colortk.ui.http_requests import RequestRefused
from colortk.ui.request_slots import NoFreeSlot, RequestSlots


def test_slots_are_shared_and_assigned_in_order() -> None:
    served: list[str] = []

    async def use(slots: RequestSlots, visitor: str, go: asyncio.Event) -> None:
        async with slots.slot(visitor):
            served.append(visitor)
            await go.wait()

    async def scene() -> None:
        slots, go = RequestSlots(3, 2, 99, waiting=4, waiting_per_visitor=2), asyncio.Event()
        tasks = []
        for (
            visitor
        ) in "aaaabbc":  # a has two slots and two waiting requests, and does not delay others
            tasks.append(asyncio.create_task(use(slots, visitor, go)))
            await asyncio.sleep(0)
        assert served == ["a", "a", "b"]
        assert slots.contested
        for visitor, own in (("a", True), ("d", False)):
            with pytest.raises(NoFreeSlot) as busy:
                await use(slots, visitor, go)
            assert busy.value.own is own
        tasks.pop(5).cancel()  # the second request of b is canceled
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*tasks)
        assert served == ["a", "a", "b", "a", "c", "a"] or served == ["a", "a", "b", "a", "a", "c"]
        async with slots.slot("e"):
            assert not slots.contested

    asyncio.run(scene())


def test_one_address_gets_only_part_of_the_slots() -> None:
    async def scene() -> None:
        slots = RequestSlots(4, 4, 2)
        async with slots.slot("a", "192.0.2.1"), slots.slot("b", "192.0.2.1"):
            with pytest.raises(NoFreeSlot):
                async with slots.slot("c", "192.0.2.1"):
                    pass
            async with slots.slot("d", "192.0.2.2"), slots.slot("e", None):
                with pytest.raises(NoFreeSlot):  # all are taken
                    async with slots.slot("f", None):
                        pass

    asyncio.run(scene())


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next event, so that a busy machine changes nothing."""

    def __init__(self) -> None:
        self.now = 0.0
        selector = selectors.SelectSelector()
        select = selector.select

        def jump(timeout: float | None = None) -> Any:
            self.now += timeout or 0.0
            return select(0)

        selector.select = jump  # type: ignore[method-assign]
        super().__init__(selector)

    def time(self) -> float:
        return self.now


def test_a_slow_request_body_is_aborted(monkeypatch: pytest.MonkeyPatch) -> None:
    from colortk.ui import request_body

    def now() -> float:
        return asyncio.get_running_loop().time()

    monkeypatch.setattr(request_body, "time", SimpleNamespace(monotonic=now))

    def read(pause: float, size: int, count: int) -> int:
        left = count

        async def receive() -> dict[str, Any]:
            nonlocal left
            await asyncio.sleep(pause)
            left -= 1
            return {"type": "http.request", "body": b"x" * size, "more_body": left > 0}

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return len(runner.run(request_body.read_whole(receive, 10**6)))

    # 40 kB/s, for longer than the grace period
    assert read(1, 40_000, 20) == 800_000
    assert read(request_body.MAX_LAG - 1, 1000, 1) == 1000
    with pytest.raises(RequestRefused, match="too slow"):
        read(request_body.MAX_LAG + 1, 1000, 1)
    with pytest.raises(RequestRefused, match="too slow"):
        read(1, 1, 100)
    with pytest.raises(RequestRefused, match="too slow"):
        read(0.5, 4_000, 100)  # half of the lowest rate
    with pytest.raises(RequestRefused, match="too long"):
        read(0, 200_000, 6)
