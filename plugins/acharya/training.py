"""What ``colortk fit --option`` sets of document 000's plugins."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Training:
    """Settings of a training.

    ``start``: ``faces``, mean and deviation of the faces' chroma in the last layer; or ``keras``, its
    defaults, with which the ReLU network dies (see the model card).
    """

    start: str = "faces"

    def __post_init__(self) -> None:
        if self.start not in ("faces", "keras"):
            raise ValueError(f"start={self.start}; faces or keras is wanted")
