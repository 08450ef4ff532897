"""Document 002's two ways to make the gray input of a picture that has colors, compared.

``repeated``: the picture is made gray (luma, ITU-R BT.601, as OpenCV does), the gray repeated to
RGB, and that converted to CIELAB. ``read``: the picture is read with its colors and converted to
CIELAB. L* of the two differs where colors are strong. Of a picture that is gray already they are
the same, so that nothing of this matters for old photographs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from colortk.plugin import Array, PictureError, Truth, lightness, read_bytes
from colortk.training.assessment import TrainedWeights

#: Held-out pictures that are scored.
MAX_PICTURES = 100
METRICS = ("lpips", "delta_e00", "ab_rmse", "psnr")


def gray_inputs(truth: Array) -> dict[str, Array]:
    """The two gray inputs of sRGB uint8 (H, W, 3): L*, float32 (H, W), by name of the way."""
    return {
        "repeated": lightness(cv2.cvtColor(truth, cv2.COLOR_RGB2GRAY)),
        "read": lightness(truth),
    }


def assess(
    folder: Path, held_out: list[Path], read: Callable[[Path], bytes] = read_bytes
) -> dict[str, Any]:
    """Mean scores of the weights in ``folder`` with either input, on up to 100 held-out pictures."""
    weights = TrainedWeights("autoencoder", folder)
    rows: dict[str, list[dict[str, float]]] = {}
    for path in held_out[:: max(1, -(-len(held_out) // MAX_PICTURES))]:
        try:
            truth = weights.reference(path, read)
            kept = Truth(truth)
            for way, gray in gray_inputs(truth).items():
                result = weights.colorize(gray)
                rows.setdefault(way, []).append(weights.score(kept, result, METRICS))
        except PictureError:
            continue
    return {
        way: {
            metric: round(float(np.mean([row[metric] for row in some if metric in row])), 5)
            for metric in METRICS
            if any(metric in row for row in some)
        }
        for way, some in rows.items()
    }
