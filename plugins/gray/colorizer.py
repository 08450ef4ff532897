"""a* = b* = 0 everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from colortk.plugin import Artifacts, Chroma, Lightness


class Gray:
    """Leaves the picture gray."""

    def __init__(self, artifacts: Artifacts, options: Any) -> None:
        pass

    def predict_ab(self, lightness: Lightness) -> Chroma:
        """Return zeros, float32 (H, W, 2)."""
        return np.zeros((*lightness.shape, 2), np.float32)
