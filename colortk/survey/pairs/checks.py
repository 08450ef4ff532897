"""The versions of a picture for an attention check, one of which is clearly better."""

from __future__ import annotations

import numpy as np

from colortk.color.cielab import gray_rgb, lab_to_rgb8, lightness, rgb_to_lab
from colortk.color.refine import ratio
from colortk.types import Array, Float32

#: By how much hues are rotated, in degrees: skin becomes green, and grass blue.
ROTATION = 120.0


def check_versions(original: Array) -> tuple[Array, ...]:
    """Return the original, the picture in gray, and the picture with rotated hues.

    Parameters
    ----------
    original : ndarray
        sRGB uint8 (H, W, 3).

    Returns
    -------
    tuple of ndarray
        uint8 (H, W, 3) each, in the order of ``CHECK_VERSIONS``. All have the same L*.
    """
    light = lightness(original)
    ab = rgb_to_lab(original)[..., 1:]
    angle = np.deg2rad(ROTATION)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], dtype=np.float32
    )
    rotated: Float32 = np.ascontiguousarray(ab @ turn.T)
    rotated = ratio(light, rotated)
    return original, gray_rgb(light), lab_to_rgb8(np.dstack([light, rotated]))
