"""A guard in front of an application that records requests, and a client for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

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
from colortk.ui.visitor_registry import COOKIE, VisitorRegistry

#: Tokens of two visitors.
ME = "m" * 43
YOU = "y" * 43
#: Path of the stream of results.
DATA = "/gradio_api/queue/data"
#: The three functions of the page; function 1 is not queued.
FUNCTIONS = {
    0: Function(True, (_number(0, 2), _file)),
    1: Function(False, (_file, _stored_text)),
    2: Function(True, (_boolean, _state, _choice(["a", "b"]), _choices(["a", "b"]))),
}


class RecordingApp:
    """An application behind the guard that records all requests. It is the job queue, too."""

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
    """Send one request through a guard; ``_`` in header names stands for ``-``.

    ``path`` is the path that a client sends, with percent signs and query.
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
    application: RecordingApp, visitors: VisitorRegistry, local: bool = True, **limits: int
) -> Guard:
    """Return a guard in front of ``application``."""
    given = Limits(**{"upload": 1000, **limits})
    return Guard(application, visitors, given, local, FUNCTIONS, application)


#: A guard, the application behind it, and its visitors.
GuardedApp = tuple[Guard, RecordingApp, VisitorRegistry]
