"""Messages of wrong types are refused, and never cause an error in the guard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from colortk.ui.guard import Guard
from colortk.ui.visitor_registry import VisitorRegistry
from guarded_page import RecordingApp, ask, guard
from pages import Page, missing_gradio, serving
from test_ui_server import ask as ask_page
from test_ui_server import upload, visitor

BODIES: list[Any] = [
    [], "text", 3, None, True, {"data": 5}, {"data": {"path": 5}}, {"data": None, "fn_index": "x"},
    {"data": [], "fn_index": 10**30}, {"data": [], "fn_index": -1}, {"data": [], "fn_index": [0]},
    {"data": [], "fn_index": 0, "session_hash": ["s"]}, {"session_hash": {"path": None}},
    {"data": [float("nan"), float("inf")], "fn_index": 0, "session_hash": "n"},
    {"data": [{"path": {"path": ["x"]}}]}, {"event_data": {"path": "\0"}}, {"data": [[[[{}]]]] * 50},
    {"data": [{"path": "\ud800"}]}, {"data": [{"path": "/" + "a" * 100_000}]},
    {"data": [{"path": "/x\0y"}]}, {"data": [{"path": ""}]}, {"data": [{"path": "/dev/stdin"}]},
]  # fmt: skip
RAW = [
    b"", b"\xff\xfe{", b"\x00", b'{"a": 1', b"9" * 900_000, b'{"a":' * 100_000, b"NaN", b"\xef\xbb\xbf{}",
]  # fmt: skip


@pytest.fixture
def guarded(tmp_path: Path) -> Guard:
    return guard(RecordingApp(), VisitorRegistry(tmp_path))


@pytest.mark.parametrize("door", ["queue/join", "run/predict", "cancel", "reset"])
def test_wrong_types_are_refused(door: str, guarded: Guard) -> None:
    for body in [*(json.dumps(one).encode() for one in BODIES), *RAW]:
        status = ask(guarded, "POST", f"/gradio_api/{door}", body)[0]
        assert status in ((400, 403, 404) if body else (415,)), body[:80]


def test_impossible_paths_are_refused(guarded: Guard) -> None:
    for path in ("%00", "/etc/passwd%00.png", "/" + "a" * 60_000, "%ff", "/%ff", "", "/", "."):
        assert ask(guarded, "GET", f"/gradio_api/file={path}")[0] in (400, 404, 414), path[:40]


def test_invalid_headers_are_refused(guarded: Guard) -> None:
    door = "/gradio_api/upload"
    for length in ("-1", "1e9", "x", "", " ", "9" * 5000, "²", "0x10", "+1", "1, 1"):
        assert ask(guarded, "POST", door, b"x" * 200_000, content_length=length)[0] == 400, length
    for host in ("", ":", "[", "[::1", "localhost@evil.example", "evil.example#localhost"):
        assert ask(guarded, "GET", "/", host=host)[0] == 400, host
    assert ask(guarded, "GET", "/", host="127.0.0.1.evil")[0] == 421
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "", "POST\r\nX: y"):
        assert ask(guarded, method, "/")[0] == 405, method


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with serving("-p", "gray", folder=tmp_path_factory.mktemp("page")) as running:
        yield running


@pytest.mark.slow
@pytest.mark.skipif(bool(missing_gradio()), reason=missing_gradio() or "it is there")
def test_the_page_goes_on_after_messages_of_wrong_types(page: Page) -> None:
    cookie = visitor(page)
    for body in [*(json.dumps(one).encode() for one in BODIES), *RAW]:
        for kind in ("application/json", "text/plain"):
            _, _, said = ask_page(
                page, "POST", "/gradio_api/queue/join", body, cookie=cookie, content_type=kind
            )
            assert b"Traceback" not in said
            assert str(page.folder).encode() not in said
    status, said = upload(page, cookie, "no-picture.png", b"<svg onload=alert(1)>")
    assert status == 200
    (path,) = json.loads(said)
    status, headers, _ = ask_page(page, "GET", f"/gradio_api/file={path}", cookie=cookie)
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert ask_page(page, "GET", "/")[0] == 200
