"""Declaration of ``acharya_relu``."""

from __future__ import annotations

from colortk.plugin.hookspecs import hookimpl
from colortk.plugin.spec import ColorizerSpec

from ..acharya.declaration import declaration

ABOUT = "Document 000's ReLU network, trained on faces"


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    return [declaration("acharya_relu", ABOUT, network="relu", training="relu")]
