"""Declaration of ``acharya_tanh``."""

from __future__ import annotations

from colortk.hookspecs import hookimpl
from colortk.spec import ColorizerSpec, WorkingSize
from colortk.store.artifacts import declared


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    return [
        ColorizerSpec(
            name="acharya_tanh",
            summary="Document 000's tanh network, trained on faces",
            factory="colortk_plugins.acharya.colorizer:tanh",
            package="colortk_plugins.acharya_tanh",
            working_size=WorkingSize(short=128, square=True),
            artifacts=declared("colortk_plugins.acharya_tanh"),
            trainer="colortk_plugins.acharya.train:tanh",
            paper="Acharya (2022), Mean Chrominance of an image and Image Colorizer Using Deep Learning",
        )
    ]
