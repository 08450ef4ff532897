"""Specification of ``acharya_tanh``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, hookimpl

from ..acharya.declaration import declare

SUMMARY = "Document 000's tanh network, trained on faces"


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [declare("acharya_tanh", SUMMARY, network="tanh", training="tanh")]
