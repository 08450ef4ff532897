"""Score the refinements of module 4 on held-out pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from colortk.training.assessment import TrainedWeights
from colortk.training.request import TrainRequest

#: Held-out pictures that are scored.
MAX_PICTURES = 100
REFINEMENTS = ("ratio", "slide", "none")


def assess(request: TrainRequest, held_out: list[Path]) -> dict[str, float]:
    """Return the mean PSNR of new weights with each refinement, on up to 100 held-out pictures.

    Parameters
    ----------
    request : TrainRequest
        ``output`` holds the weights.
    held_out : list of Path
        Pictures.

    Returns
    -------
    dict
        PSNR in dB by refinement.
    """
    sample = held_out[:: max(1, len(held_out) // MAX_PICTURES)][:MAX_PICTURES]
    weights = TrainedWeights("sift_mlp", request.output)
    means = {}
    for refinement in REFINEMENTS:
        with request.progress(f"scoring, refinement {refinement}", len(sample)) as advance:
            values: list[float] = []
            for row in weights.scores(sample, ["psnr"], refinement):
                advance(1)
                values += row.values()
        if values:
            means[refinement] = round(float(np.mean(values)), 3)
    return means
