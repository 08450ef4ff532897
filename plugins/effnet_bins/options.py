"""Options of ``effnet_bins`` (``colortk run --option``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: As colorful as pictures can be at nearly the same LPIPS (see the model card).
DEFAULT_VIVIDNESS = 0.25


@dataclass(frozen=True)
class Options:
    """From accurate and pale to vivid.

    Parameters
    ----------
    vividness : float
        0 to 1: 0 is most accurate by mean error, 1 is about as colorful as photographs. Chroma is
        raised where the network is certain.
    temperature : float
        0.01 to 10; toward 0 the likeliest color replaces the expected one.
    vivid : float, optional
        1 to 4, older name of ``vividness``: 1 + 2 × vividness.
    hints : {"similar", "edges"}
        Colors of hints spread to places that the network sees as similar, or only up to the next
        edges, as with plugins that take no hints.
    """

    vividness: float = DEFAULT_VIVIDNESS
    temperature: float = 1.0
    vivid: float | None = None
    hints: Literal["similar", "edges"] = "similar"

    def __post_init__(self) -> None:
        if not 0 <= self.vividness <= 1:
            raise ValueError(f"vividness={self.vividness}: use 0 to 1")
        if not 0.01 <= self.temperature <= 10:
            raise ValueError(f"temperature={self.temperature}: use 0.01 to 10")
        if self.vivid is None:
            return
        if not 1 <= self.vivid <= 4:
            raise ValueError(f"vivid={self.vivid}: use 1 to 4")
        if self.vividness != DEFAULT_VIVIDNESS:
            raise ValueError("vividness and vivid mean the same: give one of them")

    @property
    def amount(self) -> float:
        """Largest factor on chroma."""
        return 1 + 2 * self.vividness if self.vivid is None else self.vivid
