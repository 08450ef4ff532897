"""Stop the long job of a window."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any


class StopSignals:
    """A signal for each window whose job runs."""

    def __init__(self) -> None:
        self._signals: dict[str | None, threading.Event] = {}

    @contextlib.contextmanager
    def running(self, window: str | None) -> Iterator[threading.Event]:
        """Yield the signal of a window while its job, the body, runs."""
        signal = self._signals[window] = threading.Event()
        try:
            yield signal
        finally:
            self._signals.pop(window, None)

    def stop(self, context: Any) -> list[Any]:
        """Stop the job of the window of a request. It has no outputs."""
        if (signal := self._signals.get(context.window)) is not None:
            signal.set()
        return []
