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

import numpy as np

from colortk._opencv import cv2
from colortk.color.cielab import lightness
from colortk.errors import PictureError
from colortk.harness.metrics.pair import Truth
from colortk.harness.protocol import load_protocol, reference_picture
from colortk.harness.scoring import Scorer
from colortk.io.decode import read_bytes
from colortk.pipeline import colorize, refiner
from colortk.runtime.loading import Request, load
from colortk.types import Array

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
    predictor, how = load(Request("autoencoder", weights=folder)), load_protocol()
    refine, scorer = refiner(how.refine), Scorer(METRICS)
    rows: dict[str, list[dict[str, float]]] = {}
    for path in held_out[:: max(1, -(-len(held_out) // MAX_PICTURES))]:
        try:
            truth = reference_picture(read(path), str(path), how).pixels
            kept = Truth(truth)
            for way, gray in gray_inputs(truth).items():
                result = colorize(gray, predictor, refine).rgb
                rows.setdefault(way, []).append(scorer(kept, result).values)
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
