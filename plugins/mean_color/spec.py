"""Specification of ``mean_color``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, WorkingSize, declared, hookimpl


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [
        ColorizerSpec(
            name="mean_color",
            summary="One chroma for every pixel: the mean of the training pictures",
            factory="colortk_plugins.mean_color.colorizer:MeanColor",
            package="colortk_plugins.mean_color",
            working_size=WorkingSize(short=32),
            artifacts=declared("colortk_plugins.mean_color"),
            trainer="colortk_plugins.mean_color.train:train",
        )
    ]
