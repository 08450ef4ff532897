"""Pictures as the page shows them: small copies of what people get in full."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import numpy as np

from colortk._opencv import cv2
from colortk.color.cielab import lab_to_rgb, lightness
from colortk.color.upsample import resize
from colortk.io.files import write_atomic
from colortk.types import Array

#: Longest side of a picture between "before" and "after", in pixels, and quality of its JPEG.
PREVIEW_SIDE, QUALITY = 1600, 92
#: CIEDE2000 at which the scale of a heat map ends.
HEAT_MAP_MAX = 40.0


def to_eight_bits(pixels: Array) -> Array:
    """A picture of 8 or 16 bits, grey or colour, as uint8 (H, W, 3)."""
    if pixels.dtype == np.uint16:
        pixels = ((pixels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    return np.repeat(pixels[..., None], 3, 2) if pixels.ndim == 2 else pixels


def shrink_to_side(pixels: Array, side: int) -> Array:
    """``pixels`` (H, W, 3) with its longer side brought down to ``side``, never up."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    return resize(pixels, (max(1, round(width * scale)), max(1, round(height * scale))))


def gray_preview(pixels: Array) -> Array:
    """The grey picture of the same lightness, uint8 (H, W, 3)."""
    light = lightness(pixels)
    nothing = np.zeros_like(light)
    rgb = lab_to_rgb(cv2.merge([light, nothing, nothing]))
    grey: Array = cv2.convertScaleAbs(np.ascontiguousarray(rgb[..., 1]), alpha=255)
    return np.repeat(grey.reshape(light.shape)[..., None], 3, 2)


def heat_map(differences: Array) -> Array:
    """Colours, uint8 (H, W, 3), of colour differences (H, W): dark is none, bright is HEAT_MAP_MAX."""
    levels = cv2.convertScaleAbs(differences.astype(np.float32), alpha=255 / HEAT_MAP_MAX)
    colours: Array = cv2.applyColorMap(levels.reshape(differences.shape), cv2.COLORMAP_INFERNO)
    return np.ascontiguousarray(colours[..., ::-1])


def save_preview(path: Path, pixels: Array) -> Path:
    """Write uint8 (H, W, 3) as a JPEG. Raises ``PictureError``."""
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), options)
    write_atomic(path, bytes(data), force=True, durable=False)
    return path


def file_url(path: Path) -> str:
    """Where a visitor's browser gets one of their files from."""
    return f"gradio_api/file={quote(str(path))}"
