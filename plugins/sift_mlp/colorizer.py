"""Predict chroma from SIFT features with one network for A and one for B."""

from __future__ import annotations

from typing import Any

import numpy as np

from colortk.plugin import ArtifactError, Artifacts, Chroma, Float32, Lightness, chroma_field

from .features import POINT_WIDTH, WIDTH, extract_features, network_inputs
from .network import from_bytes
from .threads import one_blas_thread

#: Pixels of the working size between two points of the grid.
SPACING = 4


class SiftMlp:
    """Two networks over dense SIFT.

    Chroma is predicted on a grid, for the picture and for its mirror image, whose mean has a
    smaller error than either, and upsampled to the working size along the edges of the picture.
    """

    def __init__(self, artifacts: Artifacts, options: Any) -> None:
        self.networks = [from_bytes(artifacts.read(f"{channel}.npz")) for channel in "ab"]
        for network in self.networks:
            if len(network.weights[0]) != WIDTH:
                raise ArtifactError(
                    "the weights of sift_mlp belong to other features",
                    f"they take {len(network.weights[0])} inputs, not {WIDTH}",
                    "train them again: colortk fit --plugin sift_mlp",
                )

    def predict_ab(self, lightness: Lightness) -> Chroma:
        """Predict chroma.

        Parameters
        ----------
        lightness : ndarray
            L*, float32 (H, W), 0 to 100.

        Returns
        -------
        ndarray
            a* and b*, float32 (H, W, 2).
        """
        lightness = np.clip(lightness, 0, 100)  # squares of extreme values overflow
        mirrored = np.ascontiguousarray(lightness[:, ::-1])
        with one_blas_thread():
            grid = (self._grid(lightness) + self._grid(mirrored)[:, ::-1]) * np.float32(0.5)
        return chroma_field(lightness, grid, exact=False).chroma_of_block(0, 0, lightness)

    def _grid(self, lightness: Float32) -> Float32:
        rows, columns = (max(2, round(side / SPACING)) for side in lightness.shape)
        points = network_inputs(extract_features(lightness, rows, columns))
        point_inputs, common = points[:, :POINT_WIDTH], points[0, POINT_WIDTH:]
        both = np.stack([network.predict(point_inputs, common) for network in self.networks], -1)
        grid: Float32 = both.reshape(rows, columns, 2)
        return grid
