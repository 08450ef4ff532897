"""Encode pictures to bytes in memory, and decode them."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from colortk.io.decode import decode
from colortk.io.picture import Picture
from conftest import photo

RGB = photo()
GRAY = np.asarray(Image.fromarray(RGB).convert("L"))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Picture:
    return decode(data, "test")
