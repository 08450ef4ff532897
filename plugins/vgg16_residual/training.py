"""Training options of ``vgg16_residual`` (``colortk fit --option``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Training:
    """Options of a training.

    Parameters
    ----------
    encoder_weights : Path or "none", optional
        File for :func:`.encoder_weights.load_vgg16`. Empty: Keras downloads the weights. ``none``:
        the encoder starts from random weights.
    regularization : bool
        Whether kernels have L1 and L2 penalties.
    encoder : {"frozen", "tuned"}
        Whether the encoder keeps its weights or is trained.
    """

    encoder_weights: Literal["", "none"] | Path = ""
    regularization: bool = True
    encoder: str = "frozen"

    def __post_init__(self) -> None:
        if self.encoder not in ("frozen", "tuned"):
            raise ValueError(f"encoder={self.encoder}: use frozen or tuned")
        if self.encoder_weights == "none" and self.encoder == "frozen":
            raise ValueError(
                "encoder_weights=none needs encoder=tuned: random weights must be trained"
            )
