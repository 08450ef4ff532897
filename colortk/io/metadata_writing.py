"""Write XMP, IPTC and comments into picture files, and name parts that a format cannot hold."""

from __future__ import annotations

import struct
from typing import Any

from colortk.io.jpeg_segments import MAX_SEGMENT_BYTES
from colortk.io.metadata import (
    IPTC_TAG,
    PHOTOSHOP_TAG,
    XMP_BOX,
    XMP_TAG,
    XMP_TEXT,
    Metadata,
)

_DESCRIPTION_TAG = 270
#: Metadata that each format can hold, by Pillow's name of the format.
HOLDS = {
    "JPEG": {"EXIF", "XMP", "IPTC", "comments"},
    "TIFF": {"EXIF", "XMP", "IPTC", "comments"},
    "PNG": {"EXIF", "XMP", "comments"},
    "WEBP": {"EXIF", "XMP"},
    "AVIF": {"EXIF", "XMP"},
    "JPEG2000": {"XMP", "comments"},
}
_ADVICE = {
    "EXIF": ".jpg, .tif, .png or .webp",
    "XMP": ".jpg, .tif, .png or .webp",
    "IPTC": ".jpg or .tif",
    "comments": ".jpg or .png",
}
_QUOTED_EXIF = {270: "description", 306: "date", 315: "artist", 33432: "copyright", 272: "camera"}


def losses(metadata: Metadata, exif: Any, kind: str) -> list[str]:
    """Return a line for each part that a file of Pillow's format ``kind`` cannot hold."""
    holds = HOLDS.get(kind, set())
    quoted: dict[str, dict[str, str]] = {}
    if exif is not None and len(exif):
        quoted["EXIF"] = {
            word: " ".join(str(exif[tag]).split())
            for tag, word in _QUOTED_EXIF.items()
            if exif.get(tag)
        }
        date = exif.get_ifd(0x8769).get(0x9003)
        if date:
            quoted["EXIF"]["date"] = str(date)
    if metadata.xmp:
        quoted["XMP"] = metadata.quoted
    if metadata.photoshop:
        from colortk.io import iptc

        quoted["IPTC"] = iptc.quoted(metadata.photoshop.get(iptc.IPTC, b""))
    if metadata.texts:
        quoted["comments"] = {k if k != "Comment" else "": text for k, text in metadata.texts}
    return [_loss(kind, label, values) for label, values in quoted.items() if label not in holds]


def _loss(kind: str, label: str, values: dict[str, str], advice: str = "") -> str:
    parts = []
    for word, text in list(values.items())[:4]:
        text = " ".join(text.split())
        text = text if len(text) <= 60 else f"{text[:57]}..."
        parts.append(f"{word} '{text}'".strip())
    quoted_parts = ", ".join(parts) or "its description"
    verb = "are" if len(parts) > 1 else "is"
    format_name = {"WEBP": "WebP", "JPEG2000": "JPEG 2000"}.get(kind, kind)
    hint = f"use {advice or _ADVICE[label]}"
    return f"{format_name} cannot hold {label}: {quoted_parts} {verb} lost; {hint}"


def add_to_jpeg(data: bytes, metadata: Metadata, notes: list[str]) -> bytes:
    """Return a JPEG with metadata, behind its JFIF and EXIF headers."""
    from colortk.io import iptc, jpeg_segments, xmp

    contents = [
        (jpeg_segments.APP1, packet) for packet in xmp.to_segments(metadata.xmp) if metadata.xmp
    ]
    if metadata.photoshop:
        contents += [
            (jpeg_segments.APP13, resources) for resources in iptc.to_segments(metadata.photoshop)
        ]
    for keyword, text in metadata.texts:
        comment = (text if keyword == "Comment" else f"{keyword}: {text}").encode()
        if len(comment) > MAX_SEGMENT_BYTES:
            notes.append(_loss("JPEG", "so long a comment", {"": text}, ".png"))
        else:
            contents.append((jpeg_segments.COM, comment))
    offset = 2
    for segment in jpeg_segments.segments(data):
        if segment.marker not in (0xE0, jpeg_segments.APP1):
            offset = segment.at
            break
    added = b"".join(
        bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content
        for marker, content in contents
    )
    # A large file is copied once at most.
    return b"".join((data[:offset], added, memoryview(data)[offset:])) if added else data


def png_chunks(metadata: Metadata) -> bytes:
    """Return the chunks that hold metadata in a PNG, to stand before its pixels."""
    from colortk.io import png

    parts = []
    if metadata.xmp:
        parts.append(png.chunk_bytes(b"iTXt", XMP_TEXT.encode() + bytes(5) + metadata.xmp))
    for keyword, text in metadata.texts:
        key = keyword.encode("latin-1", "replace").strip()[:79] or b"Comment"
        try:
            parts.append(png.chunk_bytes(b"tEXt", key + b"\0" + text.encode("latin-1")))
        except UnicodeEncodeError:
            parts.append(png.chunk_bytes(b"iTXt", key + bytes(5) + text.encode()))
    return b"".join(parts)


def add_to_tiff(directory: Any, metadata: Metadata, notes: list[str]) -> None:
    """Put metadata into the directory of a TIFF (Pillow's ``ImageFileDirectory_v2``)."""
    from colortk.io import iptc

    if metadata.xmp:
        directory.tagtype[XMP_TAG] = 1
        directory[XMP_TAG] = metadata.xmp
    if iptc.IPTC in metadata.photoshop:
        directory.tagtype[IPTC_TAG] = 7
        directory[IPTC_TAG] = metadata.photoshop[iptc.IPTC]
    if set(metadata.photoshop) - {iptc.IPTC}:
        directory.tagtype[PHOTOSHOP_TAG] = 7
        directory[PHOTOSHOP_TAG] = iptc.to_bytes(metadata.photoshop)
    lines = [text if key == "Comment" else f"{key}: {text}" for key, text in metadata.texts]
    if not lines:
        return
    description = str(directory.get(_DESCRIPTION_TAG, ""))
    if description and "\n".join(lines) not in description:
        notes.append(
            _loss("TIFF", "comments beside a description", {"": " ".join(lines)}, ".jpg or .png")
        )
    elif not description:
        directory.tagtype[_DESCRIPTION_TAG] = 2
        directory[_DESCRIPTION_TAG] = "\n".join(lines).encode()


def jpeg2000_comment(metadata: Metadata) -> bytes:
    """Return the comments of a picture as one, for a JPEG 2000 file."""
    lines = [text if key == "Comment" else f"{key}: {text}" for key, text in metadata.texts]
    return "\n".join(lines).encode()[: MAX_SEGMENT_BYTES - 2]


def jpeg2000_box(metadata: Metadata) -> bytes:
    """Return the box that holds XMP at the end of a JPEG 2000 file, or nothing."""
    if not metadata.xmp:
        return b""
    return struct.pack(">I4s", 24 + len(metadata.xmp), b"uuid") + XMP_BOX + metadata.xmp
