"""Encode pictures in memory."""

from __future__ import annotations

import io
import struct
import zlib
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin

from colortk._opencv import cv2
from colortk.errors import PictureError, UsageError
from colortk.io import metadata_writing
from colortk.io.bit_depth import to_8_bits
from colortk.io.picture import Picture, Pixels
from colortk.io.png import chunk_bytes

#: File extension to Pillow's format name, for formats that can hold a color photograph.
OUTPUT_FORMATS = {
    "png": "PNG",
    "jpg": "JPEG",
    "jpeg": "JPEG",
    "jpe": "JPEG",
    "jfif": "JPEG",
    "tif": "TIFF",
    "tiff": "TIFF",
    "webp": "WEBP",
    "bmp": "BMP",
    "ppm": "PPM",
    "jp2": "JPEG2000",
    "avif": "AVIF",
}
#: Quality of JPEG and AVIF results; both are written without chroma subsampling (4:4:4). At 95 the
#: lightness of a JPEG is off by 0.4 on average, at 99 by under 0.2.
JPEG_QUALITY, AVIF_QUALITY = 99, 95
_ALPHA = {"PNG", "TIFF", "WEBP", "JPEG2000", "AVIF"}
_SIXTEEN = {"PNG", "TIFF"}
_LARGEST_SIDE = {"JPEG": 65535, "WEBP": 16383}
_LARGEST_EXIF = 65_000  # of a JPEG segment


def extension_of(path: str | Path) -> str:
    """Extension of a file name, lower-case, without its dot."""
    return Path(path).suffix.lower().lstrip(".")


def known_format(extension: str) -> str:
    """Pillow's format name for an extension. Raises ``UsageError``."""
    try:
        return OUTPUT_FORMATS[extension.lower().lstrip(".")]
    except KeyError:
        raise UsageError(
            f"cannot write pictures of type '{extension}'", f"known: {', '.join(OUTPUT_FORMATS)}"
        ) from None


def suggest_extension(picture: Picture) -> str:
    """Return the extension of the format of ``picture``; png if that format has no color."""
    return extension_for(picture.format)


def extension_for(kind: str) -> str:
    """:func:`suggest_extension` of a picture of Pillow's format ``kind``."""
    if kind == "MPO":  # the name of a JPEG with a second picture in it, which many phones write
        return "jpg"
    for extension, name in OUTPUT_FORMATS.items():
        if name == kind and name != "PPM":
            return extension
    return "png"


def encode(rgb: Pixels, source: Picture, extension: str, notes: list[str]) -> bytes:
    """Encode a picture file.

    Parameters
    ----------
    rgb : uint8 or uint16 array of shape (H, W, 3)
        sRGB.
    source : Picture
        The input picture, whose alpha, EXIF, DPI and metadata are kept.
    extension : str
        Extension of the output file, such as "png".
    notes : list of str
        A line is appended for each thing that the format cannot hold.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    PictureError
        If the picture is too large for the format, or cannot be encoded.
    UsageError
        If the extension is not known.
    """
    name = known_format(extension)
    alpha = source.alpha
    if alpha is not None and name not in _ALPHA:
        notes.append(f"{extension} has no transparency: it was dropped")
        alpha = None
    if rgb.dtype == np.uint16 and name not in _SIXTEEN:
        notes.append(f"{extension} has 8 bits a channel: 16 bits were reduced to 8")
        rgb = to_8_bits(rgb)
        alpha = None if alpha is None else to_8_bits(alpha)
    exif = Image.Exif()
    exif.load(source.exif)
    notes += metadata_writing.losses(source.metadata, exif, name)
    if source.dpi and name in ("JPEG2000", "PPM"):
        notes.append(f"{name} cannot hold the resolution: {source.dpi[0]:g} dpi was dropped")
    side = _LARGEST_SIDE.get(name)
    if side and max(rgb.shape[:2]) > side:
        raise PictureError(f"a {extension} file has at most {side} pixels a side", hint="--ext png")
    pixels = rgb if alpha is None else np.dstack([rgb, alpha])
    if name == "TIFF":
        return _tiff(pixels, source, notes)
    if pixels.dtype == np.uint16:
        return _with_chunks(_png_16(pixels, source), source)
    data = _pillow(pixels, source, name, notes)
    if name == "JPEG":
        return metadata_writing.add_to_jpeg(data, source.metadata, notes)
    if name == "PNG":
        return _with_chunks(data, source)
    return data + metadata_writing.jpeg2000_box(source.metadata) if name == "JPEG2000" else data


def _with_chunks(data: bytes, source: Picture) -> bytes:
    """Insert metadata chunks into a PNG, after 8 bytes of signature and 25 bytes of IHDR."""
    chunks = metadata_writing.png_chunks(source.metadata)
    # A large file is copied once at most.
    return b"".join((data[:33], chunks, memoryview(data)[33:])) if chunks else data


