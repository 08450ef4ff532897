"""Declaration of ``acharya_tanh_natural``."""

from __future__ import annotations

from colortk.hookspecs import hookimpl
from colortk.spec import ColorizerSpec, WorkingSize
from colortk.store.artifacts import declared


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    return [
        ColorizerSpec(
            name="acharya_tanh_natural",
            summary="Document 000's tanh network, transferred from faces to fruit and vegetables",
            factory="colortk_plugins.acharya.colorizer:tanh",
            package="colortk_plugins.acharya_tanh_natural",
            working_size=WorkingSize(short=128, square=True),
            artifacts=declared("colortk_plugins.acharya_tanh_natural"),
            trainer="colortk_plugins.acharya.train:tanh_natural",
            paper="Acharya (2022), Mean Chrominance of an image and Image Colorizer Using Deep Learning",
        )
    ]
