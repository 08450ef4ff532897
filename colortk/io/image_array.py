"""The pixels of a decoded picture as an array, with little memory."""

from __future__ import annotations

import numpy as np
from PIL import Image

from colortk.io.picture import Pixels

#: Pixels that are copied at once. Smaller pictures are copied whole, which is a little faster.
BAND_PIXELS = 1 << 22


def image_array(image: Image.Image) -> Pixels:
    """Return the pixels of a decoded picture.

    NumPy's ``asarray`` makes two copies at once, of which it keeps one. Here only bands of rows
    exist twice, so that a scan of 400 megapixels needs 1.2 GB less.

    Parameters
    ----------
    image : PIL.Image.Image
        A picture of the mode "L" or "RGB".

    Returns
    -------
    uint8 array of shape (H, W) or (H, W, 3)
        Its pixels.
    """
    width, height = image.size
    if width * height <= BAND_PIXELS:
        return np.asarray(image)
    shape = (height, width) if image.mode == "L" else (height, width, 3)
    pixels: Pixels = np.empty(shape, np.uint8)
    rows = max(1, BAND_PIXELS // width)
    for top in range(0, height, rows):
        end = min(height, top + rows)
        pixels[top:end] = np.asarray(image.crop((0, top, width, end)))
    return pixels
