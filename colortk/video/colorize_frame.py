"""Colorize one frame: planes → lightness → plugin → chroma of the film's size → planes.

This is :mod:`colortk.pipeline` for 30 frames per second. A film stores chroma at half its size, so
that only two look-ups are done at full size. They choose the luma with which the frame has the
lightness of the input (:mod:`colortk.video.luma_tables`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from colortk._opencv import cv2
from colortk.color.cielab import lab_to_rgb
from colortk.color.upsample import chroma_field, resize
from colortk.color.working_size import working_shape
from colortk.pipeline import Refiner
from colortk.runtime.predictors import Predictor
from colortk.types import Float32
from colortk.video.frame_pixels import swap_fields
from colortk.video.luma_tables import (
    LIMITED,
    Levels,
    Plane,
    Weights,
    lightness_of,
    luma_of,
    rgb_weights,
)
from colortk.video.smoothing import Smoother


@dataclass(frozen=True)
class YuvPlanes:
    """The planes of a frame.

    Parameters
    ----------
    luma : uint8 or uint16 array of shape (H, W)
        Y'.
    cb, cr : uint8 or uint16 arrays of shape (H, W), or half of it, rounded up
        Chroma.
    levels : Levels
        Bits and range.
    """

    luma: Plane
    cb: Plane
    cr: Plane
    levels: Levels = LIMITED


@dataclass(frozen=True)
class FrameSettings:
    """Settings for the frames of a film.

    Parameters
    ----------
    refine : callable
        Refinement of chroma.
    weights : Weights
        Weights of luma.
    subsampling : tuple of int
        Pixels that share one chroma value: in a row, and in a column; 1 or 2 each.
    strength : float
        Factor on chroma, 0 to 2.
    quarter_turns : int
        Clockwise quarter turns by which the stored frame becomes upright.
    ratio : bool
        Whether ``refine`` is colortk's "ratio", which can be applied twice.
    levels : Levels
        Bits and range of the planes.
    interlaced : bool
        Whether a frame consists of two fields, which do not share chroma.
    """

    refine: Refiner
    weights: Weights
    subsampling: tuple[int, int] = (2, 2)
    strength: float = 1.0
    quarter_turns: int = 0
    ratio: bool = True
    levels: Levels = LIMITED
    interlaced: bool = False


def plugin_lightness(
    gray: Plane, predictor: Predictor, quarter_turns: int, levels: Levels = LIMITED
) -> Float32:
    """Return the lightness of a frame as the plugin gets it.

    Parameters
    ----------
    gray : uint8 or uint16 array of shape (H, W)
        Y' of the gray frame.
    predictor : Predictor
        The plugin.
    quarter_turns : int
        Clockwise quarter turns by which the frame becomes upright.
    levels : Levels
        Bits and range of ``gray``.

    Returns
    -------
    float32 array
        L* of the upright frame, at the working size of the plugin.
    """
    height, width = gray.shape
    if quarter_turns % 2:
        height, width = width, height
    rows, columns = working_shape(predictor.spec.working_size, height, width)
    size = (rows, columns) if quarter_turns % 2 else (columns, rows)
    light = resize(lightness_of(gray, levels), size)
    upright: Float32 = np.ascontiguousarray(np.rot90(light, -quarter_turns))
    return upright


def color_planes(
    gray: Plane, ab: Float32, frame_settings: FrameSettings, smoother: Smoother | None
) -> YuvPlanes:
    """Return the color frame of a gray frame and its predicted chroma.

    Parameters
    ----------
    gray : uint8 or uint16 array of shape (H, W)
        Y' of the gray frame.
    ab : float32 array of shape (h, w, 2)
        Chroma that the plugin returned.
    frame_settings : FrameSettings
        Settings.
    smoother : Smoother or None
        Averages chroma along motion.
    """
    levels, weights = frame_settings.levels, frame_settings.weights
    ab = np.ascontiguousarray(np.rot90(ab, frame_settings.quarter_turns))
    shared = frame_settings.interlaced and frame_settings.subsampling[1] == 2
    lines = swap_fields(gray) if shared else gray
    lights = _lightness_of_chroma(lines, frame_settings.subsampling, levels)
    chroma = chroma_of(eight_bits(gray, levels), lights, ab, frame_settings, smoother)
    cb, cr = _chroma_planes(lights[1], chroma, weights, levels)
    luma = luma_of(lines, cb, cr, weights, levels)
    return YuvPlanes(swap_fields(luma) if shared else luma, cb, cr, levels)


def eight_bits(gray: Plane, levels: Levels) -> Plane:
    """Return a plane in 8 bits, for optical flow."""
    return gray if levels.bits == 8 else (gray >> (levels.bits - 8)).astype(np.uint8)


def chroma_of(
    gray: Plane,
    lights: tuple[Float32, Float32, Float32],
    ab: Float32,
    frame_settings: FrameSettings,
    smoother: Smoother | None,
) -> Float32:
    """Return the chroma of a frame before it is rounded to 8 bits.

    Parameters
    ----------
    gray : uint8 array of shape (H, W)
        Y' of the gray frame, for optical flow.
    lights : tuple of float32 arrays of shape (h, w)
        Lowest, mean and highest L* of the pixels that share one chroma value.
    ab : float32 array of shape (n, m, 2)
        Chroma that the plugin returned, turned as the stored frame.
    frame_settings : FrameSettings
        Settings.
    smoother : Smoother or None
        Averages chroma along motion.

    Returns
    -------
    float32 array of shape (h, w, 2)
        a* and b*.
    """
    lowest, mean, highest = lights
    chroma = _to_size(mean, ab)
    if smoother is not None:
        chroma = smoother(gray, chroma)
    if frame_settings.strength != 1:
        chroma = chroma * np.float32(frame_settings.strength)
    if frame_settings.ratio and lowest is not highest:
        # Reduce chroma into the gamut at the darkest and at the lightest pixel that share it.
        return frame_settings.refine(highest, frame_settings.refine(lowest, chroma))
    return frame_settings.refine(mean, chroma)


def _lightness_of_chroma(
    gray: Plane, subsampling: tuple[int, int], levels: Levels
) -> tuple[Float32, Float32, Float32]:
    """Return lowest, mean and highest L* of the pixels that share one Cb and Cr, (h, w) each."""
    across, down = subsampling
    if across == down == 1:
        light = lightness_of(gray, levels)
        return light, light, light
    height, width = gray.shape
    if height % down or width % across:
        gray = np.pad(gray, ((0, height % down), (0, width % across)), "edge")
    parts = [gray[top::down, left::across] for top in range(down) for left in range(across)]
    lowest, highest = cv2.min(parts[0], parts[1]), cv2.max(parts[0], parts[1])
    for part in parts[2:]:
        lowest, highest = cv2.min(lowest, part), cv2.max(highest, part)
    mean = cv2.resize(gray, lowest.shape[::-1], interpolation=cv2.INTER_AREA)
    return lightness_of(lowest, levels), lightness_of(mean, levels), lightness_of(highest, levels)


def _to_size(light: Float32, ab: Float32) -> Float32:
    """Resize chroma to the size of ``light`` (h, w); enlarge it along edges of lightness."""
    height, width = light.shape
    if ab.shape[0] * ab.shape[1] >= height * width:
        return resize(ab, (width, height))
    return np.ascontiguousarray(chroma_field(light, ab).chroma_of_block(0, 0, light))


def _chroma_planes(
    light: Float32, ab: Float32, weights: Weights, levels: Levels = LIMITED
) -> tuple[Plane, Plane]:
    """Convert L* (h, w) and chroma (h, w, 2) to Cb and Cr (h, w)."""
    if not ab.any():
        neutral: Plane = np.full(light.shape, levels.neutral, levels.dtype)
        return neutral, neutral
    rgb = lab_to_rgb(cv2.merge([light, ab[..., 0], ab[..., 1]]))
    differences = cv2.transform(rgb, np.asarray(rgb_weights(weights, levels), np.float32))
    values = np.rint(differences + np.float32(levels.neutral))
    if levels.full:  # the strongest blue is at 255.5
        np.clip(values, 0, levels.highest, out=values)
    cb, cr = cv2.split(values.astype(levels.dtype))
    return cb, cr
