"""The guard before the page, and what visitors have: whose it is, how much, and for how long."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from colortk.errors import PictureError
from colortk.ui import uploads
from colortk.ui import visitor_registry as visiting
from colortk.ui.guard import Guard
from colortk.ui.input_checks import (
    _boolean,
    _choice,
    _choices,
    _file,
    _number,
    _state,
    _stored_text,
)
from colortk.ui.job_queue import Job
from colortk.ui.json_messages import Function
from colortk.ui.limits import Limits
from colortk.ui.visitor_registry import COOKIE, VisitorRegistry, is_token, new_token

MESSY = "/gradio_api/file=/tmp/../etc/passwd"
ME, YOU = "m" * 43, "y" * 43


def test_what_a_visitor_has_is_theirs_until_they_have_gone(tmp_path: Path) -> None:
    now = 1000.0
    visitors = VisitorRegistry(tmp_path, lambda: now)
    assert is_token(new_token())
    assert not is_token("x")
    upload = tmp_path / "hash" / "a.png"
    upload.parent.mkdir()
    upload.write_text("a")
    visitors.uploaded(ME, [str(upload)])
    result = visitors.result_folder(ME, "w", "picture") / "a-colorized.png"
    result.write_text("b")
    for path in (upload, result):
        assert visitors.owns(ME, str(path))
        assert not visitors.owns(YOU, str(path))
    mine = visitors.of(ME).folder
    (mine / "link").symlink_to("/etc/passwd")
    for path in ("/etc/passwd", "a.png", f"{mine}/../../x", f"{mine}/link", "\0", str(mine)):
        assert not visitors.owns(ME, path), path
    assert visitors.claims(ME, "w")
    assert not visitors.claims(YOU, "w")

    with visitors.connected(ME):
        assert visitors.present(ME)
        now += 2 * visiting.KEEP_SECONDS
        visitors.sweep()
        assert result.exists()
    assert not visitors.present(ME)
    visitors.uploaded(YOU, [str(upload)])
    now += visiting.KEEP_SECONDS + 1
    visitors.of(YOU)
    visitors.sweep()
    assert not mine.exists()
    assert upload.exists()  # somebody else has uploaded the same
    now += visiting.KEEP_SECONDS + 1
    visitors.sweep()
    assert list(tmp_path.iterdir()) == []


def test_only_the_latest_is_kept(tmp_path: Path) -> None:
    visitors = VisitorRegistry(tmp_path)
    folders = [visitors.result_folder(ME, "w", "picture") for _ in range(5)]
    visitors.result_folder(ME, "w", "film")
    assert [folder.exists() for folder in folders] == [False, False, False, True, True]
    paths = []
    for number in range(visiting.MAX_UPLOADS + 2):
        path = tmp_path / str(number) / "x.png"
        path.parent.mkdir()
        path.write_text("x")
        visitors.uploaded(ME, [str(path)])
        paths.append(path)
    assert [path.exists() for path in paths] == [False] * 2 + [True] * visiting.MAX_UPLOADS
    with pytest.raises(PictureError, match="out of date"):
        visitors.result_folder(None, "w", "picture")


#: Of a page with three functions; 1 is not queued.
FUNCTIONS = {
    0: Function(True, (_number(0, 2), _file)),
    1: Function(False, (_file, _stored_text)),
    2: Function(True, (_boolean, _state, _choice(["a", "b"]), _choices(["a", "b"]))),
}


def test_visitors_and_windows_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    visitors = VisitorRegistry(tmp_path, lambda: now)
    monkeypatch.setattr(visiting, "MAX_VISITORS", 3)
    with visitors.connected(ME):
        result = visitors.result_folder(YOU, "w", "picture")
        for number in range(5):
            now += 1
            visitors.of(f"{number:043d}")
        assert visitors.present(ME)  # who is there stays
        assert not result.exists()
    monkeypatch.setattr(visiting, "MAX_WINDOWS", 2)
    assert [visitors.claims(ME, window) for window in "abc"] == [True] * 3
    assert visitors.owner("a") is None
    assert visitors.owner("b") == visitors.owner("c") == ME
    assert not visitors.claims(YOU, "c")


class Behind:
    """What stands behind the guard: it notes what comes through, and answers. It is a queue too."""

    def __init__(self, body: bytes = b"[]") -> None:
        self.paths: list[str] = []
        self.scopes: list[Any] = []
        self.bodies: list[bytes] = []
        self.body = body
        self.waiting: list[Job] = []

    def jobs(self) -> list[Job]:
        return self.waiting

    def listens(self, session: str) -> bool:
        return True

    async def __call__(
        self, scope: Any, receive: Callable[..., Any], send: Callable[..., Any]
    ) -> None:
        self.paths.append(scope["path"])
        self.scopes.append(scope)
        body = b""
        while True:
            part = await receive()
            if part["type"] == "http.disconnect":
                raise OSError("the client has gone")
            body += part["body"]
            if not part.get("more_body"):
                break
        self.bodies.append(body)
        headers = [(b"access-control-allow-origin", b"*"), (b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def ask(
    guarded: Guard,
    method: str,
    path: str,
    body: bytes = b"",
    token: str | None = ME,
    **headers: str,
) -> tuple[int, dict[str, str], bytes]:
    """One request through a guard; ``_`` in names of headers is ``-``.

    ``path`` is what a client sends, percent signs and query included.
    """
    given = {"host": "localhost:7860", **{k.replace("_", "-"): v for k, v in headers.items()}}
    if body:
        given.setdefault("content-type", "application/json")
        given.setdefault("transfer-encoding", "chunked")
    if "content-length" in given:
        given.pop("transfer-encoding", None)
    if token is not None:
        given["cookie"] = f"other=1; {COOKIE}={token}"
    path, _, query = path.partition("?")
    scope = {
        "type": "http", "method": method, "path": unquote(path), "raw_path": path.encode(),
        "query_string": query.encode(), "client": ("127.0.0.1", 1),
        "headers": [(k.encode(), v.encode()) for k, v in given.items()],
    }  # fmt: skip
    half = len(body) // 2
    parts = [
        {"type": "http.request", "body": body[:half], "more_body": True},
        {"type": "http.request", "body": body[half:], "more_body": False},
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return parts.pop(0)

    async def send(part: dict[str, Any]) -> None:
        sent.append(part)

    asyncio.run(guarded(scope, receive, send))
    assert [part["type"] for part in sent] == ["http.response.start", "http.response.body"]
    said = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], said, sent[1]["body"]


def guard(
    application: Behind, visitors: VisitorRegistry, local: bool = True, **limits: int
) -> Guard:
    """A guard before ``application``."""
    given = Limits(**{"upload": 1000, **limits})
    return Guard(application, visitors, given, local, FUNCTIONS, application)


@pytest.fixture
def behind(tmp_path: Path) -> tuple[Guard, Behind, VisitorRegistry]:
    application, visitors = Behind(), VisitorRegistry(tmp_path)
    return guard(application, visitors), application, visitors


def test_a_guarded_page_loads_nothing_from_elsewhere(
    behind: tuple[Guard, Behind, VisitorRegistry],
) -> None:
    guarded, application, _ = behind
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
def test_doors_that_the_page_does_not_have(
    method: str, path: str, behind: tuple[Guard, Behind, VisitorRegistry]
) -> None:
    guarded, application, _ = behind
    expected = 405 if path == "/" else 400 if path in ("//", MESSY) else 404
    assert ask(guarded, method, path)[0] == expected
    assert application.paths == []


def test_other_sites_and_other_names(behind: tuple[Guard, Behind, VisitorRegistry]) -> None:
    guarded, application, visitors = behind
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


def test_messages_name_only_what_is_the_visitors(
    behind: tuple[Guard, Behind, VisitorRegistry], tmp_path: Path
) -> None:
    guarded, application, visitors = behind
    upload = tmp_path / "h" / "x.png"
    upload.parent.mkdir()
    upload.write_text("x")
    visitors.uploaded(ME, [str(upload)])

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


def form(data: bytes, name: str = "x.png", border: str = "b") -> tuple[bytes, dict[str, str]]:
    """A form with a file, and its headers."""
    head = f'--{border}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{border}--\r\n".encode()
    return body, {"content_type": f"multipart/form-data; boundary={border}"}


def test_uploads_are_limited_and_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_FORM_OVERHEAD", 200)
    application, visitors = Behind(), VisitorRegistry(tmp_path)
    guarded = guard(application, visitors)
    door = "/gradio_api/upload"
    body, headers = form(b"x" * 900)
    status, _, said = ask(guarded, "POST", door, body, content_length=str(len(body)), **headers)
    assert status == 200
    (path,) = json.loads(said)
    assert Path(path).read_bytes() == b"x" * 900
    assert visitors.owns(ME, path)
    assert not visitors.owns(YOU, path)
    assert ask(guarded, "POST", door, body, token=None, **headers)[0] == 403
    status, _, said = ask(guarded, "POST", door, content_length="2000", **headers)
    assert status == 413
    assert b"the limit is 0.001 MB" in said
    long, _ = form(b"x" * 2000)
    status, _, said = ask(guarded, "POST", door, long, **headers)  # it does not say how long it is
    assert status == 413
    assert b"the limit is 0.001 MB" in said
    assert len(list(tmp_path.iterdir())) == 1  # nothing is left of what was refused
    assert application.paths == []


@pytest.mark.parametrize(
    "name, kept",
    [
        ("old street.jpg", "old street.jpg"),
        ("../../x.png", "x.png"),
        ("C:\\photos\\x.png", "x.png"),
        ("Frühling (1).tif", "Frühling (1).tif"),
        ("a%2fb?c#d*.png", "a2fbcd.png"),
        ("", "file"),
        ("..", "file"),
        ("a" * 1000 + ".jpeg", "a" * 145 + ".jpeg"),
        ("x." + "y" * 300, "x.yy"),
        ("日本.png", "日本.png"),
    ],
)
def test_names_of_uploads(name: str, kept: str) -> None:
    assert uploads.safe_name(name) == kept


def test_an_upload_may_be_sent_again_under_its_name(
    behind: tuple[Guard, Behind, VisitorRegistry],
) -> None:
    """As Chromium does after status 408; but not twice at once."""
    guarded, _, _ = behind
    body, headers = form(b"x")
    door = "/gradio_api/upload?upload_id=again"
    for sent, status in ((body[:-9], 400), (body, 200), (body, 200)):
        assert ask(guarded, "POST", door, sent, **headers)[0] == status
    guarded._uploads.track(ME, "other")
    assert ask(guarded, "POST", door.replace("again", "other"), body, **headers)[0] == 400


@pytest.mark.parametrize("cut", [10, 60, 120, -1, -3, -5])
def test_a_form_that_is_not_whole_leaves_nothing(
    cut: int, behind: tuple[Guard, Behind, VisitorRegistry], tmp_path: Path
) -> None:
    guarded, _, _ = behind
    body, headers = form(b"x" * 100)
    expected = 200 if cut == -1 else 400  # without its last line feed a form is whole
    assert ask(guarded, "POST", "/gradio_api/upload", body[:cut], **headers)[0] in (expected, 400)
    assert cut == -1 or list(tmp_path.iterdir()) == []


def test_forms_that_can_be_read_in_two_ways(
    behind: tuple[Guard, Behind, VisitorRegistry], tmp_path: Path
) -> None:
    guarded, _, _ = behind
    body, headers = form(b"x")
    name = b'name="files"; filename="x.png"'
    for wrong in (
        body.replace(
            b"--b--", b"--b\r\nContent-Disposition: form-data; " + name + b"\r\n\r\ny\r\n--b--"
        ),
        body.replace(b"\r\n\r\n", b"\r\nContent-Disposition: form-data; name=y\r\n\r\n", 1),
        body.replace(name, b'name="files"'),
        body.replace(name, b'name="other"; filename="x.png"'),
        body.replace(name, b'name="files"; filename="\xff\xfe.png"'),
        body.replace(b"form-data", b"attachment"),
        body.replace(b"--b\r\n", b"--bx\r\n", 1),
        b"",
    ):
        assert ask(guarded, "POST", "/gradio_api/upload", wrong, **headers)[0] == 400, wrong
    for kind, status in (
        ("application/json", 415),
        ("", 415),
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        ("multipart/form-data; boundary=b; boundary=c", 400),
        (f"multipart/form-data; boundary={'b' * 71}", 400),
    ):
        assert ask(guarded, "POST", "/gradio_api/upload", body, content_type=kind)[0] == status, (
            kind
        )
    assert list(tmp_path.iterdir()) == []
