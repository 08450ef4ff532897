"""Normalize a request once, so that Gradio gets exactly the checked values.

Two programs that read the same request differently are the usual way past a guard: one takes the
first of two parameters, the other the last. A request that can be read in two ways is refused with
status 400. :meth:`HttpRequest.scope` builds the request for Gradio from the checked values alone.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, replace
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Headers that a request may have only once, because programs differ in which of two they take.
SINGLE = frozenset({
    "authorization", "content-encoding", "content-length", "content-range", "content-type",
    "cookie", "expect", "host", "if-match", "if-modified-since", "if-none-match", "if-range",
    "if-unmodified-since", "origin", "range", "referer", "sec-fetch-dest", "sec-fetch-mode",
    "sec-fetch-site", "sec-websocket-key", "transfer-encoding", "upgrade", "user-agent",
    "x-forwarded-host", "x-forwarded-proto",
})  # fmt: skip
#: Headers that are passed to Gradio. The cookie and the length are written anew.
PASSED = frozenset({
    "accept", "accept-encoding", "accept-language", "content-type", "host", "if-match",
    "if-modified-since", "if-none-match", "if-range", "range", "user-agent", "x-forwarded-host",
    "x-forwarded-proto",
})  # fmt: skip
#: The most query parameters of a request, and bytes of its path and query.
MAX_PARAMETERS, MAX_ADDRESS = 50, 8192

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(:[0-9]{1,5})?")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
#: Encoded slash, backslash and NUL: a separator for one program and a character for another.
_HIDDEN = re.compile(r"%(2f|5c|00)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_RANGE = re.compile(r"bytes=([0-9]{1,15}-[0-9]{0,15}|-[0-9]{1,15})")
#: Identifiers that the script of the page generates, for windows and uploads.
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")


class RequestRefused(Exception):
    """A request that the guard refuses.

    Parameters
    ----------
    status : int
        HTTP status of the response.
    reason : str
        Why, in one line.
    retry_after : int or None
        Seconds after which the client may try again.
    """

    def __init__(self, status: int, reason: str, retry_after: int | None = None) -> None:
        self.status, self.reason, self.retry_after = status, reason, retry_after
        super().__init__(reason)


@dataclass(frozen=True)
class HttpRequest:
    """A request that can be read in one way only.

    Parameters
    ----------
    method : str
        HTTP method.
    path : str
        Decoded once, without ``//``, ``.`` and ``..``.
    query : dict
        Parameters; each name occurs once.
    headers : dict
        Headers by lower-case name.
    address : str or None
        Address of the client. ``None`` for this machine, which may be a web server with many
        visitors behind it.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    address: str | None

    @property
    def has_body(self) -> bool:
        """Whether the request has a body."""
        return self.length != 0

    @property
    def length(self) -> int | None:
        """Bytes of the body; ``None`` if the request does not state it."""
        if "transfer-encoding" in self.headers:
            return None
        return int(self.headers.get("content-length", "0"))

    def identifier(self, name: str) -> str:
        """Return a query parameter, which must be the only one.

        Parameters
        ----------
        name : str
            Name of the parameter.

        Raises
        ------
        RequestRefused
            If it is missing or malformed, or if there are other parameters.
        """
        if list(self.query) != [name] or not IDENTIFIER.fullmatch(self.query[name]):
            raise RequestRefused(
                400, f"the parameter {name} is missing, malformed or not the only one"
            )
        return self.query[name]

    def with_query(self, **query: str) -> HttpRequest:
        """Return the request with these query parameters only."""
        return replace(self, query=query)

    def scope(self, scope: Scope, cookie: tuple[str, str] | None, body: bytes | None) -> Scope:
        """Return an ASGI scope with the checked values in place of those that arrived.

        Parameters
        ----------
        scope : mapping
            The scope that arrived.
        cookie : tuple of str, or None
            Name and value of the only cookie that is passed on.
        body : bytes or None
            The message that is passed on.
        """
        headers = {name: value for name, value in self.headers.items() if name in PASSED}
        if not _RANGE.fullmatch(headers.get("range", "")):
            headers.pop("range", None)
        if cookie is not None:
            headers["cookie"] = f"{cookie[0]}={cookie[1]}"
        if body is None:
            headers.pop("content-type", None)
        else:
            headers["content-length"] = str(len(body))
        path = self.path.encode()
        return {
            **scope,
            "method": self.method,
            "path": self.path,
            "raw_path": quote(path, safe="/=:@!$&'()*+,;~").encode(),
            "query_string": urlencode(self.query).encode(),
            "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()],
        }


