"""What waits and runs in Gradio's queue, and of whom it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Job:
    """``id``: of the event. ``session``: the window that it comes from."""

    id: str
    session: str


class Queue(Protocol):
    """What the guard asks of a queue."""

    def jobs(self) -> list[Job]:
        """Jobs that wait or run."""

    def listens(self, session: str) -> bool:
        """Whether there are messages for a window, or will be."""


class GradioQueue:
    """The queue of Gradio's ``blocks``."""

    def __init__(self, blocks: Any) -> None:
        self._blocks = blocks

    def jobs(self) -> list[Job]:
        """Jobs that wait or run."""
        # Gradio drops a job from this dictionary when it has ended or was cancelled.
        events: Iterable[Any] = self._blocks._queue.event_ids_to_events.values()
        return [Job(event._id, event.session_hash) for event in events]

    def listens(self, session: str) -> bool:
        """Whether there are messages for a window, or will be."""
        return session in self._blocks._queue.pending_messages_per_session
