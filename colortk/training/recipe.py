"""How a network is trained, as data: what a plugin's ``train.py`` hands to :mod:`.learning`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from colortk.runtime.network_io import Codec
from colortk.training.loop.teacher import Teacher
from colortk.types import Array, Float32


@dataclass(frozen=True)
class Recipe:
    """Everything of a training that is not in the request.

    ``network``: makes the Keras network (functional, channels last; layers named, for that is how
    weights are kept). ``codec``: pictures to numbers. ``sides``: sides of the square training
    pictures, in order, each with its share of the epochs. ``examples``: "crops" draws pictures by
    the weight of their folders and takes a random part, perhaps mirrored; "augmented" takes each once
    with the twelve new pictures of document 000. ``samples``: pictures of an epoch at most (``None``:
    as many as there are). ``zoom``: smallest and largest part of the short side that a crop takes.

    ``lightness``: what the network sees of a picture instead of its own. ``teacher``: who answers beside
    the truth; only of what is learned from. ``loss``: a Keras loss, by name or as a function of (truth, answer). ``rate``: Adam's;
    times ``factor`` after ``patience`` epochs without a better validation loss, and in the last
    ``cooldown`` of the steps falling to zero in a straight line. ``layer_rates``: factor on the rate of a
    layer's weights, by the layer's name (pretrained ones want less). ``average``: momentum of the
    average of the weights that is kept instead of the last ones; 0 keeps the weights themselves.
    ``multiple``: what sides have to be a multiple of; ``fixed_side``: the network takes no other sides.
    ``eight_bits``: serve it in 8 bits if held-out pictures score as well (:mod:`.eight_bits`), but for
    layers whose names begin with one of these; ``None``: do not.
    ``prepare``: called with the new network before the first step (pretrained encoders).
    ``evaluate``: called after training with the folder of results, the paths of held-out pictures, and a
    function that returns the picture file at such a path.
    """

    plugin: str
    network: Callable[[], Any]
    codec: Codec
    epochs: int
    batch_size: int
    rate: float
    sides: tuple[tuple[int, float], ...] = ((128, 1.0),)
    examples: Literal["crops", "augmented"] = "crops"
    samples: int | None = None
    zoom: tuple[float, float] = (0.5, 1.0)
    lightness: Callable[[Array, np.random.Generator], Float32] | None = None
    teacher: Teacher | None = None
    loss: str | Callable[[Any, Any], Any] = "mean_squared_error"
    factor: float = 0.5
    patience: int = 3
    cooldown: float = 0.0
    layer_rates: Callable[[str], float] | None = None
    average: float = 0.0
    clip: float | None = None
    multiple: int = 1
    fixed_side: bool = False
    eight_bits: tuple[str, ...] | None = None
    prepare: Callable[[Any], None] | None = None
    evaluate: Callable[[Path, list[Path], Callable[[Path], bytes]], dict[str, Any]] | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def side_of(self, epoch: int, epochs: int) -> int:
        """Side of the pictures of ``epoch``, counted from 0, of ``epochs``."""
        share = 0.0
        for side, part in self.sides:
            share += part
            if epoch < round(share * epochs) or (part == self.sides[-1][1] and share >= 1):
                return side
        return self.sides[-1][0]
