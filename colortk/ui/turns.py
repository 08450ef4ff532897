"""Turns at something that visitors share, in the order in which they asked."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterator


class Busy(Exception):
    """It is another one's turn."""


class Turns:
    """A lock that is first come, first served.

    A thread that releases a ``threading.Lock`` and takes it again at once often gets it before one
    that waits: a film, which needs the plugin for frame after frame, would keep pictures waiting.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: deque[threading.Event] = deque()

    @property
    def count(self) -> int:
        """Number of threads that have a turn or wait for one."""
        with self._lock:
            return len(self._queue)

    @contextlib.contextmanager
    def turn(self, wait: bool = True) -> Iterator[None]:
        """Wait for a turn, which lasts as long as the body.

        Raises
        ------
        Busy
            It is another one's turn, and ``wait`` is false.
        """
        begins = threading.Event()
        with self._lock:
            if self._queue and not wait:
                raise Busy
            self._queue.append(begins)
            if len(self._queue) == 1:
                begins.set()
        try:
            begins.wait()
            yield
        finally:
            with self._lock:
                self._queue.remove(begins)
                if self._queue:
                    self._queue[0].set()
