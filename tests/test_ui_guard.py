"""The guard of the web page: paths, other sites, and files of other visitors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from colortk.ui.visitor_registry import COOKIE
from guarded_page import ME, YOU, GuardedApp, ask, guard

MESSY = "/gradio_api/file=/tmp/../etc/passwd"


def test_a_guarded_page_loads_nothing_from_elsewhere(
    guarded_app: GuardedApp,
) -> None:
    guarded, application, _ = guarded_app
    status, headers, _ = ask(guarded, "GET", "/?deep_link=x", token=None)
    assert status == 200
    assert headers["set-cookie"].startswith(f"{COOKIE}=")
    assert "HttpOnly; SameSite=Lax" in headers["set-cookie"]
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers
    assert "set-cookie" not in ask(guarded, "GET", "/")[1]
    assert ask(guarded, "GET", "/assets/x.js", token=None)[0] == 200
    assert application.paths == ["/", "/", "/assets/x.js"]


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/gradio_api/file=/etc/passwd"),
        ("GET", MESSY),
        ("GET", "/gradio_api/file=https:example.com/"),
        ("GET", "/gradio_api/file=README.md"),
        ("GET", "/gradio_api/file/etc/passwd"),
        ("GET", "/gradio_api/proxy=example.com/"),
        ("GET", "/gradio_api/info"),
        ("GET", "/config"),
        ("GET", "/monitoring"),
        ("GET", "/gradio_api/runs"),
        ("GET", "/gradio_api/deep_link"),
        ("POST", "/gradio_api/call/predict"),
        ("POST", "/gradio_api/component_server"),
        ("POST", "/gradio_api/vibe-edit"),
        ("POST", "/login"),
        ("PUT", "/"),
        ("GET", "//"),
    ],
)
def test_paths_without_a_route_are_refused(method: str, path: str, guarded_app: GuardedApp) -> None:
    guarded, application, _ = guarded_app
    expected = 405 if path == "/" else 400 if path in ("//", MESSY) else 404
    assert ask(guarded, method, path)[0] == expected
    assert application.paths == []


def test_requests_from_other_sites_and_host_names_are_refused(guarded_app: GuardedApp) -> None:
    guarded, application, visitors = guarded_app
    join = "/gradio_api/queue/join"
    body = json.dumps({"data": [1, None], "fn_index": 0, "session_hash": "s"}).encode()
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ):
        assert ask(guarded, "POST", join, body, **headers)[0] == 403
    assert ask(guarded, "GET", "/", host="evil.example")[0] == 421
    assert ask(guarded, "GET", "/", host="localhost.evil.example:7860")[0] == 421
    assert application.paths == []
    good = {"origin": "http://localhost:7860", "sec_fetch_site": "same-origin"}
    assert ask(guarded, "POST", join, body, **good)[0] == 200
    for host in ("127.0.0.1:9", "[::1]:7860", "LOCALHOST"):
        assert ask(guarded, "GET", "/", host=host)[0] == 200
    public = guard(application, visitors, local=False)
    assert ask(public, "GET", "/", host="server.example")[0] == 200
    assert ask(public, "POST", join, body, host="server.example", origin="http://x")[0] == 403


def test_messages_may_name_only_files_of_the_visitor(
    guarded_app: GuardedApp, tmp_path: Path
) -> None:
    guarded, application, visitors = guarded_app
    upload = tmp_path / "h" / "x.png"
    upload.parent.mkdir()
    upload.write_text("x")
    visitors.add_uploads(ME, [str(upload)])

    def join(token: str | None, path: Any, session: str = "s", door: str = "queue/join") -> int:
        file = {"path": path, "url": "https://example.com/", "meta": {"_type": "gradio.FileData"}}
        given = None if path is None else file
        data, number = ([1, given], 0) if door == "queue/join" else ([given, None], 1)
        body = json.dumps({"data": data, "session_hash": session, "fn_index": number}).encode()
        return ask(guarded, "POST", f"/gradio_api/{door}", body, token=token)[0]

    assert join(ME, str(upload)) == 200
    passed = json.loads(application.bodies[-1])
    assert passed["session_hash"] == "s"
    assert passed["data"][1] == {"path": str(upload), "meta": {"_type": "gradio.FileData"}}
    assert dict(application.scopes[-1]["headers"])[b"content-length"] == (
        b"%d" % len(application.bodies[-1])
    )
    assert join(ME, None) == 200
    assert join(YOU, str(upload), "t") == 403
    assert join(None, None) == 403
    assert join(YOU, None, "s") == 403  # my window
    for path in ("/etc/passwd", "https://example.com/x.png", f"{upload}/../../y.png", ""):
        assert join(ME, path) == 403, path
        assert join(ME, path, door="run/predict") == 403
    assert join(ME, ["x"]) == 400
    assert ask(guarded, "POST", "/gradio_api/queue/join", b"no json")[0] == 400
    assert ask(guarded, "POST", "/gradio_api/queue/join", b"[" * 100_000)[0] == 400
    assert ask(guarded, "POST", "/gradio_api/queue/join", b" " * 1_000_001)[0] == 413
    assert ask(guarded, "GET", "/gradio_api/queue/data?session_hash=s", token=YOU)[0] == 403
    assert ask(guarded, "GET", "/gradio_api/heartbeat/s", token=YOU)[0] == 403
    assert ask(guarded, "GET", "/gradio_api/heartbeat/s")[0] == 200
    assert ask(guarded, "GET", f"/gradio_api/file={upload}")[0] == 200
    assert ask(guarded, "GET", f"/gradio_api/file={upload}", token=YOU)[0] == 404
    assert application.paths[-1] == f"/gradio_api/file={upload}"