def _pillow(pixels: Pixels, source: Picture, name: str, notes: list[str]) -> bytes:
    options: dict[str, Any] = {}
    if name == "JPEG":
        options = {"quality": JPEG_QUALITY, "subsampling": "4:4:4"}
    elif name == "WEBP":
        options = {"lossless": True, "exact": True}
    elif name == "AVIF":
        options = {"quality": AVIF_QUALITY, "subsampling": "4:4:4"}
    elif name == "PNG":
        options = {"compress_level": 4}
    if source.exif and name in ("JPEG", "PNG", "WEBP", "AVIF"):
        options["exif"] = _fitting_exif(source.exif, name, notes)
    if source.dpi and name in ("WEBP", "AVIF"):  # only EXIF can hold it
        options["exif"] = _with_resolution(options.get("exif", b""), source.dpi)
    elif source.dpi:
        options["dpi"] = source.dpi
    if source.metadata.xmp and name in ("WEBP", "AVIF"):
        options["xmp"] = source.metadata.xmp
    if source.metadata.texts and name == "JPEG2000":
        options["comment"] = metadata_writing.jpeg2000_comment(source.metadata)
    out = io.BytesIO()
    try:
        Image.fromarray(pixels).save(out, name, **options)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, struct.error) as error:
        raise PictureError(f"cannot encode as {name}", " ".join(str(error).split())) from error
    return out.getvalue()


#: Notes of the camera's maker, often with a preview. They are dropped if EXIF is too long.
_MAKER_NOTE = 0x927C


def _fitting_exif(exif: bytes, name: str, notes: list[str]) -> bytes:
    """Return EXIF that a file of the format can hold. ``notes`` gets a line for dropped tags."""
    if name != "JPEG" or len(exif) < _LARGEST_EXIF:
        return exif
    shorter = Image.Exif()
    shorter.load(exif)
    shorter.get_ifd(0x8769).pop(_MAKER_NOTE, None)
    data = bytes(shorter.tobytes())
    if len(data) < _LARGEST_EXIF:
        notes.append("its EXIF is too long for JPEG: the maker's notes were dropped")
        return data
    notes.append("its EXIF is too long for JPEG: it was dropped")
    return b""


def _with_resolution(exif: bytes, dpi: tuple[float, float]) -> bytes:
    with_resolution = Image.Exif()
    with_resolution.load(exif)
    with_resolution[282], with_resolution[283], with_resolution[296] = dpi[0], dpi[1], 2
    return bytes(with_resolution.tobytes())


#: EXIF, GPS and interoperability: pointers in a file, directories in memory.
_SUB_DIRECTORIES = (0x8769, 0x8825, 0xA005)


def _png_16(pixels: Pixels, source: Picture) -> bytes:
    """OpenCV's 16-bit PNG with resolution and EXIF chunks put before its pixels."""
    order = [2, 1, 0, 3][: pixels.shape[2]]
    success, buffer = cv2.imencode(".png", np.ascontiguousarray(pixels[..., order]))
    if not success:
        raise PictureError("cannot encode as PNG", "OpenCV returned an error")
    data: bytes = buffer.tobytes()
    chunks = b""
    if source.dpi:
        meter = [round(value / 0.0254) for value in source.dpi]
        chunks += chunk_bytes(b"pHYs", struct.pack(">IIB", *meter, 1))
    if source.exif:
        chunks += chunk_bytes(b"eXIf", source.exif.removeprefix(b"Exif\0\0"))
    return data[:33] + chunks + data[33:]  # 8 bytes of signature, 25 of IHDR


def _tiff(pixels: Pixels, source: Picture, notes: list[str]) -> bytes:
    """Encode a TIFF with deflated strips: Pillow writes no 16-bit color, and OpenCV no EXIF."""
    height, width, channels = pixels.shape
    depth = pixels.dtype.itemsize
    rows = max(1, (1 << 20) // (width * channels * depth))
    strips = [
        zlib.compress(pixels[top : top + rows].astype(f"<u{depth}").tobytes(), 6)
        for top in range(0, height, rows)
    ]
    directory = TiffImagePlugin.ImageFileDirectory_v2(b"II*\0\x08\0\0\0")
    exif = Image.Exif()
    exif.load(source.exif)
    for tag, value in exif.items():
        directory[tag] = dict(exif.get_ifd(tag)) if tag in _SUB_DIRECTORIES else value
    metadata_writing.add_to_tiff(directory, source.metadata, notes)
    directory[256], directory[257] = width, height
    directory[258] = (8 * depth,) * channels
    directory[259], directory[262], directory[277] = 8, 2, channels  # deflate, RGB
    directory[278], directory[284] = rows, 1
    if channels == 4:
        directory[338] = 2  # alpha, not multiplied in
    if source.dpi:
        directory[282], directory[283], directory[296] = source.dpi[0], source.dpi[1], 2
    starts = [0, *accumulate(map(len, strips[:-1]))]
    directory[273], directory[279] = tuple(starts), tuple(map(len, strips))
    out = io.BytesIO()
    try:
        directory.save(out)  # the strips' offsets become offsets behind the directory
    except (ValueError, TypeError, RuntimeError, struct.error, KeyError) as error:
        raise PictureError("cannot encode as TIFF", " ".join(str(error).split())) from error
    return out.getvalue() + b"".join(strips)
