"""Dataclasses as JSON values, and back, with every value checked against its declared type.

JSON has no infinite numbers and no bytes. The former become strings, the latter a range of a
buffer that is sent beside the JSON text.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
_INFINITE = ("inf", "-inf", "nan")


def to_plain(value: Any, buffer: bytearray | None = None) -> Any:
    """Return ``value`` as a JSON value.

    Parameters
    ----------
    value : object
        A dataclass, named tuple, Path, str, int, float, bool, None, or a list, tuple or dict of
        these.
    buffer : bytearray, optional
        Gets the content of values of type ``bytes``, which are refused without it.

    Raises
    ------
    TypeError
        The value is something else.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return str(float(value))
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, bytes) and buffer is not None:
        start = len(buffer)
        buffer += value
        return [start, len(buffer)]
    if isinstance(value, Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name), buffer) for f in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [to_plain(item, buffer) for item in value]
    if isinstance(value, dict):
        return {str(name): to_plain(item, buffer) for name, item in value.items()}
    raise TypeError(f"{type(value).__name__} is not plain data")


def from_plain(kind: type[T], value: Any, buffer: bytes = b"") -> T:
    """Return the ``kind`` that :func:`to_plain` wrote as ``value``.

    Parameters
    ----------
    kind : type
        A dataclass whose annotations name plain types, dataclasses, named tuples, and lists,
        tuples, dicts and unions of these.
    value : JSON value
        May come from an untrusted source.
    buffer : bytes
        Content of values of type ``bytes``.

    Raises
    ------
    ValueError
        A field is missing, unknown, or not of its declared type.
    """
    made: T = _made(kind, value, kind.__name__, buffer)
    return made


@lru_cache(maxsize=64)
def _hints(kind: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _made(hint: Any, value: Any, where: str, buffer: bytes) -> Any:
    if hint is Any:
        return value
    if hint is None or hint is type(None):
        if value is None:
            return None
    elif hint is float:
        if type(value) in (int, float):
            return float(value)
        if value in _INFINITE:
            return float(value)
    elif hint is bytes:
        if _is_range(value, len(buffer)):
            return bytes(buffer[value[0] : value[1]])
    elif hint in (str, int, bool):
        if type(value) is hint:
            return value
    elif hint is Path:
        if isinstance(value, str):
            return Path(value)
    elif dataclasses.is_dataclass(hint):
        return _dataclass(hint, value, where, buffer)
    elif isinstance(hint, type) and hasattr(hint, "_fields"):
        return _named_tuple(hint, value, where, buffer)
    else:
        return _container(hint, value, where, buffer)
    raise ValueError(f"{where} is of type {type(value).__name__}")


def _is_range(value: Any, size: int) -> bool:
    """Return whether a value is ``[start, end]`` within ``size`` bytes."""
    if not isinstance(value, list) or [type(number) for number in value] != [int, int]:
        return False
    return bool(0 <= value[0] <= value[1] <= size)


def _dataclass(kind: Any, value: Any, where: str, buffer: bytes) -> Any:
    names = {f.name for f in dataclasses.fields(kind)}
    if not isinstance(value, dict) or set(value) != names:
        raise ValueError(f"{where} has other fields than it should")
    hints = _hints(kind)
    return kind(
        **{name: _made(hints[name], value[name], f"{where}.{name}", buffer) for name in names}
    )


def _named_tuple(kind: Any, value: Any, where: str, buffer: bytes) -> Any:
    names, hints = kind._fields, _hints(kind)
    if not isinstance(value, list) or len(value) != len(names):
        raise ValueError(f"{where} has other fields than it should")
    return kind(
        *(
            _made(hints[name], item, f"{where}.{name}", buffer)
            for name, item in zip(names, value, strict=True)
        )
    )


def _container(hint: Any, value: Any, where: str, buffer: bytes) -> Any:
    origin, arms = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        for arm in arms:
            try:
                return _made(arm, value, where, buffer)
            except ValueError:
                continue
    elif origin is typing.Literal:
        if value in arms:
            return value
    elif origin is dict and isinstance(value, dict) and arms[0] is str:
        return {
            name: _made(arms[1], item, f"{where}['{name}']", buffer) for name, item in value.items()
        }
    elif origin in (list, tuple) and isinstance(value, list):
        if origin is tuple and arms[-1:] != (Ellipsis,):
            if len(value) == len(arms):
                pairs = zip(arms, value, strict=True)
                return tuple(_made(arm, item, where, buffer) for arm, item in pairs)
        else:
            return origin(_made(arms[0], item, where, buffer) for item in value)
    raise ValueError(f"{where} is of type {type(value).__name__}")
