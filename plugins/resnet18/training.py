"""Training options of ``resnet18`` (``colortk fit --option``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

#: Parts of the encoder, from the input: conv1 with bn1, then layer1 to layer4.
PARTS = 5


@dataclass(frozen=True)
class Training:
    """Options of a training.

    Parameters
    ----------
    loss : {"mse", "cms_ssim"}
        Squared error of a* and b*, or the color MS-SSIM that Kazerooni and Mehmetoglu considered.
    encoder_weights : Path, optional
        torchvision's ResNet-18 (``.pth``, ``.npz``, ``.onnx``). Empty: the encoder starts from
        random weights, or from ``--init-from``.
    encoder_rate : float
        Factor on the learning rate of an encoder that starts from existing weights, 0 to 1. Under 1
        its batch normalization is frozen, because its statistics come from more pictures.
    frozen : int
        Number of parts of the encoder that are frozen, of 5: conv1, layer1 to layer4.
    """

    loss: str = "mse"
    encoder_weights: Literal[""] | Path = ""
    encoder_rate: float = 0.02
    frozen: int = 0

    def __post_init__(self) -> None:
        if self.loss not in ("mse", "cms_ssim"):
            raise ValueError(f"loss={self.loss}: use mse or cms_ssim")
        if not 0 <= self.encoder_rate <= 1:
            raise ValueError(f"encoder_rate={self.encoder_rate}: use 0 to 1")
        if not 0 <= self.frozen <= PARTS:
            raise ValueError(f"frozen={self.frozen}: use 0 to {PARTS}")
