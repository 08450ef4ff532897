"""Small copies of pictures for display on the page."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import numpy as np

from colortk._opencv import cv2
from colortk.color.cielab import gray_rgb, lightness
from colortk.color.upsample import resize
from colortk.io.files import write_atomic
from colortk.types import Array

#: Longest side of the previews "before" and "after", in pixels.
PREVIEW_SIDE = 1600
#: Longest side of thumbnails.
THUMBNAIL_SIDE = 240
#: JPEG quality of previews.
PREVIEW_QUALITY = 92
#: Color difference (CIEDE2000) at which the scale of a heat map ends.
HEAT_MAP_MAX = 40.0


def shrink_to_side(pixels: Array, side: int) -> Array:
    """Return a picture that is scaled down so that its longer side is at most ``side``.

    Parameters
    ----------
    pixels : array of uint8 or uint16, shape (H, W, 3)
        sRGB.
    side : int
        The longest allowed side, in pixels. A smaller picture is returned unchanged.
    """
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    return resize(pixels, (max(1, round(width * scale)), max(1, round(height * scale))))


def gray_preview(pixels: Array) -> Array:
    """Return the gray picture with the lightness of ``pixels``, uint8 (H, W, 3)."""
    return gray_rgb(lightness(pixels))


def heat_map(differences: Array) -> Array:
    """Draw color differences: dark is none, bright is ``HEAT_MAP_MAX``.

    Parameters
    ----------
    differences : float array of shape (H, W)
        CIEDE2000.

    Returns
    -------
    uint8 array of shape (H, W, 3)
        sRGB.
    """
    levels = cv2.convertScaleAbs(differences.astype(np.float32), alpha=255 / HEAT_MAP_MAX)
    colors: Array = cv2.applyColorMap(levels.reshape(differences.shape), cv2.COLORMAP_INFERNO)
    return np.ascontiguousarray(colors[..., ::-1])


def save_preview(path: Path, pixels: Array) -> Path:
    """Write uint8 (H, W, 3) as a JPEG, and return ``path``. Raises ``PictureError``."""
    options = [cv2.IMWRITE_JPEG_QUALITY, PREVIEW_QUALITY]
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), options)
    write_atomic(path, bytes(data), force=True, durable=False)
    return path


def file_url(path: Path) -> str:
    """Return the URL at which a visitor's browser gets the file ``path``, relative to the page."""
    return f"gradio_api/file={quote(path.as_posix())}"
