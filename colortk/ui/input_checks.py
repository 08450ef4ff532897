"""Checks for the inputs of each function of the page, derived from Gradio's components."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from colortk.ui.http_requests import RequestRefused
from colortk.ui.json_messages import Check, Function, Owns
from colortk.ui.page_hints import format_hints, parse_hints
from colortk.ui.uploads import MAX_FILES
from colortk.ui.version_picker import format_choice, parse_choice

#: Characters of the text that a browser stores for a page.
MAX_STORED_TEXT = 200


def functions(blocks: Any) -> dict[int, Function]:
    """Return the functions of a Gradio page, by number. ``blocks``: the page.

    Functions that run in the browser alone are not among them.
    """
    return {
        int(number): Function(
            function.queue is not False, tuple(_check(component) for component in function.inputs)
        )
        for number, function in blocks.fns.items()
        if function.fn is not None
    }


def _check(component: Any) -> Check:
    kind = type(component).__name__
    if kind in ("Dropdown", "Radio"):
        return _choice(_values(component))
    if kind == "CheckboxGroup":
        return _choices(_values(component))
    if kind == "Slider":
        return _number(float(component.minimum), float(component.maximum))
    if kind == "File" and component.file_count == "multiple":
        return _files
    if kind == "HTML":
        return _ELEMENT_CHECKS[component.elem_id]
    return _CHECKS[kind]  # KeyError: a component of a new kind needs a check


def _values(component: Any) -> list[str]:
    return [value for _, value in component.choices]


def _file(value: Any, owns: Owns) -> dict[str, Any] | None:
    """Check that a value is a file that the visitor has uploaded, or none."""
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("path"), str):
        raise ValueError("it is not a file")
    path = value["path"]
    if not owns(path):
        raise RequestRefused(403, "that file is not yours or was deleted: upload it again")
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def _files(value: Any, owns: Owns) -> list[dict[str, Any] | None] | None:
    """Check that a value is a list of files that the visitor has uploaded, or none."""
    if value is None:
        return None
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_FILES or None in value:
        raise ValueError(f"it is not a list of at most {MAX_FILES} files")
    return [_file(item, owns) for item in value]


def _boolean(value: Any, owns: Owns) -> bool:
    if not isinstance(value, bool):
        raise ValueError("it is not true or false")
    return value


def _state(value: Any, owns: Owns) -> None:
    """Ignore the value: the server alone keeps the state."""


def _stored_text(value: Any, owns: Owns) -> str | None:
    if value is not None and not (isinstance(value, str) and len(value) <= MAX_STORED_TEXT):
        raise ValueError("it is not a short text")
    return value


def _hints(value: Any, owns: Owns) -> str:
    """Check the message of the editor of hints."""
    return format_hints(parse_hints(_text(value)))


def _version(value: Any, owns: Owns) -> str:
    """Check the message of the choice of a version."""
    return format_choice(parse_choice(_text(value)))


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError("it is not a text")
    return value


def _choice(values: Sequence[str]) -> Callable[[Any, Owns], str]:
    def check(value: Any, owns: Owns) -> str:
        if not isinstance(value, str) or value not in values:
            raise ValueError("it is not one of the choices")
        return value

    return check


def _choices(values: Sequence[str]) -> Callable[[Any, Owns], list[str]]:
    check_choice = _choice(values)

    def check(value: Any, owns: Owns) -> list[str]:
        if not isinstance(value, list):
            raise ValueError("it is not a list")
        chosen = [check_choice(item, owns) for item in value]
        if len(set(chosen)) < len(chosen):
            raise ValueError("a choice is given twice")
        return chosen

    return check


def _number(lowest: float, highest: float) -> Callable[[Any, Owns], float]:
    def check(value: Any, owns: Owns) -> float:
        if type(value) not in (int, float):
            raise ValueError("it is not a number")
        return min(highest, max(lowest, float(value)))

    return check


_CHECKS: dict[str, Check] = {
    "File": _file, "Checkbox": _boolean, "State": _state, "BrowserState": _stored_text,
}  # fmt: skip
#: Checks of the messages of elements with scripts of their own, by their identifiers.
_ELEMENT_CHECKS: dict[str, Check] = {"hint-editor": _hints, "version-picker": _version}
