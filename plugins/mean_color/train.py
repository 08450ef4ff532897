"""``colortk fit --plugin mean_color``: the mean chroma of the training pictures."""

from __future__ import annotations

import io

import numpy as np

from colortk.plugin import PictureError, UsageError, rgb_to_lab
from colortk.training.data.source import picture_source
from colortk.training.data.split import split_pictures
from colortk.training.manifest import describe_split, publish
from colortk.training.request import TrainRequest


def train(request: TrainRequest) -> None:
    """Write ``mean.npz``: a* and b* averaged over pixels, then over pictures with their weights.

    Parameters
    ----------
    request : TrainRequest
        Pictures and output.

    Raises
    ------
    UsageError
        No picture can be read, or an option does not apply to this plugin.
    """
    request.refuse(
        *("samples", "side", "rate", "cooldown", "init_from"),
        *("aging", "teacher", "device", "precision"),
    )
    source = picture_source(request.data)
    split = split_pictures(source.paths, request.data, request.seed, request.emphasis)
    total, weight_sum = np.zeros(2), 0.0
    with request.progress("mean chroma", len(split.train)) as advance:
        for path, weight in zip(split.train, split.weights, strict=True):
            advance(1)
            try:
                pixels = source.read(path)
            except PictureError as error:
                request.print_message(f"left out: {error}")
                continue
            total += weight * rgb_to_lab(pixels)[..., 1:].mean((0, 1), np.float64)
            weight_sum += weight
    if not weight_sum:
        raise UsageError(f"nothing to learn from in '{request.data}'", "no picture can be read")
    out = io.BytesIO()
    np.savez(out, ab=(total / weight_sum).astype(np.float32))
    request.output.mkdir(parents=True, exist_ok=True)
    publish(
        request,
        {"mean.npz": out.getvalue()},
        ["numpy"],
        data=describe_split(split, request.data),
        mean_ab=[float(v) for v in total / weight_sum],
        seed=request.seed,
    )
