"""Parse and check the JSON messages of the page.

Gradio responds to a value of a wrong type with a traceback, and accepts any path as a file. So a
message is rebuilt from its checked values, and nothing else reaches Gradio.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from colortk.ui.http_requests import IDENTIFIER, RequestRefused

#: The most bytes of a message, which holds no files, and the deepest nesting of lists and objects.
MAX_MESSAGE_BYTES, MAX_DEPTH = 1_000_000, 20
#: The largest integer that every JSON parser reads alike.
MAX_INTEGER = 2**53
_EVENT = re.compile(r"[0-9a-f]{32}")

#: Returns whether a visitor may use the file at a path.
Owns = Callable[[str], bool]
#: Returns the value to pass to Gradio. Raises ``ValueError`` or ``RequestRefused``.
Check = Callable[[Any, Owns], Any]


@dataclass(frozen=True)
class Function:
    """A function of the page.

    Parameters
    ----------
    queued : bool
        Whether it is called through the queue, and in no other way.
    inputs : tuple of callable
        A check for each input.
    """

    queued: bool
    inputs: tuple[Check, ...]


def parse(body: bytes) -> dict[str, Any]:
    """Return the JSON object in ``body``. Raises ``RequestRefused`` (400) if it is ambiguous."""
    try:
        message = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_int=_integer,
            parse_float=_float,
        )
        _check_text(message)
    except (ValueError, RecursionError) as error:
        reason = str(error) if type(error) is ValueError else "it is not JSON in UTF-8"
        raise RequestRefused(400, f"the message is malformed: {reason}") from None
    if not isinstance(message, dict):
        raise RequestRefused(400, "the message is malformed: it is not an object")
    return message


def call(
    message: dict[str, Any], functions: Mapping[int, Function], queued: bool, owns: Owns
) -> dict[str, Any]:
    """Check the call of a function, and rebuild it from the checked values.

    Parameters
    ----------
    message : dict
        The call.
    functions : mapping
        Functions of the page by number.
    queued : bool
        Whether the call came through the queue.
    owns : callable
        Returns whether the visitor may use the file at a path.

    Raises
    ------
    RequestRefused
        With status 400, 403 or 404.
    """
    number, data, trigger = message.get("fn_index"), message.get("data"), message.get("trigger_id")
    function = functions.get(number) if type(number) is int else None
    if function is None:
        raise RequestRefused(404 if type(number) is int else 400, "the page has no such function")
    if function.queued != queued:
        raise RequestRefused(400, "this function is not called through this address")
    if not isinstance(data, list) or len(data) != len(function.inputs):
        raise RequestRefused(400, f"the function takes {len(function.inputs)} values")
    if trigger is not None and (type(trigger) is not int or not 0 <= trigger <= 1_000_000):
        raise RequestRefused(400, "the trigger is not a number")
    values = []
    for position, (check, value) in enumerate(zip(function.inputs, data, strict=True), 1):
        try:
            values.append(check(value, owns))
        except ValueError as error:
            raise RequestRefused(400, f"value {position} is not valid: {error}") from None
    return {
        "data": values, "fn_index": number, "trigger_id": trigger, "event_data": None,
        "session_hash": session(message),
    }  # fmt: skip


def cancellation(message: dict[str, Any]) -> dict[str, Any]:
    """Check a request to cancel an event, and rebuild it. Raises ``RequestRefused`` (400)."""
    number = message.get("fn_index")
    if type(number) is not int or not 0 <= number <= 1_000_000:
        raise RequestRefused(400, "the function is not a number")
    return {"session_hash": session(message), "fn_index": number, "event_id": event(message)}


def session(message: dict[str, Any]) -> str:
    """Return the window that a message comes from. Raises ``RequestRefused`` (400)."""
    value = message.get("session_hash")
    if not isinstance(value, str) or not IDENTIFIER.fullmatch(value):
        raise RequestRefused(400, "the message does not name its window")
    return value


def event(message: dict[str, Any]) -> str:
    """Return the event that a message is about. Raises ``RequestRefused`` (400)."""
    value = message.get("event_id")
    if not isinstance(value, str) or not _EVENT.fullmatch(value):
        raise RequestRefused(400, "the message does not name an event")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name is given twice")
    return dict(pairs)


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number")


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
        raise ValueError("a number is too large")
    return int(text)


def _float(text: str) -> float:
    value = float(text) if len(text) < 100 else math.inf
    if not math.isfinite(value):
        raise ValueError("a number is too large or too long")
    return value


def _check_text(message: Any) -> None:
    """Refuse deep nesting, and text that is not Unicode or contains NUL."""
    pending = [(message, 0)]
    while pending:
        value, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise ValueError("it is nested too deeply")
        if isinstance(value, dict):
            pending += [(part, depth + 1) for pair in value.items() for part in pair]
        elif isinstance(value, list):
            pending += [(part, depth + 1) for part in value]
        elif isinstance(value, str) and ("\0" in value or not _is_unicode(value)):
            raise ValueError("a text is not Unicode")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # one half of a surrogate pair
        return False
    return True
