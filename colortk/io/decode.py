"""Decode pictures of every format as upright sRGB of 8 or 16 bits.

TIFF has its own decoder (``colortk.io.tiff``). For other formats, Pillow reads the header
before anything is decoded, and decodes 8-bit pictures. OpenCV decodes 16-bit PNG: Pillow would keep
only the high bytes.
"""

from __future__ import annotations

import os
import stat
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import ExifTags, Image, ImageFile

from colortk.errors import DamagedPictureError, PictureError
from colortk.io import png, tiff_limits
from colortk.io.complete import load
from colortk.io.exif import kept_exif
from colortk.io.icc import profiled_8, profiled_16
from colortk.io.image_array import image_array
from colortk.io.image_limits import exif_of, limit_of_pillow, opened, refuse_foreign, too_large
from colortk.io.metadata import read_metadata
from colortk.io.orientation import FLIPS, turned
from colortk.io.picture import Picture, Pixels
from colortk.io.sixteen_bits import decode_16, has_sixteen_bits

if TYPE_CHECKING:
    from colortk.io.missing_lines import Repaired

#: Most pixels; by default the number from which on Pillow refuses a picture as a bomb.
MAX_PIXELS = limit_of_pillow()
#: Most bytes of a file: as many as a TIFF can address.
MAX_FILE_BYTES = 2**32


