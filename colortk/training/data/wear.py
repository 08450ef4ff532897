"""Simulate processes and wear of old prints: halation, tone curves, stains, scratches, halftone.

Each function takes L*, float32 (H, W), 0 to 100, and a generator, and returns a new plane that may
leave the range; :func:`.aging.aged_lightness` clips it. Sizes are shares of the short side, so that
a crop and a whole picture look alike.
"""

from __future__ import annotations

import numpy as np

from colortk._opencv import cv2
from colortk.types import Float32


def add_halation(plane: Float32, rng: np.random.Generator) -> Float32:
    """Return ``plane`` with a glow around bright areas.

    Light that passed the emulsion is reflected by the glass behind it, so that windows and skies
    spread over objects in front of them.
    """
    bright = np.maximum(plane - rng.uniform(55, 80), 0)
    glow = cv2.GaussianBlur(bright, (0, 0), min(plane.shape) * rng.uniform(0.015, 0.06))
    return np.asarray(plane + np.maximum(glow - bright, 0) * rng.uniform(0.5, 1.5), np.float32)


def change_tone_curve(plane: Float32, rng: np.random.Generator) -> Float32:
    """Return ``plane`` through a characteristic curve with a toe and a shoulder.

    Albumen prints keep detail in the shadows and run into paper white, salted paper is soft, and
    copies of copies are steep: (t / (1 - t)) to a power about a pivot, which leaves black and
    white where they are.
    """
    t = np.clip(plane / 100, 1e-3, 1 - 1e-3)
    pivot = rng.uniform(0.35, 0.65)
    odds = (t / (1 - t)) * ((1 - pivot) / pivot)
    steep = odds ** np.exp(rng.uniform(-0.5, 0.7)) * (pivot / (1 - pivot))
    return np.asarray(100 * steep / (1 + steep), np.float32)


def add_stains(plane: Float32, rng: np.random.Generator) -> Float32:
    """Return ``plane`` with uneven fading and foxing: soft areas up to 14 L* lighter or darker."""
    cells = int(rng.integers(2, 6))
    field = rng.standard_normal((cells, cells), dtype=np.float32)
    field = cv2.resize(field, plane.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(plane + field * rng.uniform(1, 7), np.float32)


def add_scratches(plane: Float32, rng: np.random.Generator) -> Float32:
    """Return ``plane`` with thin scratches and specks of dust, all white or all black."""
    height, width = plane.shape
    short = min(height, width)
    mask = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, 6))):
        start = rng.uniform(0, (width, height))
        angle = rng.normal(np.pi / 2, 0.4)  # most scratches run the way the plate was pulled
        end = start + short * rng.uniform(0.1, 1.2) * np.array([np.cos(angle), np.sin(angle)])
        first, last = ((int(x), int(y)) for x, y in (start, end))
        cv2.line(mask, first, last, float(rng.uniform(0.3, 1)), 1, cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 12))):
        center = (int(rng.integers(width)), int(rng.integers(height)))
        radius = max(1, round(short * float(rng.exponential(0.006))))
        cv2.circle(mask, center, radius, float(rng.uniform(0.3, 1)), -1, cv2.LINE_AA)
    color = 100.0 if rng.random() < 0.7 else 0.0
    return np.asarray(plane + mask * (color - plane), np.float32)


def add_halftone(plane: Float32, rng: np.random.Generator) -> Float32:
    """Return ``plane`` as a scan of a halftone print: dots at 45°, strongest in mid-tones."""
    rows, columns = np.indices(plane.shape, dtype=np.float32)
    frequency = np.float32(2 * np.pi / rng.uniform(2.5, 6))
    angle = np.float32(np.pi / 4 + rng.normal(0, 0.05))
    along = columns * np.cos(angle) + rows * np.sin(angle)
    across = rows * np.cos(angle) - columns * np.sin(angle)
    screen = np.cos(along * frequency) * np.cos(across * frequency)
    middle = 1 - np.square(plane / 50 - 1)
    dotted = plane + screen * middle * np.float32(rng.uniform(4, 20))
    softened: Float32 = cv2.GaussianBlur(dotted, (0, 0), rng.uniform(0.3, 0.8))
    return softened
