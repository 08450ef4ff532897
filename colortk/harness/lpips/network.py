"""The network of LPIPS 0.1 (AlexNet), run by ONNX Runtime from bytes whose digest is checked."""

from __future__ import annotations

import os
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from colortk.color import Array, Float32
from colortk.errors import ArtifactError, PictureError
from colortk.process import threads
from colortk.store.artifacts import ArtifactFolder, declared

PACKAGE = "colortk.harness.lpips"
NAME = "alexnet.onnx"
#: The shortest side that is left with a pixel after AlexNet's strides and pools.
SHORTEST = 31


def features(pictures: Array) -> list[Float32]:
    """Five feature maps of a batch, float32 (N, C, h, w), whose squared distance is LPIPS.

    ``pictures``: sRGB uint8 (N, H, W, 3). Each map holds, per place, a vector of length 1 times
    the root of its channels' weights. Raises ``PictureError`` or ``ArtifactError``.
    """
    height, width = pictures.shape[1:3]
    if min(height, width) < SHORTEST:
        raise PictureError(
            "the picture is too small for LPIPS",
            f"{width} × {height}, at least {SHORTEST} × {SHORTEST} are needed",
        )
    found: list[Float32] = _session(os.getpid()).run(None, {"pictures": pictures})
    return found


def distance(first: list[Float32], second: list[Float32]) -> float:
    """LPIPS of two pictures' features, (C, h, w) each."""
    total = 0.0
    for one, other in zip(first, second, strict=True):
        difference = (one - other).ravel()
        total += float(np.dot(difference, difference)) / (one.shape[1] * one.shape[2])
    return total


@cache
def _session(process: int) -> Any:
    """One session a process: threads do not survive a fork, and the parent's must not be freed."""
    import onnxruntime

    folder = ArtifactFolder("lpips", files(PACKAGE) / "artifacts", declared(PACKAGE))
    try:
        content = folder.read(NAME)
    except ArtifactError as error:
        raise ArtifactError(
            "the network of LPIPS cannot be used",
            f"{error.what}: {error.why}",
            "reinstall colorization-toolkit",
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
