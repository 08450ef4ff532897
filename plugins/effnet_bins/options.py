"""Options of ``effnet_bins`` (``colortk run --option``)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """Two ways from accurate and pale to vivid; 1 gives the expected color.

    Parameters
    ----------
    temperature : float
        0.01 to 10; toward 0 the likeliest color replaces the expected one.
    vivid : float
        1 to 4, factor on the chroma of nearly gray colors; stronger colors are changed less.
    """

    temperature: float = 1.0
    vivid: float = 1.0

    def __post_init__(self) -> None:
        if not 0.01 <= self.temperature <= 10:
            raise ValueError(f"temperature={self.temperature}: use 0.01 to 10")
        if not 1 <= self.vivid <= 4:
            raise ValueError(f"vivid={self.vivid}: use 1 to 4")