def normalize(scope: Scope) -> HttpRequest:
    """Return the request of an ASGI scope.

    Parameters
    ----------
    scope : mapping
        The scope of ASGI.

    Raises
    ------
    RequestRefused
        With status 400 if the request can be read in two ways, with 414 or 415 if its address is
        too long or its body compressed.
    """
    raw = scope.get("raw_path") or quote(scope["path"]).encode()
    if len(raw) + len(scope.get("query_string", b"")) > MAX_ADDRESS:
        raise RequestRefused(414, "the address is too long")
    headers = _headers(scope["headers"])
    client = scope.get("client")
    request = HttpRequest(
        scope["method"],
        _path(raw),
        _query(scope.get("query_string", b"")),
        headers,
        _remote(client),
    )
    if request.method in ("GET", "HEAD") and request.has_body:
        raise RequestRefused(400, "a GET or HEAD request has no body")
    return request


def _path(raw: bytes) -> str:
    try:
        text = raw.decode("ascii")
        path = unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise RequestRefused(400, "the path is not UTF-8") from None
    if not text.startswith("/") or "#" in text or "\\" in path or _CONTROL.search(path):
        raise RequestRefused(400, "the path is malformed")
    if _BAD_PERCENT.search(text) or _HIDDEN.search(text):
        raise RequestRefused(400, "the path has malformed or hidden characters")
    # Some programs remove an empty part or a part of dots, others look it up.
    if any(part in ("", ".", "..") for part in path.split("/")[1:-1]) or path.endswith(
        ("/.", "/..")
    ):
        raise RequestRefused(400, "the path is not in its shortest form")
    return path


def _decoded(text: str) -> str:
    if _BAD_PERCENT.search(text):
        raise RequestRefused(400, "the query has a malformed % sign")
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise RequestRefused(400, "the query is not UTF-8") from None


def _query(raw: bytes) -> dict[str, str]:
    """Return the parameters. Refuse a name that occurs twice, in whatever case or encoding."""
    query: dict[str, str] = {}
    names: set[str] = set()
    for pair in filter(None, raw.decode("latin-1").split("&")):
        name, _, value = pair.partition("=")
        name = _decoded(name)
        if name.casefold() in names:
            raise RequestRefused(400, "a parameter is given twice")
        names.add(name.casefold())
        query[name] = _decoded(value)
    if len(query) > MAX_PARAMETERS:
        raise RequestRefused(400, "there are too many parameters")
    return query


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1").strip()
        if name in headers and name in SINGLE:
            raise RequestRefused(400, f"the header {name} is given twice")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    length, encoding = headers.get("content-length"), headers.get("transfer-encoding")
    if length is not None and (encoding is not None or not re.fullmatch(r"[0-9]{1,15}", length)):
        raise RequestRefused(400, "the length of the body is ambiguous")
    if encoding is not None and encoding.lower() != "chunked":
        raise RequestRefused(400, "this transfer encoding is not supported")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise RequestRefused(415, "the body may not be compressed")
    for name in ("host", "x-forwarded-host"):
        if name in headers and not _HOST.fullmatch(headers[name]):
            raise RequestRefused(400, f"the header {name} is malformed")
    if headers.get("x-forwarded-proto", "http") not in ("http", "https"):
        raise RequestRefused(400, "the header x-forwarded-proto is malformed")
    if "websocket" in headers.get("upgrade", "").lower():
        raise RequestRefused(400, "the page has no WebSockets")
    return headers


def _remote(client: Any) -> str | None:
    try:
        address = ip_address(client[0])
    except (TypeError, ValueError, IndexError):
        return None
    return None if address.is_loopback else str(address)


def host_name(host: str) -> str:
    """Return the host of a ``Host`` header without port and brackets, in lower case."""
    match = _HOST.fullmatch(host)
    return match[1].strip("[]").lower() if match else ""


def cookie_value(headers: dict[str, str], name: str) -> str | None:
    """Return the value of a cookie.

    Parameters
    ----------
    headers : dict
        Headers by lower-case name.
    name : str
        Name of the cookie.

    Raises
    ------
    RequestRefused
        If there are two cookies of that name, which two sites may have set.
    """
    text = headers.get("cookie", "")
    if sum(part.partition("=")[0].strip() == name for part in text.split(";")) > 1:
        raise RequestRefused(
            400, "there are two cookies of this page: delete them and load it again"
        )
    try:
        cookie = SimpleCookie(text).get(name)
    except CookieError:
        return None
    return cookie.value if cookie else None
