"""What ``colortk run --plugin autoencoder --option`` sets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """Views of a picture whose answers are averaged.

    ``sizes``: 1, the picture as document 002 has it; 2, also at half the size. ``mirrored``: each also
    in a mirror. ``sizes=1`` and ``mirrored=off`` are the document's.
    """

    sizes: int = 2
    mirrored: bool = True

    def __post_init__(self) -> None:
        if self.sizes not in (1, 2):
            raise ValueError(f"sizes={self.sizes}; 1 or 2 is wanted")
