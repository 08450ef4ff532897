"""Specification of ``acharya_tanh``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, hookimpl

from ..acharya.declaration import declare

SUMMARY = "Tanh network, trained on faces (Acharya 2022)"


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [declare("acharya_tanh", SUMMARY, network="tanh", training="tanh")]
