"""Colorize one frame: planes → lightness → plugin → chroma of the film's size → planes.

This is :mod:`colortk.pipeline` for 30 frames per second. A film stores chroma at half its size, so
that only two look-ups are done at full size. They choose the luma with which the frame has the
lightness of the input (:mod:`colortk.video.luma_tables`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from colortk._opencv import cv2
from colortk.color.cielab import lab_to_rgb
from colortk.color.upsample import chroma_field, resize
from colortk.color.working_size import working_shape
from colortk.pipeline import Refiner
from colortk.runtime.loading import Predictor
from colortk.types import Float32
from colortk.video.luma_tables import NEUTRAL, Plane, Weights, gray_lightness, luma_of, rgb_weights
from colortk.video.smoothing import Smoother


@dataclass(frozen=True)
class YuvPlanes:
    """The planes of a frame.

    Parameters
    ----------
    luma : uint8 array of shape (H, W)
        Y'.
    cb, cr : uint8 arrays of shape (H, W), or half of it, rounded up
        Chroma.
    """

    luma: Plane
    cb: Plane
    cr: Plane


@dataclass(frozen=True)
class FrameSettings:
    """Settings for the frames of a film.

    Parameters
    ----------
    refine : callable
        Refinement of chroma.
    weights : Weights
        Weights of luma.
    half : bool
        Whether chroma planes have half the size.
    strength : float
        Factor on chroma, 0 to 2.
    quarter_turns : int
        Clockwise quarter turns by which the stored frame becomes upright.
    ratio : bool
        Whether ``refine`` is colortk's "ratio", which can be applied twice.
    """

    refine: Refiner
    weights: Weights
    half: bool = True
    strength: float = 1.0
    quarter_turns: int = 0
    ratio: bool = True


def plugin_lightness(gray: Plane, predictor: Predictor, quarter_turns: int) -> Float32:
    """Return the lightness of a frame as the plugin gets it.

    Parameters
    ----------
    gray : uint8 array of shape (H, W)
        Y' of the gray frame.
    predictor : Predictor
        The plugin.
    quarter_turns : int
        Clockwise quarter turns by which the frame becomes upright.

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
    light = resize(cv2.LUT(gray, gray_lightness()), size)
    upright: Float32 = np.ascontiguousarray(np.rot90(light, -quarter_turns))
    return upright


def color_planes(
    gray: Plane, ab: Float32, frame_settings: FrameSettings, smoother: Smoother | None
) -> YuvPlanes:
    """Return the color frame of a gray frame and its predicted chroma.

    Parameters
    ----------
    gray : uint8 array of shape (H, W)
        Y' of the gray frame.
    ab : float32 array of shape (h, w, 2)
        Chroma that the plugin returned.
    frame_settings : FrameSettings
        Settings.
    smoother : Smoother or None
        Averages chroma along motion.
    """
    ab = np.ascontiguousarray(np.rot90(ab, frame_settings.quarter_turns))
    lights = _lightness_of_chroma(gray, frame_settings.half)
    chroma = chroma_of(gray, lights, ab, frame_settings, smoother)
    cb, cr = _chroma_planes(lights[1], chroma, frame_settings.weights)
    return YuvPlanes(luma_of(gray, cb, cr, frame_settings.weights), cb, cr)


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


def _lightness_of_chroma(gray: Plane, half: bool) -> tuple[Float32, Float32, Float32]:
    """Return lowest, mean and highest L* of the pixels that share one Cb and Cr, (h, w) each."""
    table = gray_lightness()
    if not half:
        light: Float32 = cv2.LUT(gray, table)
        return light, light, light
    height, width = gray.shape
    if height % 2 or width % 2:
        gray = np.pad(gray, ((0, height % 2), (0, width % 2)), "edge")
    quarters = [gray[top::2, left::2] for top in (0, 1) for left in (0, 1)]
    lowest = cv2.min(cv2.min(quarters[0], quarters[1]), cv2.min(quarters[2], quarters[3]))
    highest = cv2.max(cv2.max(quarters[0], quarters[1]), cv2.max(quarters[2], quarters[3]))
    mean = cv2.resize(gray, lowest.shape[::-1], interpolation=cv2.INTER_AREA)
    return cv2.LUT(lowest, table), cv2.LUT(mean, table), cv2.LUT(highest, table)


def _to_size(light: Float32, ab: Float32) -> Float32:
    """Resize chroma to the size of ``light`` (h, w); enlarge it along edges of lightness."""
    height, width = light.shape
    if ab.shape[0] * ab.shape[1] >= height * width:
        return resize(ab, (width, height))
    return np.ascontiguousarray(chroma_field(light, ab).chroma_of_block(0, 0, light))


def _chroma_planes(light: Float32, ab: Float32, weights: Weights) -> tuple[Plane, Plane]:
    """Convert L* (h, w) and chroma (h, w, 2) to Cb and Cr, uint8 (h, w)."""
    if not ab.any():
        neutral: NDArray[np.uint8] = np.full(light.shape, NEUTRAL, np.uint8)
        return neutral, neutral
    rgb = lab_to_rgb(cv2.merge([light, ab[..., 0], ab[..., 1]]))
    differences = cv2.transform(rgb, np.asarray(rgb_weights(weights), np.float32))
    cb, cr = cv2.split(np.rint(differences + np.float32(NEUTRAL)).astype(np.uint8))
    return cb, cr
