"""Stop the long job of a window, while it waits in the queue, too."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, Protocol

from colortk.ui.job_queue import Job


class WaitingJobs(Protocol):
    """The queue of the page, as :class:`StopSignals` uses it."""

    def jobs_of(self, group: str) -> list[Job]:
        """Return the jobs of a group that wait or run."""

    def remove_waiting(self, session: str | None, group: str, outputs: list[Any]) -> bool:
        """Remove the waiting jobs of a window, and return whether there were any."""


class StopSignals:
    """A signal for each window whose job runs.

    Parameters
    ----------
    queue : WaitingJobs
        The queue of the page.
    group : str
        Gradio's ``concurrency_id`` of the jobs.
    stopped_outputs : list
        Outputs of a job that is stopped before it begins.
    """

    def __init__(self, queue: WaitingJobs, group: str, stopped_outputs: list[Any]) -> None:
        self._queue, self._group, self._stopped_outputs = queue, group, stopped_outputs
        self._lock = threading.Lock()
        self._signals: dict[str | None, threading.Event] = {}
        #: Jobs that have ended, as long as the queue still lists them.
        self._ended: set[str] = set()

    @contextlib.contextmanager
    def running(self, window: str | None) -> Iterator[threading.Event]:
        """Yield the signal of a window while its job, the body, runs."""
        with self._lock:
            signal = self._signals.setdefault(window, threading.Event())
        try:
            yield signal
        finally:
            with self._lock:
                self._signals.pop(window, None)
                jobs = self._queue.jobs_of(self._group)
                own = {job.id for job in jobs if job.session == window}
                self._ended = own | (self._ended & {job.id for job in jobs})

    def stop(self, context: Any) -> list[Any]:
        """Stop the job of the window of a request, whether it runs or waits. It has no outputs."""
        window = context.window
        if self._queue.remove_waiting(window, self._group, self._stopped_outputs):
            return []
        with self._lock:
            signal = self._signals.get(window)
            if signal is None and self._begins(window):
                # The job finds its signal set.
                signal = self._signals[window] = threading.Event()
            if signal is not None:
                signal.set()
        return []

    def _begins(self, window: str | None) -> bool:
        """Return whether a job of a window waits no more, and does not run yet."""
        jobs = self._queue.jobs_of(self._group)
        return any(job.session == window and job.id not in self._ended for job in jobs)
