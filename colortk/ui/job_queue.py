"""Jobs that wait or run in Gradio's queue, and their owners."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Job:
    """A job of the queue.

    Parameters
    ----------
    id : str
        Gradio's identifier of the event that started it.
    session : str
        Gradio's identifier of the browser window that it comes from.
    """

    id: str
    session: str


class Queue(Protocol):
    """A queue, as the guard uses it."""

    def jobs(self) -> list[Job]:
        """Return the jobs that wait or run."""

    def listens(self, session: str) -> bool:
        """Return whether the queue has messages for a window, or will have some."""


class GradioQueue:
    """The queue of a Gradio page.

    Parameters
    ----------
    blocks : gradio.Blocks
        The page.
    """

    def __init__(self, blocks: Any) -> None:
        self._blocks = blocks

    def jobs(self) -> list[Job]:
        """Return the jobs that wait or run."""
        # Gradio removes a job from this dictionary when it has ended or was canceled.
        events: Iterable[Any] = self._blocks._queue.event_ids_to_events.values()
        return [Job(event._id, event.session_hash) for event in events]

    def listens(self, session: str) -> bool:
        """Return whether the queue has messages for a window, or will have some."""
        return session in self._blocks._queue.pending_messages_per_session
