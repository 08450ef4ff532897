"""Training options of ``effnet_bins`` (``colortk fit --option``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

#: Blocks of the encoder, repeated here because a specification must not import the network.
BLOCKS = 21


@dataclass(frozen=True)
class Training:
    """Options of a training.

    Parameters
    ----------
    encoder_weights : Path, optional
        File for :func:`.encoder.load_lite`. Empty: the encoder starts from random weights, or from
        ``--init-from``.
    frozen : int
        Number of blocks, of 21, that are frozen in an encoder with existing weights.
    encoder_rate : float
        Factor on the learning rate of the other blocks.
    decoder_rate : float
        Factor on the learning rate of a decoder with existing weights, but not of its hint layers.
    head : {"bins", "regression", "both"}
        Output of the network.
    rebalance : float
        λ of Zhang 2016: share of a uniform distribution in the prior that rare colors are weighted
        by; 1 weighs all equally.
    regression, perceptual : float
        Weights of smooth L1 and of LPIPS next to the cross-entropy.
    statistics : float
        Weight of the means and deviations of the chroma of a picture.
    bits : {8, 16}
        Bits of the published weights: 8 if they score as well, or 16, which can be averaged.
    encoder : {"lite0", "lite1", "lite2"}
        Size of the encoder, smallest first.
    decoder : str
        Filters at 1/16, 1/8 and 1/4 of the size.
    context : int
        Blocks of self-attention at 1/16.
    average : float
        Momentum of the moving average of the weights.
    perceptual_part : float
        Share of each batch that LPIPS is computed on.
    scales : float
        Weight of smooth L1 at 1/8, 1/16 and 1/32 of the size.
    consistency : float
        Weight of differences between pixels of one true color.
    hints : bool
        Train a network that also takes the hints of a user.
    """

    encoder_weights: Literal[""] | Path = ""
    frozen: int = BLOCKS
    encoder_rate: float = 0.1
    decoder_rate: float = 1.0
    head: str = "both"
    rebalance: float = 0.8
    regression: float = 0.1
    perceptual: float = 0.0
    statistics: float = 0.0
    bits: int = 8
    encoder: str = "lite2"
    decoder: str = "192-128-96"
    context: int = 0
    average: float = 0.998
    perceptual_part: float = 1.0
    scales: float = 0.0
    consistency: float = 0.0
    hints: bool = False

    def __post_init__(self) -> None:
        if self.head not in ("bins", "regression", "both"):
            raise ValueError(f"head={self.head}: use bins, regression or both")
        if not 0 <= self.frozen <= BLOCKS:
            raise ValueError(f"frozen={self.frozen}: use 0 to {BLOCKS} blocks")
        if self.bits not in (8, 16):
            raise ValueError(f"bits={self.bits}: use 8 or 16")
        if self.encoder not in ("lite0", "lite1", "lite2"):
            raise ValueError(f"encoder={self.encoder}: use lite0, lite1 or lite2")
        if not re.fullmatch(r"[1-9]\d{0,2}-[1-9]\d{0,2}-[1-9]\d{0,2}", self.decoder):
            raise ValueError(f"decoder={self.decoder}: use three numbers, as 192-128-96")
        if not 0 <= self.context <= 8:
            raise ValueError(f"context={self.context}: use 0 to 8 blocks")
        if self.context and self.filters[0] % 8:
            raise ValueError(
                f"decoder={self.decoder}: context needs a first number that is a multiple of 8"
            )
        if not 0 <= self.average < 1:
            raise ValueError(f"average={self.average}: use 0 or more, under 1")
        if not 0 < self.perceptual_part <= 1:
            raise ValueError(f"perceptual_part={self.perceptual_part}: use more than 0, at most 1")
        if not 0 < self.rebalance <= 1:
            raise ValueError(f"rebalance={self.rebalance}: use more than 0, at most 1")
        for name in (
            "encoder_rate",
            "decoder_rate",
            "regression",
            "perceptual",
            "statistics",
            "scales",
            "consistency",
        ):
            if not 0 <= getattr(self, name) < 1e6:
                raise ValueError(f"{name}={getattr(self, name)}: use 0 or more")
        if self.head == "regression" and not self.regression and not self.perceptual:
            raise ValueError("head=regression needs regression or perceptual above 0")

    @property
    def filters(self) -> tuple[int, int, int]:
        """Filters of the decoder, from ``decoder``."""
        first, second, third = map(int, self.decoder.split("-"))
        return first, second, third
