"""Lightness as old photographs have it, out of modern colour pictures.

A network that only saw clean pictures turned grey gives real old ones little colour: their
emulsions saw other colours than luminance does, their contrast is another, they are grainy,
soft, vignetted, and were scanned into JPEG. Chroma stays what it was; how often and how far is
ours, after looking at photographs of 1850 to 1928.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from colortk._opencv import cv2
from colortk.color.cielab import lightness
from colortk.types import Array, Float32

#: How often a picture stays as it is, and how often each change is made to the others.
CLEAN, OFTEN = 0.35, 0.4


def aged(picture: Array, rng: np.random.Generator) -> Float32:
    """L*, float32 (H, W), 0..100, of sRGB uint8 (H, W, 3), perhaps aged."""
    if rng.random() < CLEAN:
        return lightness(picture)
    plane = emulsion(picture, rng) if rng.random() < OFTEN else lightness(picture)
    for change in CHANGES:
        if rng.random() < OFTEN:
            plane = change(plane, rng)
    return np.asarray(np.clip(plane, 0, 100), np.float32)


def emulsion(picture: Array, rng: np.random.Generator) -> Float32:
    """Grey with other weights of R, G and B than luminance's.

    Before about 1906 plates saw no red, and little green (orthochromatic until the 1920s): lips
    and grass are dark on them, skies white. Between that and panchromatic film.
    """
    blind = np.array([0.02, 0.28, 0.70])
    weights = rng.dirichlet([2.0, 4.0, 1.5])
    weights = weights + rng.uniform(0, 0.8) * (blind - weights)
    grey = picture.reshape(-1, 3) @ weights.astype(np.float32)
    return lightness(np.rint(grey).astype(np.uint8).reshape(picture.shape[:2]))


def tone(plane: Float32, rng: np.random.Generator) -> Float32:
    """Another gradation: gamma 0.65 to 1.5, contrast 0.65 to 1.5 about a middle grey.

    More contrast burns skies out, as most old plates have them.
    """
    curved = 100 * np.power(np.clip(plane, 0, 100) / 100, rng.uniform(0.65, 1.5))
    return np.asarray(50 + (curved - 50) * rng.uniform(0.65, 1.5) + rng.uniform(-8, 8), np.float32)


def fade(plane: Float32, rng: np.random.Generator) -> Float32:
    """Blacks up to 18 L* lighter, whites up to 15 darker."""
    black, white = rng.uniform(0, 18), 100 - rng.uniform(0, 15)
    return np.asarray(black + plane * ((white - black) / 100), np.float32)


def vignette(plane: Float32, rng: np.random.Generator) -> Float32:
    """Corners up to 45 % darker, around a centre that may lie off the middle."""
    height, width = plane.shape
    y = (np.arange(height) / height - rng.uniform(0.35, 0.65)) ** 2
    x = (np.arange(width) / width - rng.uniform(0.35, 0.65)) ** 2
    return np.asarray(plane * (1 - rng.uniform(0, 0.9) * (y[:, None] + x)), np.float32)


def soften(plane: Float32, rng: np.random.Generator) -> Float32:
    """A lens or a print that is not sharp: Gaussian of 0.4 to 1.2 pixels."""
    blurred: Float32 = cv2.GaussianBlur(plane, (0, 0), rng.uniform(0.4, 1.2))
    return blurred


def grain(plane: Float32, rng: np.random.Generator) -> Float32:
    """Noise of 0.5 to 4 L*, strongest in the middle greys, of grains up to a pixel wide."""
    noise = rng.standard_normal(plane.shape, dtype=np.float32)
    if rng.random() < 0.5:
        noise = cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.4, 0.9)) * 2
    middle = 1 - np.abs(plane / 50 - 1) ** 2 * 0.6
    return np.asarray(plane + noise * middle * rng.uniform(0.5, 4), np.float32)


def scan(plane: Float32, rng: np.random.Generator) -> Float32:
    """Kept as JPEG of quality 25 to 85."""
    grey = np.rint(np.clip(plane, 0, 100) * 2.55).astype(np.uint8)
    _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 86))])
    back: Array = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    return np.asarray(back / 2.55, np.float32)


CHANGES: tuple[Callable[[Float32, np.random.Generator], Float32], ...] = (
    tone,
    fade,
    vignette,
    soften,
    grain,
    scan,
)
