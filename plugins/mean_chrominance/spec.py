"""Specification of ``mean_chrominance``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, hookimpl

from ..acharya.declaration import declare

SUMMARY = "A network that predicts the picture's mean A and B, and tints it evenly"


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [declare("mean_chrominance", SUMMARY, network="mean", training="mean")]
