"""What the guard answers itself, and the headers of all that a visitor gets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from colortk.ui.http_requests import Message, RequestRefused, Send
from colortk.ui.visitor_registry import COOKIE

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


def with_security_headers(send: Send, cookie: str | None = None) -> Send:
    """``send`` with our headers, without those that let other sites in."""

    async def inner(part: Message) -> None:
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

    return inner


async def send_refusal(send: Send, refused: RequestRefused) -> None:
    headers = {} if refused.retry_after is None else {"retry-after": str(refused.retry_after)}
    content = {"detail": refused.why, "error": refused.why}
    await send_json(with_security_headers(send), refused.status, content, headers)


async def send_json(
    send: Send, status: int, content: Any, more: Mapping[str, str] | None = None
) -> None:
    body = json.dumps(content).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), **(more or {})}
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
