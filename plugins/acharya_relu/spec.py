"""Declaration of ``acharya_relu``."""

from __future__ import annotations

from colortk.hookspecs import hookimpl
from colortk.spec import ColorizerSpec, WorkingSize
from colortk.store.artifacts import declared


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    return [
        ColorizerSpec(
            name="acharya_relu",
            summary="Document 000's ReLU network, trained on faces",
            factory="colortk_plugins.acharya.colorizer:relu",
            package="colortk_plugins.acharya_relu",
            working_size=WorkingSize(short=128, square=True),
            artifacts=declared("colortk_plugins.acharya_relu"),
            trainer="colortk_plugins.acharya.train:relu",
            paper="Acharya (2022), Mean Chrominance of an image and Image Colorizer Using Deep Learning",
        )
    ]
