"""Tensors of the shapes of the published checkpoints of Zhang (2016) and Zhang (2017)."""

from __future__ import annotations

import itertools

import numpy as np


def zhang2016_tensors() -> dict[str, np.ndarray]:
    """Tensors of the published shapes: the classes have the probabilities of their biases."""
    sides = [1, 64, 128, 256, 512, 512, 512, 512]
    tensors = {}

    def conv(name: str, shape: tuple[int, ...], outputs: int) -> None:
        tensors[f"{name}.weight"] = np.zeros(shape, "f4")
        tensors[f"{name}.bias"] = np.zeros(outputs, "f4")

    for block, (before, after) in enumerate(itertools.pairwise(sides), 1):
        count = 2 if block < 3 else 3
        for index in range(count):
            conv(f"model{block}.{2 * index}", (after, after if index else before, 3, 3), after)
        for name, value in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
            tensors[f"model{block}.{2 * count}.{name}"] = np.full(after, value, "f4")
    conv("model8.0", (512, 256, 4, 4), 256)
    conv("model8.2", (256, 256, 3, 3), 256)
    conv("model8.4", (256, 256, 3, 3), 256)
    conv("model8.6", (313, 256, 1, 1), 313)
    tensors["model8.6.bias"] = np.log(np.arange(1, 314, dtype="f4"))
    tensors["model_out.weight"] = np.stack([np.linspace(-1, 1, 313), np.ones(313)]).astype("f4")
    tensors["model_out.weight"] = tensors["model_out.weight"].reshape(2, 313, 1, 1)
    return tensors


def zhang2017_tensors() -> dict[str, np.ndarray]:
    """Tensors of the published shapes, all zero but the scales of the normalizations."""
    tensors = {}

    def conv(name: str, after: int, before: int, side: int = 3, transposed: bool = False) -> None:
        shape = (before, after) if transposed else (after, before)
        tensors[f"{name}.weight"] = np.zeros((*shape, side, side), "f4")
        tensors[f"{name}.bias"] = np.zeros(after, "f4")

    def norm(name: str, size: int) -> None:
        for end, value in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
            tensors[f"{name}.{end}"] = np.full(size, value, "f4")

    for block, (before, after) in enumerate(
        itertools.pairwise([4, 64, 128, 256, 512, 512, 512, 512]), 1
    ):
        count = 2 if block < 3 else 3
        for index in range(count):
            conv(f"model{block}.{2 * index}", after, after if index else before)
        norm(f"model{block}.{2 * count}", after)
    conv("model8up.0", 256, 512, 4, transposed=True)
    conv("model8.1", 256, 256)
    conv("model8.3", 256, 256)
    norm("model8.5", 256)
    conv("model9up.0", 128, 256, 4, transposed=True)
    conv("model9.1", 128, 128)
    norm("model9.3", 128)
    conv("model10up.0", 128, 128, 4, transposed=True)
    conv("model10.1", 128, 128)
    conv("model3short8.0", 256, 256)
    conv("model2short9.0", 128, 128)
    conv("model1short10.0", 128, 64)
    conv("model_class.0", 529, 256, 1)
    conv("model_out.0", 2, 128, 1)
    return tensors
