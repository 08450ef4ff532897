"""Decode pictures of every format as upright sRGB of 8 or 16 bits.

TIFF has a decoder of its own (``colortk.io.tiff``). Of other formats, Pillow reads the header
before anything is decoded, and decodes what has 8 bits; OpenCV decodes 16-bit PNG, of which Pillow
keeps only the high bytes.
"""

from __future__ import annotations

import contextlib
import os
import stat
import struct
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile

from colortk import directories
from colortk._cv import cv2
from colortk.errors import PictureError
from colortk.io import pnm
from colortk.io.complete import load
from colortk.io.metadata import Metadata, read_metadata
from colortk.opening import EXIF_ERRORS, exif_of, limit_of_pillow, opened, refuse_foreign, too_large
from colortk.profiles import profiled_8, profiled_16

Pixels = NDArray[Any]
#: What Pillow itself refuses as a decompression bomb, in pixels.
MAX_PIXELS = limit_of_pillow()
#: Bytes of a file: as many as a TIFF can address.
MAX_BYTES = 2**32
#: Orientation tag to what is done to the rows and columns (EXIF 2.32, tag 0x0112).
_FLIPS: dict[int, tuple[bool, bool, bool]] = {  # transpose, flip rows, flip columns
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}
_DEPTH_16 = ("I;16", "I;16B", "I;16L", "I;16N")


@dataclass
class Picture:
    """An upright sRGB picture.

    ``pixels``: uint8 or uint16, (H, W) grey or (H, W, 3). ``alpha``: same dtype (H, W), or
    ``None``. ``exif``: bytes without orientation. ``dpi``: as the file states it.
    ``format``: Pillow's name of the file's format. ``notes``: what was lost on reading, one line
    each. ``metadata``: XMP, IPTC and comments.
    """

    pixels: Pixels
    alpha: Pixels | None = None
    exif: bytes = b""
    dpi: tuple[float, float] | None = None
    format: str = "PNG"
    notes: list[str] = field(default_factory=list)
    metadata: Metadata = field(default_factory=Metadata)


