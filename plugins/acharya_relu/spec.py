"""Specification of ``acharya_relu``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, hookimpl

from ..acharya.declaration import declare

SUMMARY = "ReLU network, trained on faces (Acharya 2022)"


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [declare("acharya_relu", SUMMARY, network="relu", training="relu")]
