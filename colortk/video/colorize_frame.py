"""One frame: its planes → lightness → plugin → chroma of the size that the film stores → planes.

The same as :mod:`colortk.pipeline` does with a picture, made for 30 frames a second: nothing is
computed at full size but two look-ups, since a film keeps chroma at half its size, and luma is set so
that lightness is the input's with exactly that chroma (:mod:`colortk.video.luma_tables`).
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
class Planes:
    """A frame: Y' uint8 (H, W); Cb, Cr uint8 (h, w), as large or half of it, rounded up."""

    luma: Plane
    cb: Plane
    cr: Plane


@dataclass(frozen=True)
class FrameSettings:
    """What is done with every frame of a film. ``quarter_turns``: clockwise, to be upright.

    ``half``: chroma planes have half the size. ``ratio``: ``refine`` is colortk's own, so that it may
    be asked twice. ``strength``: factor on chroma, 0..2.
    """

    refine: Refiner
    weights: Weights
    half: bool = True
    strength: float = 1.0
    quarter_turns: int = 0
    ratio: bool = True


def plugin_lightness(grey: Plane, predictor: Predictor, quarter_turns: int) -> Float32:
    """L* at the plugin's working size, upright, of the grey frame ``grey`` (H, W)."""
    height, width = grey.shape
    if quarter_turns % 2:
        height, width = width, height
    rows, columns = working_shape(predictor.spec.working_size, height, width)
    size = (rows, columns) if quarter_turns % 2 else (columns, rows)
    light = resize(cv2.LUT(grey, gray_lightness()), size)
    upright: Float32 = np.ascontiguousarray(np.rot90(light, -quarter_turns))
    return upright


def color_planes(
    grey: Plane, ab: Float32, frame_settings: FrameSettings, smoother: Smoother | None
) -> Planes:
    """The colour frame of ``grey`` (H, W) and what the plugin answered, ``ab`` (h, w, 2)."""
    ab = np.ascontiguousarray(np.rot90(ab, frame_settings.quarter_turns))
    lights = _lightness_of_chroma(grey, frame_settings.half)
    chroma = chroma_of(grey, lights, ab, frame_settings, smoother)
    cb, cr = _chroma_planes(lights[1], chroma, frame_settings.weights)
    return Planes(luma_of(grey, cb, cr, frame_settings.weights), cb, cr)


def chroma_of(
    grey: Plane,
    lights: tuple[Float32, Float32, Float32],
    ab: Float32,
    frame_settings: FrameSettings,
    smoother: Smoother | None,
) -> Float32:
    """A frame's chroma, float32 (h, w, 2), before it is rounded to 8 bits.

    ``grey``: Y' (H, W), for motion. ``lights``: least, mean and greatest L* of the pixels that share
    one chroma, (h, w) each. ``ab``: what the plugin answered, turned as the frame is.
    """
    least, mean, most = lights
    chroma = _to_size(mean, ab)
    if smoother is not None:
        chroma = smoother(grey, chroma)
    if frame_settings.strength != 1:
        chroma = chroma * np.float32(frame_settings.strength)
    if frame_settings.ratio and least is not most:
        # Into the gamut at the darkest and at the lightest pixel of every chroma.
        return frame_settings.refine(most, frame_settings.refine(least, chroma))
    return frame_settings.refine(mean, chroma)


def _lightness_of_chroma(grey: Plane, half: bool) -> tuple[Float32, Float32, Float32]:
    """Least, mean and greatest L* of the pixels that share one Cb and Cr: three times (h, w)."""
    table = gray_lightness()
    if not half:
        light: Float32 = cv2.LUT(grey, table)
        return light, light, light
    height, width = grey.shape
    if height % 2 or width % 2:
        grey = np.pad(grey, ((0, height % 2), (0, width % 2)), "edge")
    quarters = [grey[top::2, left::2] for top in (0, 1) for left in (0, 1)]
    least = cv2.min(cv2.min(quarters[0], quarters[1]), cv2.min(quarters[2], quarters[3]))
    most = cv2.max(cv2.max(quarters[0], quarters[1]), cv2.max(quarters[2], quarters[3]))
    mean = cv2.resize(grey, least.shape[::-1], interpolation=cv2.INTER_AREA)
    return cv2.LUT(least, table), cv2.LUT(mean, table), cv2.LUT(most, table)


def _to_size(light: Float32, ab: Float32) -> Float32:
    """Chroma of the size of ``light`` (h, w), along its edges where there is more of it."""
    height, width = light.shape
    if ab.shape[0] * ab.shape[1] >= height * width:
        return resize(ab, (width, height))
    return np.ascontiguousarray(chroma_field(light, ab).block(0, 0, light))


def _chroma_planes(light: Float32, ab: Float32, weights: Weights) -> tuple[Plane, Plane]:
    """Cb and Cr, uint8 (h, w), of L* (h, w) and chroma (h, w, 2)."""
    if not ab.any():
        neutral: NDArray[np.uint8] = np.full(light.shape, NEUTRAL, np.uint8)
        return neutral, neutral
    rgb = lab_to_rgb(cv2.merge([light, ab[..., 0], ab[..., 1]]))
    away = cv2.transform(rgb, np.asarray(rgb_weights(weights), np.float32))
    cb, cr = cv2.split(np.rint(away + np.float32(NEUTRAL)).astype(np.uint8))
    return cb, cr
