"""What stands before Gradio: it lets through what the page needs, of whom it belongs to.

Gradio serves any file of its temporary folder to whoever knows its path, takes files by path from
anybody, fetches addresses that a visitor names, and has more entrances than this page has doors.
An ASGI middleware: it knows of Gradio only its paths.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import ExitStack
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from colortk.ui.limits import Limits
from colortk.ui.visitors import COOKIE, Visitors, is_token, new_token

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

API = "/gradio_api/"
FILE, UPLOAD = f"{API}file=", f"{API}upload"
#: The same for everybody.
OPEN = ("/assets/", "/static/", "/svelte/")
OPEN_FILES = {"/", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt"}
#: A visitor's own: streams that last, and messages in JSON.
STREAMS = (f"{API}queue/data", f"{API}heartbeat/", f"{API}upload_progress")
MESSAGES = {f"{API}queue/join", f"{API}run/predict", f"{API}cancel", f"{API}reset"}
#: Bytes of a message; files do not come in it.
LONGEST_MESSAGE = 1_000_000
#: Bytes around a file in a form.
FORM = 100_000
#: Uploads at once.
UPLOADS = 8
LOCAL = {"localhost", "127.0.0.1", "::1"}

HEADERS = {
    # Gradio's page has inline scripts, and its templates are compiled in the browser.
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; "
        "font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class Refused(Exception):
    """A request that is answered here: status and one line."""

    def __init__(self, status: int, why: str) -> None:
        self.status, self.why = status, why
        super().__init__(why)


class Guard:
    """Gradio's ``application`` behind the rules of this file.

    ``local``: the page is bound to loopback, and only asked for by a name of loopback (a stranger's
    page may point a name of its own at this machine).
    """

    def __init__(
        self, application: Application, visitors: Visitors, limits: Limits, local: bool
    ) -> None:
        self._application, self._visitors = application, visitors
        self._limits, self._local = limits, local
        self._uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
        elif scope["type"] == "http":
            try:
                await self._request(scope, receive, send)
            except Refused as refused:
                await _answer(send, refused)
        # else a web socket, which uvicorn then refuses: the page has none

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        method, path = scope["method"], scope["path"]
        self._check_origin(method, headers)
        told = _cookie(headers.get("cookie", ""))
        if method in ("GET", "HEAD") and (path in OPEN_FILES or path.startswith(OPEN)):
            fresh = new_token() if path == "/" and not is_token(told) else None
            scope = dict(scope)
            if path == "/":
                scope["query_string"] = b""  # of deep links, which read what others have stored
            await self._application(scope, receive, _dressed(send, fresh))
            return
        if not is_token(told):
            raise Refused(403, "load the page again, with cookies")
        assert told is not None
        send = _dressed(send)
        with ExitStack() as stack:
            if method in ("GET", "HEAD") and path.startswith(FILE):
                if not self._visitors.owns(told, path.removeprefix(FILE)):
                    raise Refused(404, "there is no such file")
            elif method == "GET" and path.startswith(STREAMS):
                stack.enter_context(self._visitors.connected(told))
                self._check_session(told, _session_of(scope))
            elif method == "POST" and path == UPLOAD:
                await self._upload(told, headers, scope, receive, send)
                return
            elif method == "POST" and path.rstrip("/") in MESSAGES:
                receive = await self._message(told, headers, receive)
            else:
                raise Refused(404, "there is no such page")
            await self._application(scope, receive, send)

    def _check_origin(self, method: str, headers: dict[str, str]) -> None:
        """Refuse what another site's page has sent, or asks for under another name."""
        host = headers.get("host", "")
        if self._local and _name(host) not in LOCAL:
            raise Refused(421, "this page is asked for by another name than localhost")
        if method in ("GET", "HEAD"):
            return
        origin = headers.get("origin")
        other = origin is not None and origin.partition("://")[2].lower() != host.lower()
        if other or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise Refused(403, "that came from another site's page")

    def _check_session(self, token: str, session: object) -> None:
        if isinstance(session, str) and not self._visitors.claims(token, session):
            raise Refused(403, "that window is another visitor's")

    async def _message(self, token: str, headers: dict[str, str], receive: Receive) -> Receive:
        """What then gives the message again, read and found to name only the visitor's files."""
        body = b""
        more = True
        while more:
            part = await receive()
            if part["type"] != "http.request":
                raise Refused(400, "the message is not whole")
            body += part.get("body", b"")
            more = part.get("more_body", False)
            if len(body) > LONGEST_MESSAGE:
                raise Refused(413, "that message is too long")
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            raise Refused(400, "that is no message") from None
        if isinstance(message, dict):
            self._check_session(token, message.get("session_hash"))
        for path in _paths(message):
            if not isinstance(path, str) or not self._visitors.owns(token, path):
                raise Refused(403, "that file is not yours, or not here any more: upload it again")
        given = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def again() -> Message:
            return next(given, None) or await receive()

        return again

    async def _upload(
        self, token: str, headers: dict[str, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Let a form in that is not too long, and note down whose the files are."""
        limit = self._limits.upload + FORM
        length = headers.get("content-length", "")[:18]  # Python reads no number of 5000 digits
        if length.isdecimal() and int(length) > limit:
            raise Refused(413, f"not taken: {self._limits.too_large(int(length))}")
        if self._uploads >= UPLOADS or shutil.disk_usage(self._visitors.root).free < 4 * limit:
            raise Refused(503, "too many files at once: try again in a minute")
        read = status = 0
        said = b""

        async def counted() -> Message:
            nonlocal read
            part = await receive()
            read += len(part.get("body", b""))
            # A form without a length that goes on for ever ends here.
            return part if read <= limit else {"type": "http.disconnect"}

        async def noted(part: Message) -> None:
            nonlocal said, status
            if read > limit:
                return
            if part["type"] == "http.response.start":
                status = part["status"]
            else:
                said += part.get("body", b"")
                if status == 200 and not part.get("more_body", False):
                    self._visitors.uploaded(token, json.loads(said))
            await send(part)

        plain = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
        self._uploads += 1
        try:
            with self._visitors.connected(token):
                await self._application({**scope, "headers": plain}, counted, noted)
        except Exception:
            if read <= limit:
                raise
        finally:
            self._uploads -= 1
        if read > limit:
            raise Refused(413, f"not taken: {self._limits.too_large(read)}")


def _paths(value: Any) -> Iterator[Any]:
    """Everything in a message that Gradio may take for a file's path."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if one.get("path") is not None:
                yield one["path"]
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _session_of(scope: Scope) -> str | None:
    path: str = scope["path"]
    if path.startswith(f"{API}heartbeat/"):
        return path.rstrip("/").rpartition("/")[2]
    given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_hash")
    return given[0] if given else None


def _cookie(text: str) -> str | None:
    try:
        found = SimpleCookie(text).get(COOKIE)
    except CookieError:
        return None
    return found.value if found else None


def _name(host: str) -> str:
    """A host's name without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _dressed(send: Send, cookie: str | None = None) -> Send:
    """``send`` with our headers, without those that let other sites in."""

    async def dressed(part: Message) -> None:
        if part["type"] == "http.response.start":
            ours = {name.encode(): value.encode() for name, value in HEADERS.items()}
            kept = [
                (name, value)
                for name, value in part.get("headers", [])
                if name.lower() not in ours and not name.lower().startswith(b"access-control-")
            ]
            if cookie is not None:
                value = f"{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Lax"
                kept.append((b"set-cookie", value.encode()))
            part = {**part, "headers": [*kept, *ours.items()]}
        await send(part)

    return dressed


async def _answer(send: Send, refused: Refused) -> None:
    body = json.dumps({"detail": refused.why, "error": refused.why}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    dressed = _dressed(send)
    await dressed({"type": "http.response.start", "status": refused.status, "headers": headers})
    await dressed({"type": "http.response.body", "body": body})
