"""``colortk fit --plugin welsh``: one palette for many pictures.

Pixels of all pictures are sorted into cells by lightness and neighborhood deviation. A cell's
sample is the mean of L*, deviation, a* and b* over it: of all chromas, the one that errs least.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from colortk.plugin import PictureError, UsageError, decode, find_pictures, read_bytes, rgb_to_lab
from colortk.training.data.split import split_pictures
from colortk.training.manifest import describe_split, publish
from colortk.training.request import TrainRequest
from colortk_welsh.transfer import neighborhood_std, shrink

#: Cells: 25 of lightness, 8 of deviation, about the 200 samples of one reference.
LIGHTNESS_EDGES = np.arange(4, 100, 4)
DEVIATION_EDGES = np.array([0.5, 1, 2, 4, 6, 9, 14])
#: Share of all pixels below which a cell is left out: it says more of a picture than of pictures.
RARE = 1e-5


class Cells:
    """Sums over pixels: weight, L*, deviation, a*, b*, and the square of L*."""

    def __init__(self) -> None:
        count = (len(LIGHTNESS_EDGES) + 1) * (len(DEVIATION_EDGES) + 1)
        self.sums = np.zeros((6, count))

    def add(self, rgb: NDArray, weight: float) -> None:
        """Sort a picture, sRGB (H, W, 3), into the cells; ``weight`` is shared by its pixels."""
        lab = rgb_to_lab(shrink(rgb))
        light = np.ascontiguousarray(lab[..., 0])
        deviation = neighborhood_std(light)
        row = np.digitize(light, LIGHTNESS_EDGES)
        cell = row * (len(DEVIATION_EDGES) + 1) + np.digitize(deviation, DEVIATION_EDGES)
        values = (np.ones_like(light), light, deviation, lab[..., 1], lab[..., 2], light * light)
        for sums, value in zip(self.sums, values, strict=True):
            sums += np.bincount(cell.ravel(), value.ravel(), len(sums)) * (weight / light.size)

    def palette(self) -> tuple[NDArray, NDArray]:
        """Return samples, float32 (N, 4), and mean and standard deviation of L*, float32 (2,)."""
        share = self.sums[0] / self.sums[0].sum()
        common_sums = self.sums[:, share > RARE]
        total, light, square = self.sums.sum(1)[[0, 1, 5]]
        mean = light / total
        spread = np.sqrt(max(square / total - mean * mean, 0))
        samples = (common_sums[1:5] / common_sums[0]).T.astype(np.float32)
        return samples, np.array([mean, spread], np.float32)


def train(request: TrainRequest) -> None:
    """Write ``palette.npz``; pictures of a folder count alike, big and small."""
    sides = split_pictures(
        find_pictures(request.data), request.data, request.seed, request.emphasis
    )
    cells = Cells()
    with request.progress("palette", len(sides.train)) as advance:
        for path, weight in zip(sides.train, sides.weights, strict=True):
            advance(1)
            try:
                pixels = decode(read_bytes(path), str(path)).pixels
            except PictureError as error:
                request.print_message(f"left out: {error}")
                continue
            if pixels.ndim == 3:
                cells.add(pixels, weight)
    if not cells.sums[0].sum():
        raise UsageError(f"nothing to learn from in '{request.data}'", "no picture has colors")
    samples, lightness = cells.palette()
    out = io.BytesIO()
    np.savez(out, samples=samples, lightness=lightness)
    request.output.mkdir(parents=True, exist_ok=True)
    publish(
        request,
        {"palette.npz": out.getvalue()},
        ["colortk-welsh", "numpy"],
        data=describe_split(sides, request.data),
        samples=len(samples),
        seed=request.seed,
    )
