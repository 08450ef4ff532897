"""The guard in front of Gradio: an ASGI middleware that passes on only requests of the page.

Gradio serves every file of its temporary folder to anyone who knows the path, accepts any path as
an input file, fetches URLs that a visitor names, and has endpoints that this page does not use. The
guard knows only the paths of Gradio. It normalizes each request once, and Gradio gets the checked
values instead of the original request (:mod:`colortk.ui.http_requests`,
:mod:`colortk.ui.json_messages`).
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any

from colortk.ui import json_messages, request_body, uploads
from colortk.ui.http_requests import (
    IDENTIFIER,
    Application,
    HttpRequest,
    Message,
    Receive,
    RequestRefused,
    Scope,
    Send,
    cookie_value,
    host_name,
    normalize,
)
from colortk.ui.http_responses import send_json, send_refusal, with_security_headers
from colortk.ui.job_queue import Queue
from colortk.ui.json_messages import Function
from colortk.ui.limits import MEGABYTE, Limits
from colortk.ui.request_slots import RETRY_AFTER, NoFreeSlot
from colortk.ui.visitor_registry import COOKIE, VisitorRegistry, is_token, new_token

API = "/gradio_api/"
FILE_PATH, HEARTBEAT_PATH = f"{API}file=", f"{API}heartbeat/"
UPLOAD, PROGRESS = f"{API}upload", f"{API}upload_progress"
JOIN, PREDICT, DATA = f"{API}queue/join", f"{API}run/predict", f"{API}queue/data"
CANCEL, RESET = f"{API}cancel", f"{API}reset"
#: Paths that are the same for all visitors.
OPEN = ("/assets/", "/static/", "/svelte/")
OPEN_FILES = {"/", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt"}
READ, WRITE = ("GET", "HEAD"), ("POST",)
#: Methods of the paths that belong to a visitor.
METHODS = {
    UPLOAD: WRITE, JOIN: WRITE, PREDICT: WRITE, CANCEL: WRITE, RESET: WRITE,
    PROGRESS: ("GET",), DATA: ("GET",),
}  # fmt: skip
LOCAL = {"localhost", "127.0.0.1", "::1"}


class Guard:
    """Gradio's application behind the rules of this file.

    Parameters
    ----------
    application : callable
        Gradio, as an ASGI application.
    visitors : VisitorRegistry
        Visitors and their files.
    limits : Limits
        Limits of the page.
    local : bool
        Whether the page listens on a loopback address. Then it is served only under a name of
        loopback, because another site may point its own host name to this machine.
    functions : mapping
        Functions of the page by number.
    queue : Queue
        Queue of the page's jobs.
    """

    def __init__(
        self,
        application: Application,
        visitors: VisitorRegistry,
        limits: Limits,
        local: bool,
        functions: Mapping[int, Function],
        queue: Queue,
    ) -> None:
        self._application, self._visitors = application, visitors
        self._limits, self._local = limits, local
        self._functions, self._queue = functions, queue
        self._uploads = uploads.Uploads(visitors.root, limits.upload)
        self._upload_slots, self._stream_slots = limits.upload_slots(), limits.stream_slots()
        self._message_slots = limits.message_slots()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
        elif scope["type"] == "http":
            started = False

            async def send_and_note(part: Message) -> None:
                nonlocal started
                started = True
                await send(part)

            try:
                await self._request(scope, receive, send_and_note)
            except RequestRefused as refused:
                await send_refusal(send, refused)
            except NoFreeSlot as error:
                await send_refusal(send, _too_many(error))
            except request_body.ClientDisconnected:
                return
            except Exception as error:  # a bug: one line, because a visitor could fill the log
                where = f"{scope['method'][:10]} {scope['path'][:80]!r}"
                print(f"colortk: {where} failed: {type(error).__name__}", file=sys.stderr)
                if not started:
                    await send_refusal(send, RequestRefused(500, "internal error"))
                raise
        # Anything else is a WebSocket, which uvicorn refuses: the page has none.

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = normalize(scope)
        self._check_host(request)
        path, method = request.path, request.method
        token = cookie_value(request.headers, COOKIE)
        if path in OPEN_FILES or path.startswith(OPEN):
            _check_method(method, READ)
            fresh = new_token() if path == "/" and not is_token(token) else None
            # No query: on "/" it names deep links, which read data that other visitors have stored.
            passed = request.with_query().scope(scope, None, None)
            await self._application(passed, receive, with_security_headers(send, fresh))
            return
        allowed = READ if path.startswith((FILE_PATH, HEARTBEAT_PATH)) else METHODS.get(path)
        if allowed is None:
            raise RequestRefused(404, "there is no such page")
        _check_method(method, allowed)
        _check_origin(request)
        if token is None or not is_token(token):
            raise RequestRefused(403, "load the page again with cookies enabled")
        send = with_security_headers(send)
        if path.startswith(FILE_PATH):
            if not self._visitors.owns(token, path.removeprefix(FILE_PATH)):
                raise RequestRefused(404, "there is no such file")
            passed = request.with_query().scope(scope, (COOKIE, token), None)
            async with self._stream_slots.slot(token, request.address):
                await self._application(passed, receive, send)
        elif path == UPLOAD:
            await self._upload(token, request, receive, send)
        elif path == PROGRESS:
            await self._progress(token, request, send)
        elif path == DATA or path.startswith(HEARTBEAT_PATH):
            await self._stream(token, request, scope, receive, send)
        else:
            await self._message(token, request, scope, receive, send)

    def _check_host(self, request: HttpRequest) -> None:
        """Refuse a request for this page under another name."""
        if self._local and host_name(request.headers.get("host", "")) not in LOCAL:
            raise RequestRefused(421, "this page is served as localhost only")

    def _check_session(self, token: str, session: str) -> None:
        if not self._visitors.claim_window(token, session):
            raise RequestRefused(403, "this window belongs to another visitor")

    async def _stream(
        self, token: str, request: HttpRequest, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Pass on a stream of messages to a window, which lasts as long as the window is open."""
        if request.path == DATA:
            session = request.identifier("session_hash")
            self._check_session(token, session)
            if not self._queue.listens(session):
                raise RequestRefused(404, "this window waits for nothing")
        else:
            session = request.path.removeprefix(HEARTBEAT_PATH)
            if not IDENTIFIER.fullmatch(session):
                raise RequestRefused(400, "the identifier of the window is malformed")
            self._check_session(token, session)
            request = request.with_query()
        passed = request.scope(scope, (COOKIE, token), None)
        async with self._stream_slots.slot(token, request.address):
            with self._visitors.connected(token):
                await self._application(passed, receive, send)

    async def _message(
        self, token: str, request: HttpRequest, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Pass on a message that is rebuilt from its checked values."""
        _check_length(request, json_messages.MAX_MESSAGE_BYTES, "the message is too long")
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise RequestRefused(415, "a message must be JSON")
        async with self._message_slots.slot(token, request.address):
            message = json_messages.parse(
                await request_body.read_whole(receive, json_messages.MAX_MESSAGE_BYTES)
            )
            checked = self._checked(token, request, message)
            if checked is None:
                await send_json(send, 200, {"success": True})
                return
            body = json.dumps(checked).encode()
            passed = request.with_query().scope(scope, (COOKIE, token), body)
            parts = iter([{"type": "http.request", "body": body, "more_body": False}])

            async def receive_checked() -> Message:
                return next(parts, None) or await receive()

            await self._application(passed, receive_checked, send)

    def _checked(
        self, token: str, request: HttpRequest, message: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Return the message for Gradio, or ``None`` if Gradio does not need it."""
        path = request.path
        if path == RESET:
            json_messages.event(message)
            return None  # Gradio does nothing with it
        if path == CANCEL:
            checked = json_messages.cancellation(message)
            self._check_session(token, checked["session_hash"])
            job = next((job for job in self._queue.jobs() if job.id == checked["event_id"]), None)
            return checked if job is not None and job.session == checked["session_hash"] else None
        self._check_session(token, json_messages.session(message))
        checked = json_messages.call(
            message, self._functions, path == JOIN, lambda file: self._visitors.owns(token, file)
        )
        if path == JOIN:
            jobs = self._queue.jobs()
            own_jobs = sum(self._visitors.owner(job.session) == token for job in jobs)
            if own_jobs >= self._limits.waiting_per_visitor:
                raise NoFreeSlot(is_own_limit=True)
            if len(jobs) >= self._limits.waiting:
                raise NoFreeSlot(is_own_limit=False)
        return checked

    async def _upload(self, token: str, request: HttpRequest, receive: Receive, send: Send) -> None:
        """Store the files of a form, and record that they belong to the visitor."""
        limit = self._limits.batch + uploads.MAX_FORM_OVERHEAD
        _check_length(request, limit, self._too_large(request.length or 0))
        name = request.identifier("upload_id") if request.query else None
        content_type = request.headers.get("content-type", "")
        uploads.boundary_of(content_type)
        if shutil.disk_usage(self._visitors.root).free < 2 * limit:
            raise RequestRefused(507, "the disk is full: try again later", 60)
        progress = self._uploads.track(token, name)
        try:
            with self._visitors.connected(token):
                async with self._upload_slots.slot(token, request.address):
                    chunks = request_body.read_chunks(
                        receive, limit, lambda: self._upload_slots.contested
                    )
                    stored = await self._uploads.store(self._within(chunks), content_type, progress)
                paths = [str(path) for path in stored]
                self._visitors.add_uploads(token, paths)
        finally:
            self._uploads.end(token, name, progress)
        await send_json(send, 200, paths)

    def _too_large(self, size: int) -> str:
        limit = f"the limit is {self._limits.batch / MEGABYTE:g} MB in all"
        return f"the files were refused: they have {size / MEGABYTE:.1f} MB; {limit}"

    async def _within(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield ``chunks``; if the body is too long, name the limit in the refusal."""
        size = 0
        try:
            async for chunk in chunks:
                size += len(chunk)
                yield chunk
        except RequestRefused as refused:
            if refused.status != 413:
                raise
            size = max(size, self._limits.batch + 1)
            raise RequestRefused(413, self._too_large(size)) from None

    async def _progress(self, token: str, request: HttpRequest, send: Send) -> None:
        """Report the progress of an upload to its browser, until the upload has ended."""
        name = request.identifier("upload_id")
        async with self._stream_slots.slot(token, request.address):
            progress = await self._uploads.progress(token, name)
            await uploads.send_progress(progress, send)


def _check_method(method: str, allowed: tuple[str, ...]) -> None:
    if method not in allowed:
        raise RequestRefused(405, f"the allowed methods are {' and '.join(allowed)}")


def _check_length(request: HttpRequest, limit: int, reason: str) -> None:
    if request.length is not None and request.length > limit:
        raise RequestRefused(413, reason)


def _check_origin(request: HttpRequest) -> None:
    """Refuse a request that the page of another site has sent."""
    origin = request.headers.get("origin")
    host = request.headers.get("host", "")
    if origin is not None and origin.partition("://")[2].lower() != host.lower():
        raise RequestRefused(403, "the request came from the page of another site")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise RequestRefused(403, "the request came from the page of another site")


def _too_many(error: NoFreeSlot) -> RequestRefused:
    if error.own:
        return RequestRefused(
            429, "you have too many concurrent requests: wait for one to end", RETRY_AFTER
        )
    return RequestRefused(503, "the page has too many visitors: try again in a minute", 60)
