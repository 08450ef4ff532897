"""The remaining time of a job, as the page shows it."""

from __future__ import annotations

import contextlib
import contextvars
import math
import threading
import time
from collections.abc import Iterator
from typing import Any

#: Seconds between two updates.
INTERVAL = 0.5


def format_time_left(seconds: float) -> str:
    """Return a remaining time as text, such as "about 5 s left"."""
    if seconds < 0.5:
        return "almost done"
    if seconds < 99.5:
        return f"about {math.ceil(seconds)} s left"
    return f"about {math.ceil(seconds / 60)} min left"


class TimeEstimates:
    """How long jobs of each kind took the last time."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def shown(self, kind: str, progress: Any) -> Iterator[None]:
        """Show the remaining time while the body runs, and measure it.

        Parameters
        ----------
        kind : str
            Jobs of one kind take about as long as each other.
        progress : callable
            Called as ``progress(share, desc=text)``, as ``gradio.Progress``.
        """
        start, ended = time.monotonic(), threading.Event()
        expected = self._seconds.get(kind)

        def update() -> None:
            while True:
                elapsed = time.monotonic() - start
                if expected is None:
                    progress(None, desc="Colorizing. The first picture takes longer")
                else:
                    share = min(0.99, elapsed / max(expected, 0.01))
                    progress(share, desc=f"Colorizing, {format_time_left(expected - elapsed)}")
                if ended.wait(INTERVAL):
                    return

        # Gradio finds the job whose progress is shown in a context variable.
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(update,), daemon=True)
        thread.start()
        try:
            yield
            self._seconds[kind] = time.monotonic() - start
        finally:
            ended.set()
            thread.join()
