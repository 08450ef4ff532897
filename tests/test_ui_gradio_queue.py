"""What the web page relies on in Gradio's queue, which has no documented interface for it."""

from __future__ import annotations

import inspect
from typing import Any

import anyio
import pytest

from pages import missing_gradio

pytestmark = pytest.mark.skipif(bool(missing_gradio()), reason=missing_gradio() or "it is there")

#: Attributes of Gradio's objects, and what ``colortk/ui/job_queue.py`` does with them.
USED = {
    "Blocks": {"_queue": "finds the queue of the page"},
    "Queue": {
        "event_ids_to_events": "lists the jobs that wait or run",
        "event_queue_per_concurrency_id": "lists the waiting jobs of a group",
        "pending_messages_per_session": "knows whether a window waits for messages",
        "remove_from_queue": "removes a waiting job",
        "send_message": "ends a removed job for its browser",
    },
    "Event": {
        "_id": "identifies a job",
        "session_hash": "knows the window of a job",
        "concurrency_id": "knows the group of a job",
    },
    "EventQueue": {"queue": "lists the waiting jobs of a group"},
}


async def films() -> Any:
    """Return a page with two functions of the group "films" and "pictures".

    It is async because Gradio, without a running event loop, makes one and leaves it open.
    """
    from colortk.ui._gradio import gr

    with gr.Blocks() as page:
        value = gr.Textbox()
        value.submit(lambda text: text, value, value, concurrency_id="films")
        value.change(lambda text: text, value, value, concurrency_id="pictures")
    page.queue()
    return page


async def push(page: Any, window: str, function: int) -> str:
    """Put a job into the queue, as a request of the browser does, and return its identifier."""
    from gradio.data_classes import PredictBodyInternal

    body = PredictBodyInternal(session_hash=window, fn_index=function, data=["text"])
    _, job, state = await page._queue.push(body, None, None)
    assert state == "success"
    return str(job)


async def films_with_a_job() -> Any:
    page = await films()
    await push(page, "mine", 0)
    return page


def test_gradio_has_the_attributes_that_stopping_a_job_uses() -> None:
    from gradio import __version__

    page = anyio.run(films_with_a_job)
    queue = page._queue
    objects = {
        "Blocks": page,
        "Queue": queue,
        "Event": next(iter(getattr(queue, "event_ids_to_events", {}).values()), None),
        "EventQueue": getattr(queue, "event_queue_per_concurrency_id", {}).get("films"),
    }
    missing = [
        f"{kind}.{name} is missing: colortk/ui/job_queue.py {use} by it"
        for kind, names in USED.items()
        for name, use in names.items()
        if not hasattr(objects[kind], name)
    ]
    assert not missing, f"Gradio {__version__} has another queue: " + "; ".join(missing)
    assert inspect.iscoroutinefunction(queue.remove_from_queue)
    assert list(inspect.signature(queue.remove_from_queue).parameters) == ["event_id"]
    assert len(inspect.signature(queue.send_message).parameters) == 2


def test_a_waiting_job_of_one_window_and_group_is_removed_and_ended() -> None:
    from gradio.server_messages import ProcessCompletedMessage

    from colortk.ui.job_queue import GradioQueue, Job

    async def stop() -> None:
        page = await films()
        jobs = GradioQueue(page)
        mine = await push(page, "mine", 0)
        yours = await push(page, "yours", 0)
        picture = await push(page, "mine", 1)
        assert jobs.jobs_of("films") == [Job(mine, "mine"), Job(yours, "yours")]
        remove = anyio.to_thread.run_sync
        assert await remove(jobs.remove_waiting, "mine", "films", ["stopped"])
        assert not await remove(jobs.remove_waiting, "mine", "films", ["stopped"])
        assert not await remove(jobs.remove_waiting, "mine", "batches", [])
        assert jobs.jobs() == [Job(yours, "yours"), Job(picture, "mine")]
        assert jobs.listens("mine")
        assert not jobs.listens("nobody")
        messages = page._queue.pending_messages_per_session["mine"]
        received = [messages.get_nowait() for _ in range(messages.qsize())]
        (ended,) = [message for message in received if isinstance(message, ProcessCompletedMessage)]
        assert ended.event_id == mine
        assert ended.success
        assert ended.output["data"] == ["stopped"]

    anyio.run(stop)
