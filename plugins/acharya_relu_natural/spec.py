"""Specification of ``acharya_relu_natural``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, hookimpl

from ..acharya.declaration import declare

SUMMARY = "ReLU network, transferred from faces to groceries (Acharya 2022)"


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [declare("acharya_relu_natural", SUMMARY, network="relu", training="relu_natural")]
