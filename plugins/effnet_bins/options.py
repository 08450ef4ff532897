"""What ``colortk run --plugin effnet_bins --option`` sets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """Two ways from accurate and dull to vivid; 1 is the expected color.

    ``vivid``: 1 to 4, factor on the chroma of what is nearly gray, less on what has color already.
    ``temperature``: 0.01 to 10; towards 0 the likeliest color instead of the expected.
    """

    temperature: float = 1.0
    vivid: float = 1.0

    def __post_init__(self) -> None:
        if not 0.01 <= self.temperature <= 10:
            raise ValueError(f"temperature={self.temperature}; 0.01 to 10 is wanted")
        if not 1 <= self.vivid <= 4:
            raise ValueError(f"vivid={self.vivid}; 1 to 4 is wanted")
