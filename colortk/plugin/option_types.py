"""Check the types of options, and convert their values from text and to text."""

from __future__ import annotations

import dataclasses
import enum
import math
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

ALLOWED = (
    "bool, int, float, str, Path, an Enum, Literal[...], list[T], tuple[T, ...], tuple[A, B],"
    " and unions of these"
)
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def option_fields(declared: type[Any]) -> dict[str, Any]:
    """Return the types of the fields that can be set, by name.

    Raises whatever the evaluation of the annotations raises.
    """
    hints = typing.get_type_hints(declared)
    return {field.name: hints[field.name] for field in dataclasses.fields(declared) if field.init}


def unusable(declared: type[Any]) -> str:
    """Say why the options dataclass ``declared`` cannot be set from text; empty if it can."""
    try:
        hints = option_fields(declared)
    except Exception as error:  # an annotation may be any expression
        return f"cannot be used: the annotations cannot be read ({type(error).__name__}: {error})"
    for name, hint in hints.items():
        if wrong := _unsupported(hint):
            return f"cannot be used: '{name}' has the type {wrong}; allowed are {ALLOWED}"
    defaults = declared()
    for name in hints:
        if wrong := _not_plain(getattr(defaults, name)):
            return f"cannot be used: the default of '{name}' holds {wrong}; allowed are {ALLOWED}"
    return ""


def _unsupported(hint: Any, nested: bool = False) -> str:
    """Return the name of the type that is not allowed; empty if the type is allowed."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _unsupported(arguments[0], nested)
    if origin in (typing.Union, types.UnionType):
        return next(filter(None, (_unsupported(arm, nested) for arm in arguments)), "")
    if origin is typing.Literal:
        plain = all(isinstance(choice, str | int | bool | None | enum.Enum) for choice in arguments)
        return "" if plain else str(hint)
    if origin in (tuple, list):
        if nested or not arguments or arguments == ((),):
            return str(hint)
        return next(
            filter(None, (_unsupported(item, True) for item in arguments if item is not ...)), ""
        )
    if hint in (bool, int, float, str, Path, type(None)):
        return ""
    if isinstance(hint, type) and issubclass(hint, enum.Enum) and list(hint):
        return ""
    return hint.__name__ if isinstance(hint, type) and origin is None else str(hint)


def _not_plain(value: Any) -> str:
    if isinstance(value, tuple | list):
        return next(filter(None, map(_not_plain, value)), "")
    if value is None or isinstance(value, bool | int | float | str | Path | enum.Enum):
        return ""
    return f"a {type(value).__name__}"


def from_text(hint: Any, text: str) -> Any:
    """Convert the text of an option to the type ``hint``.

    Raises
    ------
    ValueError
        With the expected value, such as "a whole number" or "one of: a, b".
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return from_text(arguments[0], text)
    if origin in (typing.Union, types.UnionType):
        return _from_union(arguments, text)
    if origin is typing.Literal:
        return _chosen({_choice(choice): choice for choice in arguments}, text)
    if origin in (tuple, list):
        return _from_list(origin, arguments, text)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _chosen({member.name: member for member in hint}, text)
    return _SCALARS[hint](text)


def _from_union(arms: tuple[Any, ...], text: str) -> Any:
    """Return the value of the first type that accepts the text; ``str`` and ``Path`` are last."""
    expected = []
    for arm in sorted(arms, key=lambda arm: arm in (str, Path)):
        try:
            return from_text(arm, text)
        except ValueError as error:
            expected.append(str(error))
    raise ValueError(" or ".join(expected))


def _from_list(origin: Any, arguments: tuple[Any, ...], text: str) -> Any:
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if origin is list or arguments[-1] is ...:
        return origin(from_text(arguments[0], part) for part in parts)
    if len(parts) != len(arguments):
        raise ValueError(f"{len(arguments)} values separated by commas")
    return tuple(from_text(item, part) for item, part in zip(arguments, parts, strict=True))


def _choice(choice: Any) -> str:
    return choice.name if isinstance(choice, enum.Enum) else str(choice)


def _chosen(choices: dict[str, Any], text: str) -> Any:
    if text in choices:
        return choices[text]
    alike = [value for name, value in choices.items() if name.lower() == text.lower()]
    if len(alike) == 1:
        return alike[0]
    names = [name or "nothing" for name in choices]
    raise ValueError(names[0] if len(names) == 1 else f"one of: {', '.join(names)}")


def _boolean(text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError("true or false")
    return text.lower() in _TRUE


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("a value of type int (a whole number)") from None


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError("a value of type float (a finite number)")
    return value


def _path(text: str) -> Path:
    try:
        path = Path(text).expanduser()
        if text and path.exists():
            return path
    except (OSError, RuntimeError, ValueError):  # too long, an unknown user's home, a NUL
        pass
    raise ValueError("a file or folder that exists")


def _none(text: str) -> None:
    if text.lower() != "none":
        raise ValueError("none")


_SCALARS: dict[Any, Callable[[str], Any]] = {
    bool: _boolean, int: _whole, float: _number, str: str, Path: _path, type(None): _none,
}  # fmt: skip


def to_text(value: Any) -> str:
    """Return the text that :func:`from_text` converts to ``value``."""
    if isinstance(value, tuple | list):
        return ",".join(map(to_text, value))
    return value.name if isinstance(value, enum.Enum) else str(value)


def type_text(hint: Any) -> str:
    """Return the name of a type, such as "int", "tuple[int, int]" or "Path | None"."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return type_text(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return " | ".join(map(type_text, arguments))
    if origin is typing.Literal:
        return f"Literal[{', '.join(map(repr, map(_choice, arguments)))}]"
    if origin in (tuple, list):
        inner = ("..." if item is ... else type_text(item) for item in arguments)
        return f"{origin.__name__}[{', '.join(inner)}]"
    return "None" if hint is type(None) else hint.__name__


def plain(value: Any) -> Any:
    """Return ``value`` for JSON, with paths and members of enums as text."""
    return value if isinstance(value, bool | int | float | str | None) else to_text(value)
