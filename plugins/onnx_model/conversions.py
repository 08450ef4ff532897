"""Lightness to the input of a network, and its output to chroma."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from colortk.plugin import Float32, UsageError, lab_to_rgb, rgb_to_lab

#: Most bytes of a file of colors. Published ones have 313 of them.
MAX_CENTERS_BYTES = 1 << 20
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


def network_input(lightness: Float32, kind: str) -> Float32:
    """Return the input, float32 (H, W, C), for L*, float32 (H, W); ``kind`` as of the options."""
    if kind == "l":
        return lightness[..., None]
    if kind == "l_centered":
        return lightness[..., None] - np.float32(50)
    zeros = np.zeros_like(lightness)
    rgb = lab_to_rgb(np.stack([lightness, zeros, zeros], -1))
    if kind == "gray_rgb_255":
        return rgb * np.float32(255)
    return (rgb - _MEAN) / _DEVIATION if kind == "gray_rgb_imagenet" else rgb


def chroma(output: Float32, kind: str, ab_scale: float, centers: Float32 | None) -> Float32:
    """Return a* and b*, float32 (h, w, 2), of an output, float32 (h, w, C)."""
    if kind in ("rgb", "rgb_255"):
        rgb = output / np.float32(255) if kind == "rgb_255" else output
        return rgb_to_lab(np.clip(np.ascontiguousarray(rgb), 0, 1))[..., 1:]
    if centers is not None:
        return _probabilities(output) @ centers
    return output * np.float32(ab_scale) if kind == "ab_scaled" else output


def _probabilities(output: Float32) -> Float32:
    """Return probabilities; scores that are no probabilities go through a softmax."""
    if output.min() >= 0 and np.allclose(output.sum(-1), 1, atol=1e-3):
        return output
    powers = np.exp(output - output.max(-1, keepdims=True))
    probabilities: Float32 = powers / powers.sum(-1, keepdims=True)
    return probabilities


def read_centers(path: Path) -> Float32:
    """Return the colors of a ``.npy`` file, float32 (colors, 2); ``UsageError`` if it has none."""
    try:
        if path.stat().st_size > MAX_CENTERS_BYTES:
            raise ValueError("it is too large for a list of colors")
        centers = np.load(path, allow_pickle=False)
        if centers.ndim != 2 or centers.shape[1] != 2 or not np.isfinite(centers).all():
            raise ValueError(f"its shape is {centers.shape}, not (colors, 2)")
    except (OSError, ValueError, MemoryError) as error:
        raise UsageError(f"centers='{path}' cannot be used", str(error)) from error
    return np.ascontiguousarray(centers, np.float32)
