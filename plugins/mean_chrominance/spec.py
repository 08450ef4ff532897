"""Declaration of ``mean_chrominance``."""

from __future__ import annotations

from colortk.hookspecs import hookimpl
from colortk.spec import ColorizerSpec, WorkingSize
from colortk.store.artifacts import declared


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    return [
        ColorizerSpec(
            name="mean_chrominance",
            summary="A network that predicts the picture's mean A and B, and tints it evenly",
            factory="colortk_plugins.acharya.colorizer:mean",
            package="colortk_plugins.mean_chrominance",
            working_size=WorkingSize(short=128, square=True),
            artifacts=declared("colortk_plugins.mean_chrominance"),
            trainer="colortk_plugins.acharya.train:mean",
            paper="Acharya (2022), Mean Chrominance of an image and Image Colorizer Using Deep Learning",
        )
    ]
