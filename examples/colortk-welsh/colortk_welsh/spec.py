"""Declaration of ``welsh``: imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from colortk.plugin import ColorizerSpec, WorkingSize, declared, hookimpl


@dataclass(frozen=True)
class Options:
    """``reference``: a color picture to take colors from; without one, the shipped palette."""

    reference: Path | None = None


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Declare the one colorizer."""
    return [
        ColorizerSpec(
            name="welsh",
            summary="The colors of a reference picture, by lightness and texture",
            factory="colortk_welsh.colorizer:Welsh",
            package="colortk_welsh",
            working_size=WorkingSize(short=256),
            artifacts=declared("colortk_welsh"),
            options=Options,
            trainer="colortk_welsh.palette:train",
            paper="Welsh, Ashikhmin, Mueller: Transferring Color to Greyscale Images, 2002",
        )
    ]
