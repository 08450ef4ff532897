"""Options of ``autoencoder`` (``colortk run --option``)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """Which views of a picture are averaged.

    Parameters
    ----------
    sizes : {1, 2}
        1 uses the picture as in Darban (2024), 2 also half its size.
    mirrored : bool
        Whether each view is also used mirrored; Darban (2024) does not.
    """

    sizes: int = 2
    mirrored: bool = True

    def __post_init__(self) -> None:
        if self.sizes not in (1, 2):
            raise ValueError(f"sizes={self.sizes}: use 1 or 2")
