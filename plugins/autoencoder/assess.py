"""Compare the two ways in which Darban (2024) makes the gray input of a color picture.

``repeated``: the picture is made gray (luma, ITU-R BT.601, as OpenCV does), and the gray picture is
converted to CIELAB. ``read``: the color picture is converted to CIELAB. L* of the two differs where
colors are strong. For a gray picture they are the same, so that old photographs are not affected.
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
ASSESSED_METRICS = ("lpips", "delta_e00", "ab_rmse", "psnr")


def gray_inputs(truth: Array) -> dict[str, Array]:
    """Return the two gray inputs of a picture.

    Parameters
    ----------
    truth : ndarray
        sRGB, uint8 (H, W, 3).

    Returns
    -------
    dict
        L*, float32 (H, W), by "repeated" and "read".
    """
    return {
        "repeated": lightness(cv2.cvtColor(truth, cv2.COLOR_RGB2GRAY)),
        "read": lightness(truth),
    }


def assess(
    folder: Path, held_out: list[Path], read: Callable[[Path], bytes] = read_bytes
) -> dict[str, Any]:
    """Return mean scores with either input, on up to 100 held-out pictures.

    Parameters
    ----------
    folder : Path
        The weights.
    held_out : list of Path
        Pictures.
    read : callable
        Returns the picture file at a path.
    """
    weights = TrainedWeights("autoencoder", folder)
    rows: dict[str, list[dict[str, float]]] = {}
    for path in held_out[:: max(1, -(-len(held_out) // MAX_PICTURES))]:
        try:
            truth = weights.reference(path, read)
            truths = Truth(truth)
            for input_kind, gray in gray_inputs(truth).items():
                result = weights.colorize(gray)
                rows.setdefault(input_kind, []).append(
                    weights.score(truths, result, ASSESSED_METRICS)
                )
        except PictureError:
            continue
    return {
        input_kind: {
            metric: round(float(np.mean([row[metric] for row in some if metric in row])), 5)
            for metric in ASSESSED_METRICS
            if any(metric in row for row in some)
        }
        for input_kind, some in rows.items()
    }
