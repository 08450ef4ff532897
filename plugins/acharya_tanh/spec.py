"""Declaration of ``acharya_tanh``."""

from __future__ import annotations

from colortk.plugin.hookspecs import hookimpl
from colortk.plugin.spec import ColorizerSpec

from ..acharya.declaration import declaration

ABOUT = "Document 000's tanh network, trained on faces"


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    return [declaration("acharya_tanh", ABOUT, network="tanh", training="tanh")]
