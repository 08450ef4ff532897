"""A recipe: how a network is trained, as data."""

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
    """Everything about a training that is not in the request.

    Parameters
    ----------
    plugin : str
        Name of the plugin.
    network : callable
        Builds the Keras network: functional, channels last, every layer named (weights are stored
        by the names of their layers).
    codec : Codec
        Converts between pictures and the numbers of the network.
    epochs, batch_size : int
        Passes, and pictures per step.
    rate : float
        Initial learning rate of Adam.
    sides : tuple of (int, float)
        Sides of the square training pictures in pixels, in order, each with its share of the
        epochs.
    examples : {"crops", "augmented"}
        "crops" draws pictures by the weights of their folders and takes a random crop, mirrored
        with probability 0.5. "augmented" takes each picture once, with the twelve augmentations of
        Acharya (2022) (:mod:`colortk.training.data.augment`).
    samples : int, optional
        Pictures per epoch at most; by default all.
    zoom : tuple of float
        Smallest and largest side of a crop, as a share of the short side of the picture.
    change_crop : callable, optional
        Changes a crop, sRGB, uint8 (H, W, 3), with a random generator, before its lightness and
        chroma are taken.
    lightness : callable, optional
        Computes the lightness that the network sees from a picture and a random generator, instead
        of the lightness of the picture.
    hints : callable, optional
        Draws hints for a network that takes them, from the true a* and b* and a random generator;
        see :func:`colortk.training.data.random_hints.random_hints`. The codec then is a
        :class:`colortk.runtime.network_io.HintCodec`. The validation loss is without hints.
    teacher : Teacher, optional
        Contributes to the training targets, not to the validation targets.
    loss : str or callable
        A Keras loss: its name, or a function of (truth, prediction).
    factor : float
        Factor on the rate after ``patience`` epochs without a better validation loss.
    patience : int
        Number of epochs without a better validation loss after which the rate is reduced; 0 never
        reduces the rate.
    cooldown : float
        Share of the steps, at the end, over which the rate falls linearly to zero.
    warmup : int
        Steps at the beginning over which the rate rises linearly from zero.
    keep : {"best", "last"}
        Publish the weights of the epoch with the best validation loss, or of the last epoch, which
        suits a rate that falls to zero.
    layer_rates : callable, optional
        Returns the factor on the rate of a layer by its name; pretrained layers need a smaller one.
    average : float
        Momentum of the moving average of the weights, which is published instead of the last
        weights; 0 publishes the weights themselves.
    clip : float, optional
        Largest norm of the gradient of each weight.
    multiple : int
        Sides of pictures must be multiples of it.
    fixed_side : bool
        The network takes only the sides in ``sides``.
    eight_bits : tuple of str, optional
        Publish 8-bit weights if they score as well on held-out pictures. Layers whose names begin
        with one of these keep 32 bits. ``None`` publishes 16-bit weights.
    eight_bit_kernels : bool
        Without ``eight_bits``: publish kernels of 8 bits, with which the network computes in 32
        bits, if they score as well on held-out pictures.
    tail : callable, optional
        Returns the ONNX file that is published, for the content of the file that was checked: it
        may append operators, such as the expected color of a distribution.
    prepare : callable, optional
        Called with the new network before the first step, to load pretrained weights for example.
    evaluate : callable, optional
        Called after the training with the folder of the results, the paths of the held-out
        pictures, and a function that returns the picture file at a path. The manifest records what
        it returns.
    facts : dict
        More entries for the manifest.
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
    change_crop: Callable[[Array, np.random.Generator], Array] | None = None
    lightness: Callable[[Array, np.random.Generator], Float32] | None = None
    hints: Callable[[Float32, np.random.Generator], tuple[Float32, Float32]] | None = None
    teacher: Teacher | None = None
    loss: str | Callable[[Any, Any], Any] = "mean_squared_error"
    factor: float = 0.5
    patience: int = 3
    cooldown: float = 0.0
    warmup: int = 0
    keep: Literal["best", "last"] = "best"
    layer_rates: Callable[[str], float] | None = None
    average: float = 0.0
    clip: float | None = None
    multiple: int = 1
    fixed_side: bool = False
    eight_bits: tuple[str, ...] | None = None
    eight_bit_kernels: bool = False
    tail: Callable[[bytes], bytes] | None = None
    prepare: Callable[[Any], None] | None = None
    evaluate: Callable[[Path, list[Path], Callable[[Path], bytes]], dict[str, Any]] | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def side_of(self, epoch: int, epochs: int) -> int:
        """Return the side of the training pictures of an epoch.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        epochs : int
            Epochs of the training.

        Returns
        -------
        int
            Pixels.
        """
        share = 0.0
        for side, part in self.sides:
            share += part
            if epoch < round(share * epochs) or (part == self.sides[-1][1] and share >= 1):
                return side
        return self.sides[-1][0]
