"""HTTP requests and JSON messages that two programs could read differently are refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colortk.ui import json_messages
from colortk.ui.http_requests import RequestRefused, normalize
from guarded_page import DATA, ME, YOU, GuardedApp, ask


def normalized(path: str, *headers: tuple[str, str], method: str = "GET") -> Any:
    """Return the request that a guard passes on."""
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
def test_a_stream_has_one_parameter(query: str, guarded_app: GuardedApp) -> None:
    guarded, application, _ = guarded_app
    for window, token in (("mine", ME), ("yours", YOU)):
        assert ask(guarded, "GET", f"{DATA}?session_hash={window}", token=token)[0] == 200
    del application.paths[:]
    assert ask(guarded, "GET", f"{DATA}?{query}")[0] == 400
    assert application.paths == []


def test_the_checked_request_is_passed_on(guarded_app: GuardedApp) -> None:
    guarded, application, _ = guarded_app
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
def test_paths_not_in_shortest_form_are_refused(path: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        normalized(path)
    assert refused.value.status == 400


@settings(deadline=None, derandomize=True)
@given(st.text(st.characters(codec="latin-1"), max_size=40))
def test_no_path_can_be_read_in_two_ways(text: str) -> None:
    """The path that is passed on decodes to the path that was checked."""
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
def test_ambiguous_headers_are_refused(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(RequestRefused) as refused:
        normalized("/", *headers, method="POST")
    assert refused.value.status == 400


def test_get_and_head_with_a_body_are_refused(guarded_app: GuardedApp) -> None:
    guarded, _, _ = guarded_app
    for method in ("GET", "HEAD"):
        assert ask(guarded, method, "/", b"{}")[0] == 400
        assert ask(guarded, method, "/", content_length="2")[0] == 400
        assert ask(guarded, method, "/", content_length="0")[0] == 200


def test_two_visitor_cookies_are_refused(guarded_app: GuardedApp) -> None:
    guarded, _, _ = guarded_app
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
def test_ambiguous_messages_are_refused(body: bytes) -> None:
    with pytest.raises(RequestRefused) as refused:
        json_messages.parse(b'{"x": ' + body + b"}" if body[:1] not in (b"{", b"") else body)
    assert refused.value.status == 400
