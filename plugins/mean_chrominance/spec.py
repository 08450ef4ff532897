"""Specification of ``mean_chrominance``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, hookimpl

from ..acharya.declaration import declare

SUMMARY = "Predicts the mean color of a picture and tints it evenly (Acharya 2022)"


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [declare("mean_chrominance", SUMMARY, network="mean", training="mean")]
