"""Responses of the guard itself, and security headers of all responses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from colortk.ui.http_requests import Message, RequestRefused, Send
from colortk.ui.visitor_registry import COOKIE

#: Added to every response.
SECURITY_HEADERS = {
    # The page of Gradio has inline scripts, and compiles its templates in the browser.
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


def with_security_headers(send: Send, cookie: str | None = None) -> Send:
    """Wrap ``send`` so that responses have our security headers and no CORS headers.

    Parameters
    ----------
    send : callable
        The function of ASGI that sends a message.
    cookie : str or None
        Token of a new visitor, to be set as a cookie.
    """

    async def inner(part: Message) -> None:
        if part["type"] == "http.response.start":
            added = {name.encode(): value.encode() for name, value in SECURITY_HEADERS.items()}
            headers = [
                (name, value)
                for name, value in part.get("headers", [])
                if name.lower() not in added and not name.lower().startswith(b"access-control-")
            ]
            if cookie is not None:
                value = f"{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Lax"
                headers.append((b"set-cookie", value.encode()))
            part = {**part, "headers": [*headers, *added.items()]}
        await send(part)

    return inner


async def send_refusal(send: Send, refused: RequestRefused) -> None:
    """Send the status and the reason of a refused request."""
    headers = {} if refused.retry_after is None else {"retry-after": str(refused.retry_after)}
    content = {"detail": refused.reason, "error": refused.reason}
    await send_json(with_security_headers(send), refused.status, content, headers)


async def send_json(
    send: Send, status: int, content: Any, headers: Mapping[str, str] | None = None
) -> None:
    """Send a JSON response.

    Parameters
    ----------
    send : callable
        The function of ASGI that sends a message.
    status : int
        HTTP status.
    content : object
        Value to send as JSON.
    headers : mapping, optional
        Further headers.
    """
    body = json.dumps(content).encode()
    all_headers = {
        "content-type": "application/json", "content-length": str(len(body)), **(headers or {}),
    }  # fmt: skip
    pairs = [(name.encode(), value.encode()) for name, value in all_headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
