"""LPIPS as a loss, in ``keras.ops``: the metric ``lpips`` with a gradient."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from colortk.color.cielab import RGB_TO_XYZ, WHITE
from colortk.harness.lpips.network import NAME, PACKAGE
from colortk.runtime.keras_weights import weights_in
from colortk.store.artifact_folder import ArtifactFolder
from colortk.store.artifact_manifest import declared
from colortk.types import Float32

#: Strides and paddings of AlexNet's five convolutions, and the convolutions after a 3x3 max-pool.
STRIDES, PADS, POOLED = (4, 1, 1, 1, 1), (2, 2, 1, 1, 1), (1, 2)


@cache
def network_weights() -> dict[str, Float32]:
    """Return the weights of the network that the metric uses, kernels (height, width, in, out)."""
    folder = ArtifactFolder("lpips", files(PACKAGE) / "artifacts", declared(PACKAGE))
    weights = weights_in(folder.read(NAME))
    for name in [name for name in weights if name.startswith("half")]:
        weights[name] = np.ascontiguousarray(weights[name].transpose(2, 3, 1, 0))
    return {
        name: array.reshape(-1) if array.ndim == 4 and array.shape[0] == 1 else array
        for name, array in weights.items()
    }


def lpips(truth: Any, prediction: Any, dtype: str = "float32") -> Any:
    """Return the LPIPS of each pair of pictures.

    Parameters
    ----------
    truth, prediction : tensor
        sRGB in 0 to 1, float32 (N, H, W, 3), sides of at least 31.
    dtype : str
        Numbers that the convolutions compute with.

    Returns
    -------
    tensor
        float32 (N,).
    """
    from keras import ops

    total: Any = 0.0
    for truth_map, answer_map in zip(
        features(truth, dtype), features(prediction, dtype), strict=True
    ):
        difference = ops.sum(ops.square(truth_map - answer_map), axis=-1)
        total = total + ops.mean(difference, axis=(1, 2))
    return total


def features(pictures: Any, dtype: str = "float32") -> list[Any]:
    """Return five feature maps whose squared distance is LPIPS.

    Parameters
    ----------
    pictures : tensor
        sRGB in 0 to 1, float32 (N, H, W, 3).
    dtype : str
        Numbers that the convolutions compute with.

    Returns
    -------
    list of tensor
        float32 (N, h, w, C).
    """
    import keras
    from keras import ops

    if keras.backend.backend() == "torch":
        from colortk.training.torch.perceptual import features as torch_features

        maps: list[Any] = torch_features(ops.convert_to_tensor(pictures), dtype)
        return maps
    weights = {name: ops.convert_to_tensor(array) for name, array in network_weights().items()}
    x = pictures * (255 * weights["gain"]) + weights["shift"]
    maps = []
    for layer in range(5):
        if layer in POOLED:
            x = ops.max_pool(x, 3, 2, padding="valid")
        x = ops.pad(x, [[0, 0], *[[PADS[layer], PADS[layer]]] * 2, [0, 0]])
        kernel = ops.cast(weights[f"half{layer}"], dtype)
        x = ops.conv(ops.cast(x, dtype), kernel, STRIDES[layer], padding="valid")
        x = ops.relu(x + ops.cast(weights[f"bias{layer}"], dtype))
        activations = ops.cast(x, "float32")
        # The slope of the root is infinite at 0. The metric adds its epsilon after the root.
        length = ops.sqrt(ops.sum(ops.square(activations), axis=-1, keepdims=True) + 1e-12)
        maps.append(activations / (length + weights[f"epsilon{layer}"]) * weights[f"root{layer}"])
    return maps


def lab_to_rgb(lightness: Any, ab: Any) -> Any:
    """Convert CIELAB to sRGB, clipped to its gamut.

    Parameters
    ----------
    lightness : tensor
        L*, float32 (N, H, W, 1), 0 to 100.
    ab : tensor
        a* and b*, float32 (N, H, W, 2).

    Returns
    -------
    tensor
        sRGB in 0 to 1, float32 (N, H, W, 3).
    """
    from keras import ops

    fy = (lightness + 16) / 116
    f = ops.concatenate([fy + ab[..., :1] / 500, fy, fy - ab[..., 1:] / 200], axis=-1)
    xyz = ops.where(f > 6 / 29, f * f * f, (f - 16 / 116) * (1 / 7.787))
    matrix = (np.linalg.inv(RGB_TO_XYZ) * WHITE).T.astype(np.float32)
    linear = ops.clip(ops.matmul(xyz, matrix), 0.0, 1.0)
    curved = 1.055 * ops.power(ops.maximum(linear, 1e-4), 1 / 2.4) - 0.055
    return ops.where(linear > 0.0031308, curved, 12.92 * linear)
