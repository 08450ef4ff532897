"""Simulate the lightness of old photographs from modern color pictures.

A network that is trained only on clean gray versions of modern pictures gives little color to real
old photographs: their emulsions were sensitive to other colors than luminance is, their contrast
differs, they are grainy, soft, vignetted and worn, and most were scanned into JPEG. Chroma is not
changed. The ranges were chosen by comparison with photographs of 1850 to 1928.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from colortk._opencv import cv2
from colortk.color.cielab import lightness
from colortk.training.data import wear
from colortk.types import Array, Float32

#: Probability that a picture is not changed, and probability of another emulsion otherwise.
CLEAN_PROBABILITY, EMULSION_PROBABILITY = 0.35, 0.4


def aged_lightness(picture: Array, rng: np.random.Generator) -> Float32:
    """Return the lightness of a picture, aged at random.

    Parameters
    ----------
    picture : ndarray
        sRGB, uint8 (H, W, 3).
    rng : numpy.random.Generator
        Decides whether and how the picture is aged.

    Returns
    -------
    ndarray
        L*, float32 (H, W), 0 to 100.
    """
    if rng.random() < CLEAN_PROBABILITY:
        return lightness(picture)
    plane = (
        change_emulsion(picture, rng) if rng.random() < EMULSION_PROBABILITY else lightness(picture)
    )
    for change, probability in CHANGES:
        if rng.random() < probability:
            plane = change(plane, rng)
    return np.asarray(np.clip(plane, 0, 100), np.float32)


def change_emulsion(picture: Array, rng: np.random.Generator) -> Float32:
    """Return L* of a gray picture with other weights of R, G and B than luminance has.

    Plates before about 1906 were insensitive to red and little sensitive to green, and most films
    were orthochromatic until the 1920s: lips and grass are dark on them, and skies are white. The
    weights are drawn between these emulsions and panchromatic film.

    Parameters
    ----------
    picture : ndarray
        sRGB, uint8 (H, W, 3).
    rng : numpy.random.Generator
        Draws the weights.

    Returns
    -------
    ndarray
        L*, float32 (H, W), 0 to 100.
    """
    orthochromatic = np.array([0.02, 0.28, 0.70])
    weights = rng.dirichlet([2.0, 4.0, 1.5])
    weights = weights + rng.uniform(0, 0.8) * (orthochromatic - weights)
    gray = picture.reshape(-1, 3) @ weights.astype(np.float32)
    return lightness(np.rint(gray).astype(np.uint8).reshape(picture.shape[:2]))


def change_tone(plane: Float32, rng: np.random.Generator) -> Float32:
    """Return ``plane`` with gamma 0.65 to 1.5, and contrast 0.65 to 1.5 around a middle gray.

    Higher contrast burns out the skies, as in most old plates.
    """
    curved = 100 * np.power(np.clip(plane, 0, 100) / 100, rng.uniform(0.65, 1.5))
    return np.asarray(50 + (curved - 50) * rng.uniform(0.65, 1.5) + rng.uniform(-8, 8), np.float32)


def fade(plane: Float32, rng: np.random.Generator) -> Float32:
    """Return ``plane`` with blacks up to 18 L* lighter and whites up to 15 L* darker."""
    black, white = rng.uniform(0, 18), 100 - rng.uniform(0, 15)
    return np.asarray(black + plane * ((white - black) / 100), np.float32)


def add_vignette(plane: Float32, rng: np.random.Generator) -> Float32:
    """Return ``plane`` with corners up to 45 % darker, around a center near the middle."""
    height, width = plane.shape
    y = (np.arange(height) / height - rng.uniform(0.35, 0.65)) ** 2
    x = (np.arange(width) / width - rng.uniform(0.35, 0.65)) ** 2
    return np.asarray(plane * (1 - rng.uniform(0, 0.9) * (y[:, None] + x)), np.float32)


def soften(plane: Float32, rng: np.random.Generator) -> Float32:
    """Return ``plane`` blurred by a Gaussian of 0.4 to 1.2 pixels, as by a soft lens or print."""
    blurred: Float32 = cv2.GaussianBlur(plane, (0, 0), rng.uniform(0.4, 1.2))
    return blurred


def add_grain(plane: Float32, rng: np.random.Generator) -> Float32:
    """Return ``plane`` with noise of 0.5 to 4 L*, strongest in middle grays, up to a pixel wide."""
    noise = rng.standard_normal(plane.shape, dtype=np.float32)
    if rng.random() < 0.5:
        noise = cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.4, 0.9)) * 2
    middle = 1 - np.abs(plane / 50 - 1) ** 2 * 0.6
    return np.asarray(plane + noise * middle * rng.uniform(0.5, 4), np.float32)


def compress_jpeg(plane: Float32, rng: np.random.Generator) -> Float32:
    """Return ``plane`` after JPEG compression of quality 25 to 85."""
    gray = np.rint(np.clip(plane, 0, 100) * 2.55).astype(np.uint8)
    _, data = cv2.imencode(".jpg", gray, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 86))])
    decoded = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    assert decoded is not None
    return np.asarray(decoded / 2.55, np.float32)


#: Changes in the order of camera, print, wear and scan, each with its probability.
CHANGES: tuple[tuple[Callable[[Float32, np.random.Generator], Float32], float], ...] = (
    (wear.add_halation, 0.25),
    (add_vignette, 0.4),
    (soften, 0.4),
    (add_grain, 0.4),
    (change_tone, 0.4),
    (wear.change_tone_curve, 0.25),
    (fade, 0.4),
    (wear.add_stains, 0.25),
    (wear.add_scratches, 0.2),
    (wear.add_halftone, 0.06),
    (compress_jpeg, 0.4),
)
