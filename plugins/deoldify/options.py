"""Options of the plugins of DeOldify."""

from __future__ import annotations

from dataclasses import dataclass

from ..onnx_model.published import check_size


@dataclass(frozen=True)
class Options:
    """What size the network gets.

    Parameters
    ----------
    size : int
        64 to 640 in steps of 32, side of the network's square input in pixels. Another size changes
        the colors. 0: the size that the file states, or 512.
    """

    size: int = 0

    def __post_init__(self) -> None:
        check_size(self.size, 640)
