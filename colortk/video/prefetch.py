"""Stages that run side by side: each in a thread of its own, a few items apart."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from typing import Any, TypeVar

Item = TypeVar("Item")

#: Seconds between two looks at whether the other side is still there.
_LOOK = 0.1
#: Seconds to wait for a stage that is told to end: it may be in the middle of a frame.
_PATIENCE = 10.0


def prefetch(items: Iterator[Item], depth: int = 4) -> Generator[Item, None, None]:
    """The same items, made in a thread that is at most ``depth`` of them ahead.

    What the thread raises is raised here. Closing this ends the thread and closes ``items`` in it,
    and so on through every stage behind it: libraries of films and networks work without Python's
    lock, so that decoding, the network and encoding share the cores.
    """
    made: queue.Queue[tuple[str, Any]] = queue.Queue(depth)
    stop = threading.Event()

    def hand(kind: str, what: Any) -> bool:
        while not stop.is_set():
            try:
                made.put((kind, what), timeout=_LOOK)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not hand("item", item):
                    break
        except BaseException as error:  # whatever it is, it is the consumer's to handle
            hand("error", error)
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
            hand("end", None)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            try:
                # With a timeout: Ctrl-C is not heard in a wait without one on every system.
                kind, what = made.get(timeout=_LOOK)
            except queue.Empty:
                continue
            if kind == "item":
                yield what
            elif kind == "error":
                raise what
            else:
                return
    finally:
        stop.set()
        thread.join(_PATIENCE)
