"""Specification of ``acharya_tanh_natural``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, hookimpl

from ..acharya.declaration import declare

SUMMARY = "Tanh network, transferred from faces to groceries (Acharya 2022)"


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [declare("acharya_tanh_natural", SUMMARY, network="tanh", training="tanh_natural")]
