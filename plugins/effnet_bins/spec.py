"""Specification of ``effnet_bins``."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, WorkingSize, declared, hookimpl

from .options import Options


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return the specification."""
    return [
        ColorizerSpec(
            name="effnet_bins",
            summary="EfficientNet-Lite encoder, U-Net decoder, probabilities of colors",
            factory="colortk_plugins.effnet_bins.colorizer:colorizer",
            package="colortk_plugins.effnet_bins",
            working_size=WorkingSize(short=256, multiple=32),
            artifacts=declared("colortk_plugins.effnet_bins"),
            options=Options,
            trainer="colortk_plugins.effnet_bins.train:train",
            train_options="colortk_plugins.effnet_bins.training:Training",
            samples=True,
            paper="of colortk; after Zhang (2016), Colorful Image Colorization",
        )
    ]
