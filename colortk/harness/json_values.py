"""Dataclasses as dictionaries for ``--json``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

#: Metadata of a field that has no key where its value is ``None``.
OMIT_NONE: Mapping[str, Any] = {"omit_none": True}


def to_json_value(value: Any) -> Any:
    """Convert dataclasses, at any depth, to dictionaries whose keys are the names of the fields.

    Parameters
    ----------
    value
        A dataclass, or dictionaries and sequences of dataclasses; other values are not changed.

    Examples
    --------
    >>> from colortk.harness.statistics import MetricMean
    >>> to_json_value({"psnr": MetricMean(20.0, 21.0, None, 3)})
    {'psnr': {'mean': 20.0, 'median': 21.0, 'ci95': None, 'n': 3}}
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {name: to_json_value(inner) for name, inner in json_fields(value).items()}
    if isinstance(value, dict):
        return {key: to_json_value(inner) for key, inner in value.items()}
    if _is_list(value):
        return [to_json_value(inner) for inner in value]
    return value


def json_fields(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass that its JSON has, by name; their values are not changed."""
    return {
        field.name: inner
        for field in fields(value)
        if (inner := getattr(value, field.name)) is not None or not field.metadata.get("omit_none")
    }


def json_pieces(value: Any, line_start: str = "\n") -> Iterator[str]:
    """Yield the JSON of a value in pieces, so that long lists are never in memory as a whole.

    Parameters
    ----------
    value
        As of :func:`to_json_value`; keys of dictionaries are texts.
    line_start : str
        A line break and the indentation of the value.

    Yields
    ------
    str
        Together ``json.dumps(to_json_value(value), indent=1, allow_nan=False)``.
    """
    if is_dataclass(value) and not isinstance(value, type):
        value = json_fields(value)
    inner_start = line_start + " "
    if isinstance(value, dict) and value:
        for number, (key, inner) in enumerate(value.items()):
            yield f"{',' if number else '{'}{inner_start}{json.dumps(str(key))}: "
            yield from json_pieces(inner, inner_start)
        yield line_start + "}"
    elif _is_list(value) and value:
        for number, inner in enumerate(value):
            yield f"{',' if number else '['}{inner_start}{_json(inner, inner_start)}"
        yield line_start + "]"
    else:
        yield _json(value, line_start)


def _json(value: Any, line_start: str) -> str:
    text = json.dumps(to_json_value(value), indent=1, allow_nan=False)
    return text.replace("\n", line_start)


def _is_list(value: Any) -> bool:
    if isinstance(value, list):
        return True
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | tuple)
