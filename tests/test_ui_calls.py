"""Calls of the page's functions: types of arguments, canceling, and limits of jobs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from colortk.ui.job_queue import Job
from colortk.ui.visitor_registry import VisitorRegistry
from guarded_page import DATA, ME, YOU, GuardedApp, RecordingApp, ask, guard


def call(**parts: Any) -> dict[str, Any]:
    return {"data": [1, None], "fn_index": 0, "session_hash": "mine", **parts}


@pytest.mark.parametrize(
    "message, status",
    [
        (call(fn_index=True), 400),
        (call(fn_index="0"), 400),
        (call(fn_index=0.0), 400),
        (call(fn_index=None), 400),
        (call(fn_index=-1), 404),
        (call(fn_index=99), 404),
        (call(fn_index=1), 400),  # it is not queued
        (call(data=None), 400),
        (call(data={}), 400),
        (call(data=[]), 400),
        (call(data=[1]), 400),
        (call(data=[1, None, None]), 400),
        (call(data=["1", None]), 400),
        (call(data=[True, None]), 400),
        (call(data=[None, None]), 400),
        (call(data=[1, "x"]), 400),
        (call(data=[1, ["x"]]), 400),
        (call(data=[1, {"path": 5}]), 400),
        (call(data=[1, {"url": "http://localhost/"}]), 400),
        (call(data=[1, {"path": "/etc/passwd"}]), 403),
        (call(trigger_id="x"), 400),
        (call(trigger_id=-1), 400),
        (call(trigger_id=True), 400),
        (call(session_hash=None), 400),
        (call(session_hash=["mine"]), 400),
        (call(session_hash="../x"), 400),
        (call(session_hash=""), 400),
        (call(fn_index=2, data=[1, None, "a", []]), 400),
        (call(fn_index=2, data=[True, None, "c", []]), 400),
        (call(fn_index=2, data=[True, None, ["a"], []]), 400),
        (call(fn_index=2, data=[True, None, "a", ["a", "a"]]), 400),
        (call(fn_index=2, data=[True, None, "a", ["c"]]), 400),
        (call(fn_index=2, data=[True, None, "a", [["a"]]]), 400),
        (call(fn_index=2, data=[True, None, "a", "a"]), 400),
        (call(fn_index=2, data=[True, {"any": "thing"}, "a", ["b", "a"]]), 200),
        (call(extra=1, event_data={"x": 1}, batched=True), 200),
    ],
)
def test_calls_are_checked_before_they_are_passed_on(
    message: dict[str, Any], status: int, guarded_app: GuardedApp
) -> None:
    guarded, application, _ = guarded_app
    body = json.dumps(message).encode()
    assert ask(guarded, "POST", "/gradio_api/queue/join", body)[0] == status
    if status == 200:
        passed = json.loads(application.bodies[-1])
        assert sorted(passed) == ["data", "event_data", "fn_index", "session_hash", "trigger_id"]
        assert passed["event_data"] is None
    else:
        assert application.bodies == []


def test_numbers_are_clipped_to_their_range(guarded_app: GuardedApp) -> None:
    guarded, application, _ = guarded_app
    for given_number, passed in ((-5, 0), (0.5, 0.5), (2**50, 2)):
        body = json.dumps(call(data=[given_number, None])).encode()
        assert ask(guarded, "POST", "/gradio_api/queue/join", body)[0] == 200
        assert json.loads(application.bodies[-1])["data"][0] == passed


def test_visitors_cannot_cancel_jobs_of_others(guarded_app: GuardedApp) -> None:
    guarded, application, _ = guarded_app
    assert ask(guarded, "GET", f"{DATA}?session_hash=yours", token=YOU)[0] == 200
    application.waiting = [Job("a" * 32, "yours")]
    del application.paths[:]
    message = {"session_hash": "mine", "fn_index": 0, "event_id": "a" * 32}
    assert ask(guarded, "POST", "/gradio_api/cancel", json.dumps(message).encode())[0] == 200
    assert application.paths == []
    message["session_hash"] = "yours"
    assert ask(guarded, "POST", "/gradio_api/cancel", json.dumps(message).encode())[0] == 403
    assert application.paths == []
    assert (
        ask(guarded, "POST", "/gradio_api/cancel", json.dumps(message).encode(), token=YOU)[0]
        == 200
    )
    assert application.paths == ["/gradio_api/cancel"]


def test_jobs_are_limited_per_visitor_and_in_total(tmp_path: Path) -> None:
    application, visitors = RecordingApp(), VisitorRegistry(tmp_path)
    guarded = guard(application, visitors, waiting=5, waiting_per_visitor=2)
    join, body = "/gradio_api/queue/join", json.dumps(call()).encode()
    application.waiting = [Job(str(number), "mine") for number in range(2)]
    assert visitors.claim_window(ME, "mine")
    status, headers, _ = ask(guarded, "POST", join, body)
    assert status == 429
    assert int(headers["retry-after"]) > 0
    yours = json.dumps(call(session_hash="yours")).encode()
    assert ask(guarded, "POST", join, yours, token=YOU)[0] == 200
    application.waiting += [Job(str(number), "others") for number in range(3)]
    status, headers, _ = ask(guarded, "POST", join, yours, token=YOU)
    assert status == 503
    assert int(headers["retry-after"]) > 0
