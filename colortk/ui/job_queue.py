"""Jobs that wait or run in Gradio's queue, and their owners.

Gradio has no public way to list the jobs of a window, or to stop one and show what it has done: its
parameter ``cancels`` drops the result of a job that runs. This module uses attributes that Gradio
does not document, and ``tests/test_ui_gradio_queue.py`` names them, so that a version of Gradio
without one of them fails there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import anyio.from_thread


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
        events: list[Any] = list(self._blocks._queue.event_ids_to_events.values())
        return [Job(event._id, event.session_hash) for event in events]

    def jobs_of(self, group: str) -> list[Job]:
        """Return the jobs of a group, Gradio's ``concurrency_id``, that wait or run."""
        events: list[Any] = list(self._blocks._queue.event_ids_to_events.values())
        return [
            Job(event._id, event.session_hash) for event in events if event.concurrency_id == group
        ]

    def remove_waiting(self, session: str | None, group: str, outputs: list[Any]) -> bool:
        """Remove the waiting jobs of a window, and end them for the browser.

        To be called in a function of the page that Gradio runs in a thread.

        Parameters
        ----------
        session : str or None
            Gradio's identifier of the window.
        group : str
            Gradio's ``concurrency_id`` of the jobs.
        outputs : list
            What the jobs return: Gradio's updates.

        Returns
        -------
        bool
            Whether there were any.
        """
        removed: bool = anyio.from_thread.run(self._remove_waiting, session, group, outputs)
        return removed

    async def _remove_waiting(self, session: str | None, group: str, outputs: list[Any]) -> bool:
        queue = self._blocks._queue
        waiting = queue.event_queue_per_concurrency_id.get(group)
        events = [] if waiting is None else list(waiting.queue)
        removed = False
        for event in events:
            if event.session_hash != session:
                continue
            await queue.remove_from_queue(event._id)
            if event._id in queue.event_ids_to_events:  # it has begun meanwhile
                continue
            queue.send_message(event, _completed(outputs))
            removed = True
        return removed

    def listens(self, session: str) -> bool:
        """Return whether the queue has messages for a window, or will have some."""
        return session in self._blocks._queue.pending_messages_per_session


def _completed(outputs: list[Any]) -> Any:
    """Return the message to a browser that a job has ended with these outputs."""
    from gradio.server_messages import ProcessCompletedMessage

    output = {"data": outputs, "is_generating": False, "duration": 0.0, "average_duration": 0.0}
    return ProcessCompletedMessage(output=output, success=True)
