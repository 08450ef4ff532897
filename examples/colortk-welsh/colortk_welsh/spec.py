"""Declaration of ``welsh``: imports nothing heavy."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from colortk import ColorizerSpec, WorkingSize, hookimpl
from colortk.store.artifacts import declared


@dataclass(frozen=True)
class Options:
    """``reference``: a colour picture to take colours from; without one, the shipped palette.

    ``sha256`` of its content is filled in: the options are part of every result's key, and a
    path alone would not tell one content of it from the next. Give it to insist on one.
    """

    reference: str = ""
    sha256: str = ""

    def __post_init__(self) -> None:
        if not self.reference:
            if self.sha256:
                raise ValueError("sha256 is that of a reference, and there is no reference")
            return
        try:
            content = Path(self.reference).expanduser().read_bytes()
        except (OSError, RuntimeError) as error:  # RuntimeError: the ~ of nobody known
            why = getattr(error, "strerror", None) or str(error)
            raise ValueError(f"cannot read the reference '{self.reference}': {why}") from error
        found = hashlib.sha256(content).hexdigest()
        if self.sha256 not in ("", found):
            raise ValueError(f"the SHA-256 of the reference '{self.reference}' is {found}")
        object.__setattr__(self, "sha256", found)


@hookimpl
def colortk_colorizers() -> list[ColorizerSpec]:
    """Declare the one colorizer."""
    return [
        ColorizerSpec(
            name="welsh",
            summary="The colours of a reference picture, by lightness and texture",
            factory="colortk_welsh.colorizer:Welsh",
            package="colortk_welsh",
            working_size=WorkingSize(short=256),
            artifacts=declared("colortk_welsh"),
            options=Options,
            trainer="colortk_welsh.palette:train",
            paper="Welsh, Ashikhmin, Mueller, Transferring Color to Greyscale Images, SIGGRAPH 2002",
        )
    ]
