"""What ``colortk fit --plugin resnet18 --option`` sets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Training:
    """``loss``: ``mse`` on a* and b*, or ``cms_ssim``, which document 004 considered.

    ``encoder_weights``: a file with torchvision's ResNet-18 (``.pth``, ``.npz``); empty: it starts
    from nothing.
    """

    loss: str = "mse"
    encoder_weights: str = ""

    def __post_init__(self) -> None:
        if self.loss not in ("mse", "cms_ssim"):
            raise ValueError(f"loss={self.loss}; mse or cms_ssim is wanted")
