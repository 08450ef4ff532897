"""What ``colortk run --plugin effnet_bins --option`` sets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """``temperature``: 1 is the expected colour, accurate and dull; towards 0 the likeliest, vivid."""

    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not 0.01 <= self.temperature <= 10:
            raise ValueError(f"temperature={self.temperature}; 0.01 to 10 is wanted")
