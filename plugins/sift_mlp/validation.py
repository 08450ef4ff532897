"""Held-out points that measure the error of the networks after each epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colortk.plugin import Float32, PickleStore
from colortk.training.data.split import Split

from .network import Network
from .samples import Standardization, collect_points
from .views import KIND

#: Largest number of held-out pictures.
MAX_VALIDATION_PICTURES = 2500
#: Points that are predicted at a time.
_CHUNK = 8192


@dataclass(frozen=True)
class Validation:
    """Points of held-out pictures.

    Parameters
    ----------
    inputs : ndarray
        Standardized inputs, float32 (N, inputs).
    targets : ndarray
        Standardized a* and b*, float32 (N, 2).
    weights : ndarray
        Weights of the points, float32 (N,); they sum to 1.
    """

    inputs: Float32
    targets: Float32
    weights: Float32

    def error(self, network: Network, channel: int) -> float:
        """Return the weighted squared error of ``network``, divided by the error of the mean color.

        Parameters
        ----------
        network : Network
            In sigmoid coordinates.
        channel : int
            0 for a*, 1 for b*.
        """
        targets = self.targets[:, channel]
        total = 0.0
        for start in range(0, len(targets), _CHUNK):
            part = slice(start, start + _CHUNK)
            errors = network.predict(self.inputs[part]) - targets[part]
            total += float((self.weights[part] * errors**2).sum())
        return total / float((self.weights * targets**2).sum())


def load_validation(
    store: PickleStore,
    split: Split,
    keys: Mapping[Path, str],
    standardization: Standardization,
) -> Validation:
    """Return the points of held-out pictures, whole pictures only.

    Parameters
    ----------
    store : PickleStore
        Holds the records.
    split : Split
        Its held-out pictures are used, at most `MAX_VALIDATION_PICTURES` of them.
    keys : mapping
        Key of the record by path; pictures without a key are left out.
    standardization : Standardization
        Applied to inputs and targets.
    """
    pairs = [
        (keys[path], weight)
        for path, weight in zip(split.held_out, split.held_out_weights, strict=True)
        if path in keys
    ]
    pairs = pairs[:: math.ceil(len(pairs) / MAX_VALIDATION_PICTURES)]
    inputs, targets, weights = [], [], []
    for key, weight in pairs:
        record = {name: values[:1] for name, values in store.get(KIND, key).items()}
        points = collect_points([record])
        count = len(points.chroma)
        inputs.append(standardization.inputs(points, np.arange(count)))
        targets.append(standardization.targets(points.chroma))
        weights.append(np.full(count, weight / count, np.float32))
    joined = np.concatenate(weights)
    return Validation(np.concatenate(inputs), np.concatenate(targets), joined / joined.sum())
