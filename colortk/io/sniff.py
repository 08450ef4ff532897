"""What a picture file is, by its first bytes."""

from __future__ import annotations

import contextlib
import warnings
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from colortk.io.decode import read_bytes


def format_of(path: Path) -> str:
    """Pillow's name of the format of a picture file; PNG if its first bytes tell nothing.

    It is that of :func:`colortk.io.decode.decode`, without decoding. Raises ``PictureError`` if the
    file cannot be opened.
    """
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # nothing is decoded
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                with Image.open(file) as image:
                    return image.format or "PNG"
            except UnidentifiedImageError:
                file.seek(0)
                return "TIFF" if file.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") else "PNG"
            except Exception:  # decoding it will say what is wrong
                return "PNG"
    except (OSError, ValueError):
        with contextlib.suppress(MemoryError):
            read_bytes(path)  # raises in the words that reading it has
        return "PNG"
    finally:
        Image.MAX_IMAGE_PIXELS = limit
