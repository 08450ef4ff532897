"""Requests that two programs could read differently, and slots that nobody can take all of."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colortk.ui import json_messages
from colortk.ui.guard import Guard
from colortk.ui.http_requests import RequestRefused, normalize
from colortk.ui.job_queue import Job
from colortk.ui.request_slots import NoFreeSlot, RequestSlots
from colortk.ui.visitor_registry import VisitorRegistry
from test_ui_guard import ME, YOU, Behind, ask, guard

DATA = "/gradio_api/queue/data"


@pytest.fixture
def behind(tmp_path: Path) -> tuple[Guard, Behind]:
    application = Behind()
    return guard(application, VisitorRegistry(tmp_path)), application


def normalized(path: str, *headers: tuple[str, str], method: str = "GET") -> Any:
    """What a guard makes of a request as a client sends it."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http", "method": method, "path": "", "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"), "client": ("192.0.2.1", 1),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }  # fmt: skip
    return normalize(scope).scope(scope, None, None)


@pytest.mark.parametrize(
    "query",
    [
        "session_hash=mine&session_hash=yours",
        "session_hash=yours&session_hash=mine",
        "session_hash=mine&Session_Hash=yours",
        "session_hash=mine&session%5fhash=yours",
        "session_hash=mine&session_hash=",
        "session_hash=&session_hash=yours",
        "session_hash=mine&session_hash",
        "session_hash=mine&x=1",
        "Session_Hash=mine",
        "session_hash",
        "session_hash=",
        "",
        "session_hash=mine;session_hash=yours",
        "session_hash=mine%00",
        "session_hash=%6",
        "session_hash=%ff",
        "session_hash=mi+ne",
        "session_hash=" + "m" * 65,
        "session_hash[]=mine",
        "&".join(f"a{number}=1" for number in range(60)),
    ],
)
def test_a_stream_has_one_parameter(query: str, behind: tuple[Guard, Behind]) -> None:
    guarded, application = behind
    for window, token in (("mine", ME), ("yours", YOU)):
        assert ask(guarded, "GET", f"{DATA}?session_hash={window}", token=token)[0] == 200
    del application.paths[:]
    assert ask(guarded, "GET", f"{DATA}?{query}")[0] == 400
    assert application.paths == []


def test_what_is_passed_on_is_what_was_checked(behind: tuple[Guard, Behind]) -> None:
    guarded, application = behind
    assert ask(guarded, "GET", f"{DATA}?session%5Fhash=%6dine&")[0] == 200
    assert application.scopes[-1]["query_string"] == b"session_hash=mine"
    assert ask(guarded, "GET", "/gradio_api/%68eartbeat/mine?a=b", x_evil="1", range="x")[0] == 200
    passed = application.scopes[-1]
    assert passed["path"] == "/gradio_api/heartbeat/mine"
    assert passed["raw_path"] == b"/gradio_api/heartbeat/mine"
    assert passed["query_string"] == b""
    names = [name for name, _ in passed["headers"]]
    assert b"x-evil" not in names
    assert b"range" not in names
    assert dict(passed["headers"])[b"cookie"] == b"colortk_visitor=" + ME.encode()