def read_bytes(path: Path) -> bytes:
    """Return the content of a file or a pipe.

    Raises
    ------
    PictureError
        If it cannot be read, or has over :data:`MAX_FILE_BYTES` bytes.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
                raise PictureError(f"cannot read '{path}'", "it is a device")
            if status.st_size <= MAX_FILE_BYTES:  # of a pipe it is 0
                data = file.read() if stat.S_ISREG(status.st_mode) else _piped(file)
                if len(data) <= MAX_FILE_BYTES:
                    return data
            raise PictureError(f"cannot read '{path}'", f"it has over {MAX_FILE_BYTES:,} bytes")
    except FileNotFoundError:
        raise PictureError(f"cannot read '{path}'", "there is no such file") from None
    except IsADirectoryError:
        hint = f"name the pictures in it: {path}/*"
        raise PictureError(f"cannot read '{path}'", "it is a directory", hint) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PictureError(f"cannot read '{path}'", reason) from error


def _piped(file: BinaryIO) -> bytes:
    """Read a pipe to its end, or until a little more than the limit has arrived."""
    parts = []
    bytes_left = MAX_FILE_BYTES + 1
    while bytes_left > 0 and (part := file.read(1 << 20)):
        parts.append(part)
        bytes_left -= len(part)
    return b"".join(parts)


def decode(
    data: bytes, name: str, max_pixels: int | None = None, allow_truncated: bool = False
) -> Picture:
    """Decode a picture file held in memory.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Name of the file in messages.
    max_pixels : int or None
        The most pixels that it may have, instead of Pillow's limit.
    allow_truncated : bool
        Decode the present part of a damaged JPEG, PNG or TIFF. The rest is gray, and ``missing`` of
        the picture lists its lines.

    Raises
    ------
    PictureError
        It is empty, not a picture, damaged or too large.
    """
    if not data:
        raise PictureError(f"cannot read '{name}'", "the file is empty")
    if max_pixels is None:
        max_pixels = limit_of_pillow()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd tags; damage raises
        try:
            return _decoded(data, name, max_pixels)
        except DamagedPictureError as error:
            if (repaired := _without_end_marker(data, name, max_pixels)) is not None:
                return repaired
            partial = _partial(data, name, max_pixels)
            if partial is None or partial.missing is None:
                raise
            if allow_truncated:
                return partial
            hint = "use colortk run --allow-truncated to keep what can be decoded"
            raise PictureError(error.problem, f"{error.reason}; {partial.missing}", hint) from None


def _without_end_marker(data: bytes, name: str, max_pixels: int) -> Picture | None:
    """Decode a JPEG that has all pixels but no end marker."""
    from colortk.io.truncated import add_end_marker  # not for whole pictures

    try:
        ended = add_end_marker(data)
        picture = None if ended is None else _decoded(ended, name, max_pixels)
    except Exception:  # decoders raise nearly anything on damaged files
        return None
    if picture is not None:
        picture.notes.append(f"'{name}' lacks its end marker; all pixels were read")
    return picture


def _partial(data: bytes, name: str, max_pixels: int) -> Picture | None:
    """Decode the present part of a damaged file, if there is any."""
    try:
        if tiff_limits.begins(data):
            return _decode_tiff(data, name, max_pixels, allow_truncated=True)
        from colortk.io.truncated import repair  # not for whole pictures

        repaired = repair(data)
        return None if repaired is None else _decoded(data, name, max_pixels, repaired)
    except Exception:  # decoders raise nearly anything on damaged files
        return None


def _decoded(data: bytes, name: str, max_pixels: int, repaired: Repaired | None = None) -> Picture:
    try:
        plugin = refuse_foreign(data, name)
        damaged: list[bytes] = []
        if png.is_png(data):
            data, damaged = png.without_damaged(data)
        if tiff_limits.begins(data):
            return _decode_tiff(data, name, max_pixels)
        readable = _binary(data, name, max_pixels) if repaired is None else repaired.data
        with opened(readable, name, max_pixels, plugin) as image:
            picture = _decode(image, readable, name, data, repaired)
        for kind in damaged:
            chunk = kind.decode("ascii", "replace")
            picture.notes.append(f"'{name}': a damaged chunk ({chunk}) was left out")
        return picture
    except PictureError:
        raise
    except Image.DecompressionBombError:
        raise too_large(name, max_pixels) from None
    except MemoryError:
        raise PictureError(f"cannot read '{name}'", "not enough memory to decode it") from None
    except Exception as error:  # decoders raise nearly anything on damaged files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DamagedPictureError(
            f"cannot read '{name}'", f"the file is damaged: {reason}"
        ) from error


def _decode_tiff(data: bytes, name: str, max_pixels: int, allow_truncated: bool = False) -> Picture:
    from colortk.io import tiff
    from colortk.io.image_limits import exif_of_tiff
    from colortk.io.missing_lines import Missing

    image = tiff.decode(data, name, max_pixels, allow_truncated)
    missing = Missing(image.missing, [], image.pixels.shape[0]) if image.missing else None
    pixels, alpha = image.pixels, image.alpha
    if image.orientation in FLIPS:
        pixels = turned(pixels, image.orientation)
        alpha = None if alpha is None else turned(alpha, image.orientation)
        missing = missing and missing.turned(*FLIPS[image.orientation])
    exif = exif_of_tiff(data, name, image.notes)
    metadata = read_metadata(data, name, {}, exif, image.orientation in FLIPS, image.notes)
    exif_of_result = kept_exif(exif, pixels, name, image.notes)
    return Picture(
        pixels, alpha, exif_of_result, _clean_dpi(image.dpi), "TIFF", image.notes, metadata, missing
    )


def _binary(data: bytes, name: str, max_pixels: int) -> bytes:
    """Return ``data``; a PNM is converted to a form that Pillow reads fast."""
    if data[:1] != b"P":
        return data
    from colortk.io import pnm

    header = pnm.header_of(data) if pnm.is_pnm(data) else None
    if header is None:
        return data
    if header.width * header.height > max_pixels:
        raise too_large(name, max_pixels, (header.width, header.height))
    return pnm.to_binary(data, header)


def _decode(
    image: ImageFile.ImageFile,
    data: bytes,
    name: str,
    source: bytes,
    repaired: Repaired | None = None,
) -> Picture:
    """``source``: the file, of which ``data`` is a form that Pillow reads."""
    notes: list[str] = []
    if getattr(image, "is_animated", False):  # to count them can take longer than to decode one
        notes.append(f"'{name}' has several pages or frames: only the first is used")
    sixteen = has_sixteen_bits(image, data)
    if repaired is not None:
        image.load()
    elif not sixteen or image.format != "PPM":  # of which the values are read below
        load(image, data)
    if image.format == "HEIF" and image.info.get("bit_depth", 8) > 8:
        notes.append(f"'{name}' has {image.info['bit_depth']} bits a channel: 8 of them are read")
    dpi = image.info.get("dpi")
    exif = exif_of(image, name, notes)
    turn = exif.get(ExifTags.Base.Orientation, 1)
    if image.format == "JXL" and not getattr(image, "jpeg", False):
        turn = 1  # the profile in the codestream counts, and the decoder applies it
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes):
        profile = None
    if sixteen:
        pixels, alpha = decode_16(image, data, name)
        pixels = profiled_16(pixels, profile, notes, name)
    else:
        pixels, alpha = _decode_8(image, data, profile, notes, name)
        turn = turn if exif.get(ExifTags.Base.Orientation) is not None else 1
    missing = None
    if repaired is not None:
        pixels, alpha = repaired.filled(pixels, alpha)
        missing = repaired.missing
    if turn in FLIPS:
        pixels = turned(pixels, turn)
        alpha = None if alpha is None else turned(alpha, turn)
        missing = missing and missing.turned(*FLIPS[turn])
    metadata = read_metadata(source, name, image.info, exif, turn in FLIPS, notes)
    exif_of_result = kept_exif(exif, pixels, name, notes)
    return Picture(
        pixels,
        alpha,
        exif_of_result,
        _clean_dpi(dpi),
        image.format or "PNG",
        notes,
        metadata,
        missing,
    )


def _decode_8(
    image: Image.Image, data: bytes, profile: bytes | None, notes: list[str], name: str
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
    if image.format == "PNG":
        png.stretch_transparent_level(image.info, data)
    if image.format == "JPEG2000":
        from colortk.io.jpeg2000_depth import full_range  # not for other formats: a cold run waits

        image = full_range(image, data)
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
    return image_array(image), alpha


def _clean_dpi(dpi: Any) -> tuple[float, float] | None:
    try:
        x, y = float(dpi[0]), float(dpi[1])
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return None
    return (x, y) if 0 < x < 1e5 and 0 < y < 1e5 else None
