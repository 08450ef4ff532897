"""Training options (``colortk fit --option``) of the plugins of Acharya (2022)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Training:
    """Options of a training.

    Parameters
    ----------
    start : {"faces", "keras"}
        Initial last layer: mean and deviation of the chroma of faces, or the defaults of Keras,
        with which the ReLU network dies (see the model card).
    """

    start: str = "faces"

    def __post_init__(self) -> None:
        if self.start not in ("faces", "keras"):
            raise ValueError(f"start={self.start}: use faces or keras")
