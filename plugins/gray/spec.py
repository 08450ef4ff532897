"""Specification of ``gray``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, WorkingSize, hookimpl


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [
        ColorizerSpec(
            name="gray",
            summary="No color: a* = b* = 0, the reference in every table",
            factory="colortk_plugins.gray.colorizer:Gray",
            working_size=WorkingSize(short=32),
        )
    ]