def read_bytes(path: Path) -> bytes:
    """Content of a file or a pipe. Raises ``PictureError`` for what cannot be read, or is too long."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
                raise PictureError(f"cannot read '{path}'", "it is a device")
            if status.st_size <= MAX_BYTES:  # of a pipe it is 0
                data = file.read() if stat.S_ISREG(status.st_mode) else _piped(file)
                if len(data) <= MAX_BYTES:
                    return data
            raise PictureError(f"cannot read '{path}'", f"it has over {MAX_BYTES:,} bytes")
    except FileNotFoundError:
        raise PictureError(f"cannot read '{path}'", "there is no such file") from None
    except IsADirectoryError:
        hint = f"name the pictures in it: {path}/*"
        raise PictureError(f"cannot read '{path}'", "it is a directory", hint) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise PictureError(f"cannot read '{path}'", why) from error


def _piped(file: BinaryIO) -> bytes:
    """All that comes, up to the limit and a little more."""
    parts = []
    left = MAX_BYTES + 1
    while left > 0 and (part := file.read(1 << 20)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def decode(data: bytes, name: str, max_pixels: int | None = None) -> Picture:
    """Decode a picture file held in memory; ``name`` is what messages call it.

    ``max_pixels``: the most that it may have, instead of Pillow's limit. Raises ``PictureError`` if
    it is empty, not a picture, damaged or too large.
    """
    if not data:
        raise PictureError(f"cannot read '{name}'", "the file is empty")
    if max_pixels is None:
        max_pixels = limit_of_pillow()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd tags; damage raises
        try:
            plugin = refuse_foreign(data, name)
            if directories.begins(data):
                return _decode_tiff(data, name, max_pixels)
            source, data = data, _binary(data, name, max_pixels)
            with opened(data, name, max_pixels, plugin) as image:
                return _decode(image, data, name, source)
        except PictureError:
            raise
        except Image.DecompressionBombError:
            raise too_large(name, max_pixels) from None
        except MemoryError:
            raise PictureError(f"cannot read '{name}'", "not enough memory to decode it") from None
        except Exception as error:  # decoders raise nearly anything on damaged files
            why = " ".join(str(error).split()) or type(error).__name__
            raise PictureError(f"cannot read '{name}'", f"the file is damaged: {why}") from error


def _decode_tiff(data: bytes, name: str, max_pixels: int) -> Picture:
    from colortk.io import tiff
    from colortk.opening import exif_of_tiff

    image = tiff.decode(data, name, max_pixels)
    pixels, alpha = image.pixels, image.alpha
    if image.orientation in _FLIPS:
        pixels = _turned(pixels, image.orientation)
        alpha = None if alpha is None else _turned(alpha, image.orientation)
    exif = exif_of_tiff(data, name, image.notes)
    metadata = read_metadata(data, name, {}, exif, image.orientation in _FLIPS, image.notes)
    kept = _kept_exif(exif, pixels)
    return Picture(pixels, alpha, kept, _clean_dpi(image.dpi), "TIFF", image.notes, metadata)


def _binary(data: bytes, name: str, max_pixels: int) -> bytes:
    """``data`` in a form that Pillow reads at once, if it is a PNM; else ``data`` itself."""
    header = pnm.header_of(data) if pnm.is_pnm(data) else None
    if header is None:
        return data
    if header.width * header.height > max_pixels:
        raise too_large(name, max_pixels, (header.width, header.height))
    return pnm.to_binary(data, header)


def _decode(image: ImageFile.ImageFile, data: bytes, name: str, source: bytes) -> Picture:
    """``source``: the file, of which ``data`` is a form that Pillow reads."""
    notes: list[str] = []
    if getattr(image, "is_animated", False):  # to count them can take longer than to decode one
        notes.append(f"'{name}' has several pages or frames: only the first is used")
    sixteen = _sixteen_bits(image, data)
    if not sixteen or image.format != "PPM":  # of which the values are read below
        load(image, data)
    dpi = image.info.get("dpi")
    exif = exif_of(image, name, notes)
    turn = exif.get(ExifTags.Base.Orientation, 1)
    if image.format == "JXL" and not getattr(image, "jpeg", False):
        turn = 1  # what is in the codestream counts, and its decoder applies it
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes):
        profile = None
    if sixteen:
        pixels, alpha = _decode_16(image, data)
        pixels = profiled_16(pixels, profile, notes, name)
    else:
        pixels, alpha = _decode_8(image, profile, notes, name)
        turn = turn if exif.get(ExifTags.Base.Orientation) is not None else 1
    if turn in _FLIPS:
        pixels = _turned(pixels, turn)
        alpha = None if alpha is None else _turned(alpha, turn)
    metadata = read_metadata(source, name, image.info, exif, turn in _FLIPS, notes)
    kept = _kept_exif(exif, pixels)
    return Picture(pixels, alpha, kept, _clean_dpi(dpi), image.format or "PNG", notes, metadata)


def _sixteen_bits(image: ImageFile.ImageFile, data: bytes) -> bool:
    if image.mode in _DEPTH_16:
        return True
    if image.format == "PNG":
        return len(data) > 24 and data[24] == 16  # IHDR: bit depth
    if image.format == "PPM":
        return image.mode == "I" or _most_of_ppm(image) > 255
    return False


def _most_of_ppm(image: ImageFile.ImageFile) -> int:
    """Largest value that a binary PGM or PPM declares, or 0: the rest Pillow decodes alone."""
    options: Any
    codec, _, _, options = image.tile[0]
    if codec == "raw":
        return 65535 if "I;16B" in options else 0  # text, or a tuple that begins with it
    return int(options[1]) if codec == "ppm" else 0


def _decode_16(image: ImageFile.ImageFile, data: bytes) -> tuple[Pixels, Pixels | None]:
    if image.mode in _DEPTH_16:
        image.load()
        return np.asarray(image).astype(np.uint16), None
    if image.format == "PPM":
        return _decode_ppm_16(image, data), None
    array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None:
        raise ValueError("OpenCV cannot decode it")
    if array.dtype != np.uint16:
        raise ValueError(f"its pixels are {array.dtype}")
    return _split(array)


def _decode_ppm_16(image: ImageFile.ImageFile, data: bytes) -> Pixels:
    start, most = image.tile[0][2], _most_of_ppm(image)
    if not most:
        image.load()
        return np.asarray(image).astype(np.uint16)
    shape = (image.height, image.width, 1 if image.mode == "I" else 3)
    values = np.frombuffer(data, ">u2", int(np.prod(shape)), start).reshape(shape)
    wide = np.minimum(values.astype(np.uint32), most) * 65535 // most
    return wide.astype(np.uint16).squeeze(2) if shape[2] == 1 else wide.astype(np.uint16)


def _split(array: Pixels) -> tuple[Pixels, Pixels | None]:
    """OpenCV's BGR(A) or grey as RGB or grey, and alpha."""
    if array.ndim == 2:
        return array, None
    channels = array.shape[2]
    if channels <= 2:
        return np.ascontiguousarray(array[..., 0]), (
            array[..., 1].copy() if channels == 2 else None
        )
    alpha = np.ascontiguousarray(array[..., 3]) if channels == 4 else None
    return np.ascontiguousarray(array[..., 2::-1]), alpha


