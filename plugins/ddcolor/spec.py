"""Specifications of the plugins of DDColor."""

from __future__ import annotations

from colortk.plugin import ColorizerSpec, WorkingSize, hookimpl

from .files import FILES
from .options import Options


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Return one specification for each published network."""
    return [
        ColorizerSpec(
            name=f"ddcolor_{published.name}",
            summary=published.summary,
            factory=f"colortk_plugins.ddcolor.colorizer:{published.name}",
            working_size=WorkingSize(short=512),
            artifacts=(published.artifact,),
            options=Options,
            paper=(
                "Kang, Yang, Ouyang, Ren, Li, Xie (2023), DDColor: Towards Photo-Realistic Image"
                " Colorization via Dual Decoders, ICCV"
            ),
        )
        for published in FILES.values()
    ]
