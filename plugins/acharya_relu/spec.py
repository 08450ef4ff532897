"""Specification of ``acharya_relu``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, hookimpl

from ..acharya.declaration import declare

SUMMARY = "Document 000's ReLU network, trained on faces"


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [declare("acharya_relu", SUMMARY, network="relu", training="relu")]
