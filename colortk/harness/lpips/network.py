"""The networks of LPIPS 0.1: AlexNet, and VGG16 if the user has it. Their digests are checked."""

from __future__ import annotations

import os
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from colortk.errors import ArtifactError, PictureError
from colortk.runtime.subprocesses import threads
from colortk.store.artifact_folder import ArtifactFolder
from colortk.store.artifact_manifest import declared
from colortk.types import Array, Float32

PACKAGE = "colortk.harness.lpips"
NAME = "alexnet.onnx"
#: Name of the VGG16 file that :mod:`colortk.harness.lpips.build` writes, and the environment
#: variable with the path of this file.
VGG_NAME, VGG_VARIABLE = "vgg16.onnx", "COLORTK_LPIPS_VGG"
#: The shortest sides that are left with a pixel after the strides and pools of AlexNet and VGG16.
SHORTEST, VGG_SHORTEST = 31, 16
#: Channels of the five feature maps of VGG16.
VGG_CHANNELS = (64, 128, 256, 512, 512)


def features(pictures: Array) -> list[Float32]:
    """Return the feature maps whose squared distance is LPIPS with AlexNet.

    Parameters
    ----------
    pictures : ndarray
        sRGB uint8 (N, H, W, 3).

    Returns
    -------
    list of ndarray
        Five maps, float32 (N, C, h, w). At every position, a map holds a vector of length 1 times
        the root of its channels' weights.

    Raises
    ------
    PictureError
        If a side is under 31 pixels.
    ArtifactError
        If the network is missing or damaged.
    """
    _check_size(pictures, SHORTEST)
    maps: list[Float32] = _session(os.getpid()).run(None, {"pictures": pictures})
    return maps


def vgg_features(pictures: Array) -> list[Float32]:
    """Return the same of VGG16, whose file ``COLORTK_LPIPS_VGG`` names.

    Raises
    ------
    PictureError
        If a side is under 16 pixels.
    ArtifactError
        If there is no such file, or it is not the network that ``build.py`` writes.
    """
    _check_size(pictures, VGG_SHORTEST)
    session = _vgg_session(os.getpid(), os.environ.get(VGG_VARIABLE, ""))
    maps: list[Float32] = session.run(None, {"pictures": pictures})
    return maps


def _check_size(pictures: Array, shortest: int) -> None:
    height, width = pictures.shape[1:3]
    if min(height, width) < shortest:
        raise PictureError(
            "the picture is too small for LPIPS",
            f"{width} × {height}, at least {shortest} × {shortest} are needed",
        )


def distance(first: list[Float32], second: list[Float32]) -> float:
    """Return LPIPS of two pictures' features, (C, h, w) each."""
    total = 0.0
    for map_, other in zip(first, second, strict=True):
        difference = (map_ - other).ravel()
        total += float(np.dot(difference, difference)) / (map_.shape[1] * map_.shape[2])
    return total


@cache
def _session(process: int) -> Any:
    """Return a session for each process: threads do not survive a fork."""
    folder = ArtifactFolder("lpips", files(PACKAGE) / "artifacts", declared(PACKAGE))
    try:
        content = folder.read(NAME)
    except ArtifactError as error:
        raise ArtifactError(
            "the network of LPIPS cannot be used",
            f"{error.problem}: {error.reason}",
            "reinstall colorization-toolkit",
        ) from None
    return _opened(content)


@cache
def _vgg_session(process: int, path: str) -> Any:
    """Return a session of the file that the user names."""
    advice = "docs/metrics.md says how to build it"
    if not path:
        raise ArtifactError("LPIPS of VGG16 has no network", f"{VGG_VARIABLE} is not set", advice)
    problem = f"'{path}' ({VGG_VARIABLE}) is not the VGG16 network of LPIPS"
    try:
        session = _opened(Path(path).read_bytes())
    except OSError as error:
        raise ArtifactError(problem, error.strerror or str(error), advice) from None
    except Exception as error:  # ONNX Runtime has its own exceptions
        raise ArtifactError(problem, " ".join(str(error).split())[:200], advice) from None
    channels = tuple(output.shape[1] for output in session.get_outputs() if len(output.shape) == 4)
    inputs = [(value.name, value.type) for value in session.get_inputs()]
    if channels != VGG_CHANNELS or inputs != [("pictures", "tensor(uint8)")]:
        raise ArtifactError(problem, "its inputs or outputs have other names or shapes", advice)
    return session


def _opened(content: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
