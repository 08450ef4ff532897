"""Open a file from an unknown source: check its header without decoding the picture.

Pillow identifies the file among the formats of photographs; none of these formats makes Pillow run
an outside program. The sizes in the header are checked before a decoder gets the file.
"""

from __future__ import annotations

import contextlib
import io
import struct
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from colortk.errors import PictureError
from colortk.io import limits, tiff_limits

if TYPE_CHECKING:
    from colortk.io.foreign import FileKind

#: Signatures of PNG and JPEG, which no foreign format shares.
_USUAL = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
#: Formats of photographs. Icons, textures and formats that Pillow decodes slowly, in Python, are
#: left out.
INPUT_FORMATS = {
    "AVIF", "BMP", "DIB", "GIF", "JPEG", "JPEG2000", "MPO", "PCX", "PNG", "PPM", "SGI", "TGA",
    "TIFF", "WEBP",
}  # fmt: skip
#: Those that are loaded already, tried first.
_LOADED = ("JPEG", "PNG", "TIFF", "BMP", "GIF", "PPM")
#: Pillow's own limit holds for the whole process. It is lifted while a larger picture is opened.
_PILLOWS_LIMIT = threading.Lock()


def limit_of_pillow() -> int:
    """Return the current number of pixels above which Pillow refuses a picture as a bomb."""
    return 2 * (Image.MAX_IMAGE_PIXELS or 89_478_485)


def too_large(name: str, max_pixels: int, size: tuple[int, int] | None = None) -> PictureError:
    """Return the error for a picture that has more than ``max_pixels``."""
    size_text = f"{size[0]} × {size[1]} pixels" if size else "its header"
    return PictureError(
        f"cannot read '{name}'",
        f"{size_text} is over the limit of {max_pixels:,} pixels",
        "if you trust the file, raise --max-pixels",
    )


def opened(data: bytes, name: str, max_pixels: int, plugin: str = "") -> ImageFile.ImageFile:
    """Return Pillow's picture, not decoded. ``plugin``: the format, if a plugin of Pillow reads it.

    Raises ``PictureError`` if the file is no picture, or is too large.
    """
    _measure(data, name, max_pixels)
    try:
        image = _identified(data, max_pixels, plugin)
    except UnidentifiedImageError:
        raise _unknown(data, name) from None
    except Image.DecompressionBombError:
        raise too_large(name, max_pixels) from None
    if image.width * image.height > max_pixels:
        raise too_large(name, max_pixels, image.size)
    if not image.width * image.height:
        raise PictureError(f"cannot read '{name}'", "the file is damaged: it has no pixels")
    return image


def refuse_foreign(data: bytes, name: str) -> str:
    """Refuse a file that is no picture of the formats that are read, by its content.

    Returns Pillow's name of the format that a plugin reads, or "". Raises ``PictureError``.
    """
    if data.startswith(_USUAL):
        return ""
    from colortk.io import foreign

    kind = foreign.unsupported_format(data)
    if kind is None:
        return ""
    if not foreign.add_plugin(kind):
        raise _not_read(kind, name)
    return kind.plugin


def _not_read(kind: FileKind, name: str) -> PictureError:
    message = (
        f"it is {kind.name}, which is not supported" if not kind.plugin else f"it is {kind.name}"
    )
    return PictureError(f"cannot read '{name}'", message, kind.advice(name))


def _identified(data: bytes, max_pixels: int, plugin: str) -> ImageFile.ImageFile:
    with _PILLOWS_LIMIT:
        usual = Image.MAX_IMAGE_PIXELS
        if usual is not None and max_pixels > 2 * usual:
            Image.MAX_IMAGE_PIXELS = max_pixels
        try:
            if plugin:
                return Image.open(io.BytesIO(data), formats=[plugin])
            try:
                return Image.open(io.BytesIO(data), formats=_LOADED)
            except UnidentifiedImageError:
                Image.init()
                rarer_formats = [
                    name for name in sorted(INPUT_FORMATS - set(_LOADED)) if name in Image.OPEN
                ]
                return Image.open(io.BytesIO(data), formats=rarer_formats)
        finally:
            Image.MAX_IMAGE_PIXELS = usual