def _decode_8(
    image: Image.Image, profile: bytes | None, notes: list[str], name: str
) -> tuple[Pixels, Pixels | None]:
    alpha = None
    if image.mode in ("I", "F"):
        raise PictureError(
            f"cannot read '{name}'",
            "its pixels have 32 bits",
            "convert it to 8 or 16 bits a channel",
        )
    if image.mode in ("1",):
        image = image.convert("L")
    if image.mode == "P" or "transparency" in image.info:
        has_alpha = "transparency" in image.info
        image = image.convert("RGBA" if has_alpha else "RGB")
    if image.mode in ("La", "RGBa"):
        image = image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    if image.mode in ("LA", "RGBA", "PA"):
        if image.mode == "PA":
            image = image.convert("RGBA")
        alpha = np.asarray(image.getchannel("A"))
        image = image.convert(image.mode[:-1])
    if profile and image.mode in ("L", "RGB", "CMYK"):
        image = profiled_8(image, profile, notes, name)
    if image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    return np.asarray(image), alpha


def _turned(pixels: Pixels, orientation: int) -> Pixels:
    transpose, rows, columns = _FLIPS[orientation]
    if transpose:
        pixels = pixels.swapaxes(0, 1)
    if rows:
        pixels = pixels[::-1]
    if columns:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


#: Tags that say how a TIFF's pixels lie in the file, not what the photograph is.
_STRUCTURE = {
    254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281,
    282, 283, 284, 288, 289, 290, 291, 296, 301, 317, 318, 319, 320, 322, 323, 324, 325, 330,
    338, 339, 340, 341, 347, 512, 513, 514, 529, 530, 531, 532, 34675,
}  # fmt: skip


#: EXIF tags of the pixels: size, color space, and the pointer to interoperability with its index.
_PIXEL_WIDTH, _PIXEL_HEIGHT, _COLOR_SPACE, _INTEROPERABILITY = 40962, 40963, 40961, 40965


def _kept_exif(exif: Image.Exif, pixels: Pixels) -> bytes:
    """EXIF of an upright sRGB picture: without orientation, preview and a TIFF's structure."""
    for tag in _STRUCTURE & set(exif):
        del exif[tag]
    with contextlib.suppress(*EXIF_ERRORS):
        inside = exif.get_ifd(ExifTags.IFD.Exif)
        stated = {_PIXEL_WIDTH: pixels.shape[1], _PIXEL_HEIGHT: pixels.shape[0], _COLOR_SPACE: 1}
        inside.update({tag: value for tag, value in stated.items() if tag in inside})
        inside.pop(_INTEROPERABILITY, None)  # it names another color space, or says nothing
    try:
        return bytes(exif.tobytes()) if len(exif) else b""
    except (ValueError, TypeError, struct.error, OSError, AttributeError, KeyError):
        return b""


def _clean_dpi(dpi: Any) -> tuple[float, float] | None:
    try:
        x, y = float(dpi[0]), float(dpi[1])
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return None
    return (x, y) if 0 < x < 1e5 and 0 < y < 1e5 else None
