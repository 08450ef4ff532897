"""The colorizer of Zhang et al. (2017), with the weights that the user brings."""

from __future__ import annotations

from typing import Any

import numpy as np

from colortk.plugin import (
    Artifacts,
    Chroma,
    Float32,
    Lightness,
    OnnxNetwork,
    WorkingHints,
    published_network,
)

from .network import HINT_AB, HINT_MASK, LIGHTNESS, to_onnx
from .spec import CHECKPOINT


class Zhang2017:
    """Runs the published checkpoint, or the same network as an ONNX file.

    Parameters
    ----------
    artifacts : Artifacts
        The file is a PyTorch checkpoint; ``--weights`` can replace it by an ONNX file with the same
        inputs, or by one that takes L* alone, (1, 1, 256, 256).
    options : None
        There are none.

    Attributes
    ----------
    follows_hints : bool
        Whether the file has inputs for hints. Otherwise the host spreads them.
    """

    def __init__(self, artifacts: Artifacts, options: Any) -> None:
        self.engine = OnnxNetwork(published_network(artifacts, CHECKPOINT, to_onnx))
        self.follows_hints = len(self.engine.input_names) > 1

    def predict_ab(self, lightness: Lightness) -> Chroma:
        """Return the chroma, float32 (H, W, 2), of lightness, float32 (H, W)."""
        shape = lightness.shape
        return self._run(lightness, np.zeros((*shape, 2), np.float32), np.zeros(shape, np.float32))

    def predict_ab_guided(self, lightness: Lightness, hints: WorkingHints) -> Chroma:
        """Return the chroma of lightness with hints, by the network's own inputs."""
        return self._run(lightness, hints.ab, hints.mask)

    def _run(self, lightness: Float32, hint_ab: Float32, hint_mask: Float32) -> Chroma:
        light = lightness[None, ..., None]
        if not self.follows_hints:
            return np.ascontiguousarray(self.engine.predict(light)[0])
        inputs = {LIGHTNESS: light, HINT_AB: hint_ab[None], HINT_MASK: hint_mask[None, ..., None]}
        (ab,) = self.engine.run(inputs).values()
        return np.ascontiguousarray(ab[0])