def _unknown(data: bytes, name: str) -> PictureError:
    from colortk.io import foreign

    kind = foreign.likely_format(data)
    if kind is not None:
        return _not_read(kind, name)
    for other, (_, accepts) in Image.OPEN.items():
        if other not in INPUT_FORMATS and accepts is not None and accepts(data[:16]) is True:
            return PictureError(
                f"cannot read '{name}'",
                f"{other} is not a supported picture format",
                "convert it to PNG",
            )
    return PictureError(
        f"cannot read '{name}'", "it is not a picture of a known format, or its header is damaged"
    )


def _measure(data: bytes, name: str, max_pixels: int) -> None:
    """Check the parts that Pillow reads on opening, and those that OpenCV reads differently."""
    try:
        limits.check_header(data)
    except limits.OverLimit as error:
        raise _absurd(name, str(error)) from None
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        if width * height > max_pixels:
            raise too_large(name, max_pixels, (width, height))
    elif data[:2] == b"\xff\xd8":
        for block in _exif_of_jpeg(data):
            _directories(block, name)
    elif data[:4] == b"\0\0\0\x0c" or data[:2] == b"\xff\x0a":
        from colortk.io import jpegxl

        stated = jpegxl.size_of(data)
        if stated and stated[0] * stated[1] > max_pixels:
            raise too_large(name, max_pixels, stated)


def _directories(data: bytes, name: str) -> tuple[int, int] | None:
    try:
        return tiff_limits.check(data)
    except tiff_limits.Absurd as error:
        raise _absurd(name, str(error)) from None


def _absurd(name: str, reason: str) -> PictureError:
    return PictureError(f"cannot read '{name}'", f"the file is damaged: {reason}")


def _exif_of_jpeg(data: bytes) -> Iterator[bytes]:
    """Yield the directories of a JPEG: multi-picture data, then EXIF joined as Pillow joins it."""
    from colortk.io import jpeg_segments

    exif = b""
    for segment in jpeg_segments.segments(data):
        if segment.marker == jpeg_segments.SOS:  # from here on there are pixels
            break
        part = data[segment.start : segment.stop]
        if segment.marker == jpeg_segments.APP1 and part[:6] == b"Exif\0\0":
            exif += part[6:]
        elif segment.marker == jpeg_segments.APP2 and part[:4] == b"MPF\0":
            yield part[4:]
    yield exif


def exif_of(image: Image.Image, name: str, notes: list[str]) -> Image.Exif:
    """Return the EXIF of an image. If it is invalid, add a note and return empty EXIF.

    Raises ``PictureError`` if the EXIF states more data than it can hold.
    """
    info = image.info
    if image.format == "PNG" and "exif" not in info:
        image.load()  # it may stand behind the pixels, or in ImageMagick's hexadecimal text
        text = info.pop("Raw profile type exif", None)
        if isinstance(text, str):
            with contextlib.suppress(ValueError):
                info["exif"] = bytes.fromhex("".join(text.split("\n")[3:]))
    if not isinstance(info.get("exif", b""), bytes):
        del info["exif"]  # a PNG's text of that name
    block = info.get("exif", b"")
    while block.startswith(b"Exif\0\0"):
        block = block[6:]
    _directories(block, name)
    try:
        return image.getexif()
    except _EXIF_ERRORS as error:
        notes.append(f"'{name}': its EXIF was ignored: {' '.join(str(error).split())}")
        return Image.Exif()


#: Errors that Pillow raises for damaged EXIF.
_EXIF_ERRORS = (SyntaxError, ValueError, TypeError, KeyError, struct.error, OverflowError)


def exif_of_tiff(data: bytes, name: str, notes: list[str]) -> Image.Exif:
    """Return the EXIF of a TIFF whose directories were checked; none, with a note, if damaged."""
    from colortk.io.tiff_layout import directory_of

    exif = Image.Exif()
    try:
        if 43 not in data[2:4]:
            exif.load(data)
            return exif
        # BigTIFF: its values are copied, as an EXIF block of another format cannot have its layout.
        for tag, value in directory_of(data).items():
            if tag in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
                exif.get_ifd(tag).update(directory_of(data, value))
            else:
                exif[tag] = value
        return exif
    except _EXIF_ERRORS as error:
        notes.append(f"'{name}': its EXIF was ignored: {' '.join(str(error).split())}")
        return Image.Exif()
