"""What ``colortk fit --plugin resnet18 --option`` sets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

#: Parts of the encoder, from its input on: conv1 with bn1, then layer1 to layer4.
PARTS = 5


@dataclass(frozen=True)
class Training:
    """``loss``: ``mse`` on a* and b*, or ``cms_ssim``, which document 004 considered.

    ``encoder_weights``: a file with torchvision's ResNet-18 (``.pth``, ``.npz``, ``.onnx``); empty: it starts
    from nothing, or as ``--init-from`` has it. Where the encoder begins with weights, ``encoder_rate``:
    factor on its learning rate; under 1 its batch normalization stays as it is, for its statistics
    are of more pictures than ours. ``frozen``: parts of it that stay as they are, of 5: conv1, layer1
    to layer4.
    """

    loss: str = "mse"
    encoder_weights: Literal[""] | Path = ""
    encoder_rate: float = 0.02
    frozen: int = 0

    def __post_init__(self) -> None:
        if self.loss not in ("mse", "cms_ssim"):
            raise ValueError(f"loss={self.loss}; mse or cms_ssim is wanted")
        if not 0 <= self.encoder_rate <= 1:
            raise ValueError(f"encoder_rate={self.encoder_rate}; 0 to 1 is wanted")
        if not 0 <= self.frozen <= PARTS:
            raise ValueError(f"frozen={self.frozen}; 0 to {PARTS} parts are wanted")
