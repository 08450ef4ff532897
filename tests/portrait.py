"""A drawn portrait in the tones of an old photograph, and the areas of its parts."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

#: Width and height, in pixels.
SIZE = (480, 600)
#: A point in each part, from the left and from the top.
CENTERS = {"face": (240, 170), "neck": (240, 292), "hands": (245, 505), "coat": (215, 430)}
#: Gray values, before light, grain and blur.
_GRAYS = {"coat": 78, "neck": 158, "face": 196, "hands": 178}
_SHAPES = {
    "coat": [(60, 600), (95, 400), (180, 325), (300, 325), (385, 400), (420, 600)],
    "neck": [(205, 230), (275, 230), (282, 310), (240, 345), (198, 310)],
    "face": [(165, 80), (315, 260)],
    "hands": [(175, 465), (315, 545)],
}


def portrait(seed: int = 0) -> tuple[Any, dict[str, Any]]:
    """Draw a portrait.

    Parameters
    ----------
    seed : int
        Seed of the grain.

    Returns
    -------
    pixels : uint8 array of shape (600, 480)
        Gray values.
    parts : dict of str to bool array of shape (600, 480)
        The inner pixels of each part.
    """
    areas = {}
    for part, shape in _SHAPES.items():
        area = Image.new("L", SIZE)
        draw = ImageDraw.Draw(area)
        (draw.ellipse if len(shape) == 2 else draw.polygon)(shape, fill=255)
        areas[part] = np.asarray(area) > 0
    areas["neck"] &= ~areas["face"]
    areas["coat"] &= ~(areas["hands"] | areas["neck"])
    picture = Image.new("L", SIZE, 118)
    draw = ImageDraw.Draw(picture)
    draw.ellipse([(145, 50), (335, 280)], fill=42)  # hair
    pixels = np.array(picture, np.float64)
    for part, gray in _GRAYS.items():
        pixels[areas[part]] = gray
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    pixels *= 1.06 - 0.16 * columns / SIZE[0] + 0.04 * np.sin(rows / 60)
    picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for x in (208, 272):  # eyes, mouth, the edge and the buttons of the coat
        draw.ellipse([(x - 11, 145), (x + 11, 157)], fill=70)
    draw.line([(212, 215), (268, 215)], fill=110, width=5)
    draw.line([(240, 350), (240, 395)], fill=60, width=2)
    for y in (380, 420):
        draw.ellipse([(252, y), (260, y + 8)], fill=120)
    blurred = np.asarray(picture.filter(ImageFilter.GaussianBlur(1.2)), np.float64)
    grain = np.random.default_rng(seed).normal(0, 2.5, blurred.shape)
    inner = {
        part: np.asarray(Image.fromarray(area).convert("L").filter(ImageFilter.MinFilter(15))) > 0
        for part, area in areas.items()
    }
    return (blurred + grain).clip(0, 255).round().astype(np.uint8), inner
