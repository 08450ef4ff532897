"""Compute the items of an iterator ahead of time, in a thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from typing import Any, TypeVar

Item = TypeVar("Item")

#: Seconds between two checks of whether the other thread still works.
_POLL = 0.1
#: Most seconds to wait at the end for the thread, which may be in the middle of an item.
_JOIN_TIMEOUT = 10.0


def prefetch(items: Iterator[Item], depth: int = 4) -> Generator[Item, None, None]:
    """Yield ``items`` in order while a thread computes the next ones.

    Stages of a pipeline that are connected in this way run side by side: libraries for films and
    networks release Python's lock, so that decoding, the network and encoding share the cores.

    Parameters
    ----------
    items : iterator
        Advanced, and at the end closed, in the thread.
    depth : int, optional
        Most items that are ready but not used yet.

    Yields
    ------
    object
        The items. Closing the generator ends the thread.

    Raises
    ------
    BaseException
        Whatever ``items`` raises.

    Examples
    --------
    >>> list(prefetch(iter("abc")))
    ['a', 'b', 'c']
    """
    ready: queue.Queue[tuple[str, Any]] = queue.Queue(depth)
    stop = threading.Event()

    def put(kind: str, value: Any) -> bool:
        while not stop.is_set():
            try:
                ready.put((kind, value), timeout=_POLL)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put("item", item):
                    break
        except BaseException as error:  # of any class: the consumer handles it
            put("error", error)
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
            put("end", None)

    thread = threading.Thread(target=work, name="colortk prefetch", daemon=True)
    thread.start()
    try:
        while True:
            try:
                # On some systems Ctrl-C does not interrupt a wait without a timeout.
                kind, value = ready.get(timeout=_POLL)
            except queue.Empty:
                continue
            if kind == "item":
                yield value
            elif kind == "error":
                raise value
            else:
                return
    finally:
        stop.set()
        thread.join(_JOIN_TIMEOUT)
