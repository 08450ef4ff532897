"""Prepare the EXIF of a picture for its result."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import MutableMapping
from typing import Any

from numpy.typing import NDArray
from PIL import ExifTags, Image

#: Errors that Pillow raises for damaged EXIF.
_ERRORS = (SyntaxError, ValueError, TypeError, KeyError, AttributeError, OSError, struct.error)
#: Tags that describe the layout of a TIFF's pixels, not the photograph.
_STRUCTURE = {
    254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281,
    282, 283, 284, 288, 289, 290, 291, 296, 301, 317, 318, 319, 320, 322, 323, 324, 325, 330,
    338, 339, 340, 341, 347, 512, 513, 514, 529, 530, 531, 532, 34675,
}  # fmt: skip


#: EXIF tags of the pixels: size, color space, and the pointer to interoperability with its index.
_PIXEL_WIDTH, _PIXEL_HEIGHT, _COLOR_SPACE, _INTEROPERABILITY = 40962, 40963, 40961, 40965


def kept_exif(exif: Image.Exif, pixels: NDArray[Any], name: str, notes: list[str]) -> bytes:
    """EXIF of an upright sRGB picture: without orientation, preview and a TIFF's structure.

    Values that Pillow reads but cannot write are left out, and ``notes`` gets a line of them.
    """
    for tag in _STRUCTURE & set(exif):
        del exif[tag]
    with contextlib.suppress(*_ERRORS):
        inside = exif.get_ifd(ExifTags.IFD.Exif)
        stated = {_PIXEL_WIDTH: pixels.shape[1], _PIXEL_HEIGHT: pixels.shape[0], _COLOR_SPACE: 1}
        inside.update({tag: value for tag, value in stated.items() if tag in inside})
        inside.pop(_INTEROPERABILITY, None)  # it names another color space, or says nothing
    if (content := _written(exif)) is not None:
        return content
    dropped_tags = _without_unwritable(exif)
    content = _written(exif)
    tags = ", ".join(dropped_tags[:5]) + (
        f" and {len(dropped_tags) - 5} more" if dropped_tags[5:] else ""
    )
    all_lost = content is None
    dropped = "its EXIF" if all_lost else f"EXIF tags {tags}"
    notes.append(f"'{name}': dropped {dropped}, which cannot be written")
    return content or b""


def _written(exif: Image.Exif) -> bytes | None:
    """Return the block as bytes; ``None`` if Pillow cannot write one of its values."""
    try:
        return bytes(exif.tobytes()) if len(exif) else b""
    except _ERRORS:
        return None


def _without_unwritable(exif: Image.Exif) -> list[str]:
    """Remove each value that cannot be written by itself, and return their names."""
    dropped_tags = []
    inside: MutableMapping[int, Any] = {}
    with contextlib.suppress(*_ERRORS):
        inside = exif.get_ifd(ExifTags.IFD.Exif)
    for values in (exif, inside):
        for tag in list(values):
            single = Image.Exif()
            if tag in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
                continue
            single[tag] = values[tag]
            if _written(single) is None:
                del values[tag]
                dropped_tags.append(ExifTags.TAGS.get(tag, f"tag {tag}"))
    return dropped_tags
