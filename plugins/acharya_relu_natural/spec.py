"""Specification of ``acharya_relu_natural``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, hookimpl

from ..acharya.declaration import declare

SUMMARY = "Document 000's ReLU network, transferred from faces to fruit and vegetables"


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [declare("acharya_relu_natural", SUMMARY, network="relu", training="relu_natural")]
