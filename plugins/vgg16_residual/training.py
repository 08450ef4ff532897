"""What ``colortk fit --plugin vgg16_residual --option`` sets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Training:
    """Settings of a training.

    ``encoder_weights``: a file that ``encoder_weights.py`` reads; empty: Keras downloads them,
    ``none``: the encoder starts from nothing. ``regularization``: L1 and L2 on the kernels.
    ``encoder``: whether it is kept as it is (``frozen``) or trained with the rest (``tuned``).
    """

    encoder_weights: Literal["", "none"] | Path = ""
    regularization: bool = True
    encoder: str = "frozen"

    def __post_init__(self) -> None:
        if self.encoder not in ("frozen", "tuned"):
            raise ValueError(f"encoder={self.encoder}; frozen or tuned is wanted")
        if self.encoder_weights == "none" and self.encoder == "frozen":
            raise ValueError("an encoder that starts from nothing is to be tuned: encoder=tuned")