@pytest.mark.parametrize(
    "path",
    [
        "//", "/a//b", "/./a", "/a/../b", "/a/.", "/a/..", "/a%2fb", "/a%2Fb", "/a%5cb", "/a\\b",
        "/a%00b", "/a%0ab", "/a%", "/a%g1", "/%ff", "/%c0%af", "/\xff", "a", "http://localhost/", "*",
        "/a#b", "/%2e%2e/a", "/a/%2e/b", "/gradio_api//queue/data", "/gradio_api/queue/data/..",
    ],
)  # fmt: skip
def test_paths_that_are_not_in_their_shortest_form(path: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        normalized(path)
    assert refused.value.status == 400


@given(st.text(st.characters(codec="latin-1"), max_size=40))
def test_no_path_has_two_readings(text: str) -> None:
    """What is passed on is the path that it was checked as, whoever decodes it."""
    from urllib.parse import unquote

    try:
        passed = normalized(f"/{text}".replace("?", ""))
    except RequestRefused:
        return
    assert unquote(passed["raw_path"].decode(), errors="strict") == passed["path"]
    assert passed["path"] == "/" or all(
        part not in ("", ".", "..") for part in passed["path"].split("/")[1:-1]
    )


@pytest.mark.parametrize(
    "headers",
    [
        [("host", "localhost"), ("host", "localhost")],
        [("host", "localhost"), ("Host", "evil.example")],
        [("origin", "http://localhost"), ("origin", "http://evil.example")],
        [("cookie", "a=1"), ("cookie", "b=1")],
        [("content-length", "1"), ("content-length", "1")],
        [("content-length", "1"), ("transfer-encoding", "chunked")],
        [("transfer-encoding", "gzip, chunked")],
        [("transfer-encoding", "identity")],
        [("content-length", "-1")],
        [("content-length", "1, 1")],
        [("content-length", "0x1")],
        [("content-length", "\xb2")],
        [("content-type", "a"), ("content-type", "b")],
        [("host", "user@localhost")],
        [("host", "localhost/evil")],
        [("x-forwarded-host", "evil/x")],
        [("x-forwarded-proto", "javascript")],
        [("x-forwarded-host", "a"), ("x-forwarded-host", "b")],
        [("upgrade", "websocket")],
        [("upgrade", "WebSocket, h2c")],
    ],
)
def test_headers_that_can_be_read_in_two_ways(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(RequestRefused) as refused:
        normalized("/", *headers, method="POST")
    assert refused.value.status == 400


def test_requests_without_a_body_have_none(behind: tuple[Guard, Behind]) -> None:
    guarded, _ = behind
    for method in ("GET", "HEAD"):
        assert ask(guarded, method, "/", b"{}")[0] == 400
        assert ask(guarded, method, "/", content_length="2")[0] == 400
        assert ask(guarded, method, "/", content_length="0")[0] == 200


def test_two_cookies_of_the_page(behind: tuple[Guard, Behind]) -> None:
    guarded, _ = behind
    for cookie in (
        f"colortk_visitor={ME}; colortk_visitor={YOU}",
        "colortk_visitor=; colortk_visitor",
    ):
        status, _, said = ask(guarded, "GET", "/", token=None, cookie=cookie)
        assert status == 400
        assert b"two cookies" in said


@pytest.mark.parametrize(
    "body",
    [
        b'{"session_hash": "mine", "session_hash": "yours"}',
        b'{"session_hash": "mine", "session\\u005fhash": "yours"}',
        b'{"data": [{"path": "a", "path": "b"}]}',
        b"[" * 21 + b"]" * 21,
        b"1" * 18,
        b"9007199254740993",
        b"1e999",
        b"NaN",
        b"-Infinity",
        b'"\\ud800"',
        b'"\\u0000"',
        b'"\xff"',
        "{}".encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b"{} {}",
        b"{",
        b"",
    ],
)
def test_messages_that_can_be_read_in_two_ways(body: bytes) -> None:
    with pytest.raises(RequestRefused) as refused:
        json_messages.parse(b'{"x": ' + body + b"}" if body[:1] not in (b"{", b"") else body)
    assert refused.value.status == 400


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
def test_calls(message: dict[str, Any], status: int, behind: tuple[Guard, Behind]) -> None:
    guarded, application = behind
    body = json.dumps(message).encode()
    assert ask(guarded, "POST", "/gradio_api/queue/join", body)[0] == status
    if status == 200:
        passed = json.loads(application.bodies[-1])
        assert sorted(passed) == ["data", "event_data", "fn_index", "session_hash", "trigger_id"]
        assert passed["event_data"] is None
    else:
        assert application.bodies == []


def test_numbers_are_brought_into_range(behind: tuple[Guard, Behind]) -> None:
    guarded, application = behind
    for given_number, passed in ((-5, 0), (0.5, 0.5), (2**50, 2)):
        body = json.dumps(call(data=[given_number, None])).encode()
        assert ask(guarded, "POST", "/gradio_api/queue/join", body)[0] == 200
        assert json.loads(application.bodies[-1])["data"][0] == passed


def test_nobody_cancels_what_others_have_asked_for(behind: tuple[Guard, Behind]) -> None:
    guarded, application = behind
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


def test_jobs_are_limited_of_each_and_in_all(tmp_path: Path) -> None:
    application, visitors = Behind(), VisitorRegistry(tmp_path)
    guarded = guard(application, visitors, waiting=5, waiting_per_visitor=2)
    join, body = "/gradio_api/queue/join", json.dumps(call()).encode()
    application.waiting = [Job(str(number), "mine") for number in range(2)]
    assert visitors.claims(ME, "mine")
    status, headers, _ = ask(guarded, "POST", join, body)
    assert status == 429
    assert int(headers["retry-after"]) > 0
    yours = json.dumps(call(session_hash="yours")).encode()
    assert ask(guarded, "POST", join, yours, token=YOU)[0] == 200
    application.waiting += [Job(str(number), "others") for number in range(3)]
    status, headers, _ = ask(guarded, "POST", join, yours, token=YOU)
    assert status == 503
    assert int(headers["retry-after"]) > 0


def test_slots_are_shared_and_given_in_order() -> None:
    served: list[str] = []

    async def use(slots: RequestSlots, visitor: str, go: asyncio.Event) -> None:
        async with slots.slot(visitor):
            served.append(visitor)
            await go.wait()

    async def scene() -> None:
        slots, go = RequestSlots(3, 2, 99, waiting=4, waiting_per_visitor=2), asyncio.Event()
        tasks = []
        for visitor in "aaaabbc":  # a has two at once, and two that wait, and holds nobody up
            tasks.append(asyncio.create_task(use(slots, visitor, go)))
            await asyncio.sleep(0)
        assert served == ["a", "a", "b"]
        assert slots.contested
        for visitor, own in (("a", True), ("d", False)):
            with pytest.raises(NoFreeSlot) as busy:
                await use(slots, visitor, go)
            assert busy.value.own is own
        tasks.pop(5).cancel()  # the second b goes away
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*tasks)
        assert served == ["a", "a", "b", "a", "c", "a"] or served == ["a", "a", "b", "a", "a", "c"]
        async with slots.slot("e"):
            assert not slots.contested

    asyncio.run(scene())


def test_an_address_has_part_of_the_slots() -> None:
    async def scene() -> None:
        slots = RequestSlots(4, 4, 2)
        async with slots.slot("a", "192.0.2.1"), slots.slot("b", "192.0.2.1"):
            with pytest.raises(NoFreeSlot):
                async with slots.slot("c", "192.0.2.1"):
                    pass
            async with slots.slot("d", "192.0.2.2"), slots.slot("e", None):
                with pytest.raises(NoFreeSlot):  # all are taken
                    async with slots.slot("f", None):
                        pass

    asyncio.run(scene())


def test_a_body_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from colortk.ui import request_body

    monkeypatch.setattr(request_body, "MAX_LAG", 0.3)

    async def scene(pause: float, size: int, count: int) -> int:
        left = count

        async def receive() -> dict[str, Any]:
            nonlocal left
            await asyncio.sleep(pause)
            left -= 1
            return {"type": "http.request", "body": b"x" * size, "more_body": left > 0}

        return len(await request_body.read_whole(receive, 10**6))

    assert asyncio.run(scene(0.05, 2000, 10)) == 20_000  # 40 kB/s, for longer than the grace
    with pytest.raises(RequestRefused, match="too slow"):
        asyncio.run(scene(0.05, 1, 100))
    with pytest.raises(RequestRefused, match="too slow"):
        asyncio.run(scene(5, 1000, 2))
    with pytest.raises(RequestRefused, match="too long"):
        asyncio.run(scene(0, 200_000, 6))
