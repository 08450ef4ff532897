"""Dataclasses as dictionaries for ``--json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

#: Metadata of a field that has no key where its value is ``None``.
OMIT_NONE: Mapping[str, Any] = {"omit_none": True}


def to_json_value(value: Any) -> Any:
    """Convert dataclasses, at any depth, to dictionaries whose keys are the names of the fields.

    Parameters
    ----------
    value
        A dataclass, or dictionaries and lists of dataclasses; other values are not changed.

    Examples
    --------
    >>> from colortk.harness.statistics import MetricMean
    >>> to_json_value({"psnr": MetricMean(20.0, 21.0, None, 3)})
    {'psnr': {'mean': 20.0, 'median': 21.0, 'ci95': None, 'n': 3}}
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: to_json_value(inner)
            for field in fields(value)
            if (inner := getattr(value, field.name)) is not None
            or not field.metadata.get("omit_none")
        }
    if isinstance(value, dict):
        return {key: to_json_value(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [to_json_value(inner) for inner in value]
    return value
