"""XMP, IPTC and comments: read from a picture file, written into another, or named as lost."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: Bytes of comments and texts of a picture that are kept, and of one text of a PNG after unpacking.
MAX_COMMENT_BYTES, MAX_UNPACKED_TEXT_BYTES = 1 << 20, 1 << 20
#: TIFF tags of XMP, IPTC, Photoshop's resources and layers.
XMP_TAG, IPTC_TAG, PHOTOSHOP_TAG, LAYERS_TAG = 700, 33723, 34377, 37724
XMP_TEXT = "XML:com.adobe.xmp"
XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


@dataclass
class Metadata:
    """Description of the photograph in a picture file, besides its EXIF.

    Parameters
    ----------
    xmp : bytes
        A packet in UTF-8 that is valid for the result: without orientation, size and previews.
    photoshop : dict of int to bytes
        Photoshop's resources that are kept: IPTC (0x0404), its digest, copyright flag and URL.
    texts : list of (str, str)
        Comments and texts with their keywords; a plain comment has the keyword "Comment".
    quoted : dict of str to str
        Title, date and the like of the XMP packet, for a note when it is lost.
    """

    xmp: bytes = b""
    photoshop: dict[int, bytes] = field(default_factory=dict)
    texts: list[tuple[str, str]] = field(default_factory=list)
    quoted: dict[str, str] = field(default_factory=dict)


def read_metadata(
    data: bytes, name: str, info: Mapping[Any, Any], exif: Any, is_rotated: bool, notes: list[str]
) -> Metadata:
    """Return the metadata of a picture file, without properties that are wrong for the result.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Name of the file in notes.
    info : mapping
        Pillow's ``info`` of the picture, empty for a TIFF.
    exif : PIL.Image.Exif
        Its EXIF. XMP, IPTC and Photoshop's tags are taken out of it.
    is_rotated : bool
        The picture is rotated or mirrored on reading.
    notes : list of str
        Gets a line for each part that cannot be kept.
    """
    collected = _Collected()
    if data[:3] == b"\xff\xd8\xff":
        collected.read_jpeg(data)
    elif data[:4] == b"\x89PNG":
        collected.read_png(data)
    elif data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        collected.read_tiff(data)
    elif data[:1] == b"P":
        collected.read_pnm(data)
    else:
        collected.read_other_formats(data, info)
    for tag in (XMP_TAG, IPTC_TAG, PHOTOSHOP_TAG, LAYERS_TAG):
        value = exif.get(tag)
        if tag == XMP_TAG and isinstance(value, bytes):
            collected.packet = collected.packet or value
        if value is not None:
            del exif[tag]
    packet = b""
    quoted: dict[str, str] = {}
    if collected.packet:
        from colortk.io import xmp

        try:
            packet, quoted = xmp.clean(collected.packet, collected.extension, is_rotated)
        except xmp.Unusable as error:
            notes.append(f"'{name}': its XMP was dropped: {error}")
    if collected.has_dropped_text:
        notes.append(f"'{name}': comments over {MAX_COMMENT_BYTES:,} bytes were dropped")
    return Metadata(packet, collected.photoshop, collected.texts, quoted)


class _Collected:
    """Metadata as read from the file, before filtering."""

    def __init__(self) -> None:
        self.packet = self.extension = b""
        self.photoshop: dict[int, bytes] = {}
        self.texts: list[tuple[str, str]] = []
        self.has_dropped_text = False
        self._bytes_left = MAX_COMMENT_BYTES

    def add_text(self, keyword: str, text: str | bytes) -> None:
        text = _decoded(text) if isinstance(text, bytes) else text
        text = text.strip("\0").replace("\0", " ").strip()
        if not text or (keyword, text) in self.texts:
            return
        self._bytes_left -= len(text)
        self.has_dropped_text |= self._bytes_left < 0
        if self._bytes_left >= 0:
            self.texts.append((keyword, text))

    def read_pnm(self, data: bytes) -> None:
        from colortk.io import pnm

        header = pnm.header_of(data) if pnm.is_pnm(data) else None
        self.add_text("Comment", header.comments if header else "")

    def read_jpeg(self, data: bytes) -> None:
        from colortk.io import jpeg_segments

        app1, app13 = [], []
        for segment in jpeg_segments.segments(data):
            content = data[segment.start : segment.stop]
            if segment.marker == jpeg_segments.COM:
                self.add_text("Comment", content)
            elif segment.marker == jpeg_segments.APP1:
                app1.append(content)
            elif segment.marker == jpeg_segments.APP13:
                app13.append(content)
            elif segment.marker == jpeg_segments.SOS:
                break
        if app1:
            from colortk.io import xmp

            self.packet, self.extension = xmp.from_segments(app1)
        if app13:
            from colortk.io import iptc

            self.photoshop = iptc.from_segments(app13)

    def read_png(self, data: bytes) -> None:
        from colortk.io import png

        for chunk in png.chunks(data):
            if chunk.kind in (b"tEXt", b"zTXt", b"iTXt") and chunk.is_complete:
                try:
                    keyword, text = _parse_png_text(chunk.kind, data[chunk.start : chunk.stop])
                except (ValueError, IndexError):
                    self.has_dropped_text = True
                    continue
                self._add_png_text(keyword, text)

    def _add_png_text(self, keyword: str, text: bytes) -> None:
        if keyword == XMP_TEXT:
            self.packet = self.packet or text
        elif not keyword.startswith("Raw profile type "):
            self.add_text(keyword, text)
        else:  # ImageMagick's: a name, a length and hexadecimal digits
            try:
                content = bytes.fromhex("".join(text.decode("ascii").split("\n")[3:]))
            except (UnicodeDecodeError, ValueError):
                return
            if keyword.endswith(" xmp"):
                self.packet = self.packet or content
            elif keyword.endswith((" iptc", " 8bim")):
                self._read_photoshop(content)

    def _read_photoshop(self, content: bytes) -> None:
        from colortk.io import iptc

        if content[:4] == b"8BIM":
            self.photoshop = iptc.resources(content)
        elif content[:1] == b"\x1c":
            self.photoshop[iptc.IPTC] = content

    def read_tiff(self, data: bytes) -> None:
        from colortk.io import iptc, tiff_tags

        values = (tiff_tags.read_directories(data, (XMP_TAG, IPTC_TAG, PHOTOSHOP_TAG)) or [{}])[0]
        packet, records = values.get(XMP_TAG, b""), values.get(IPTC_TAG, b"")
        resources = values.get(PHOTOSHOP_TAG, b"")
        if isinstance(packet, bytes):
            self.packet = packet
        if isinstance(resources, bytes):
            self.photoshop = iptc.resources(resources)
        if isinstance(records, tuple):  # written as numbers of 32 bits, of either order
            order = "<" if data[:1] == b"I" else ">"
            records = struct.pack(f"{order}{len(records)}L", *(n & 0xFFFFFFFF for n in records))
            if records[:1] != b"\x1c":
                numbers = struct.unpack(f"<{len(records) // 4}L", records)
                records = struct.pack(f">{len(numbers)}L", *numbers)
        if records[:1] == b"\x1c":
            self.photoshop.setdefault(iptc.IPTC, bytes(records))

    def read_other_formats(self, data: bytes, info: Mapping[Any, Any]) -> None:
        packet = info.get("xmp")
        self.packet = packet.encode() if isinstance(packet, str) else packet or b""
        comment = info.get("comment")
        if isinstance(comment, (str, bytes)):
            self.add_text("Comment", comment)
        if data[:4] != b"\0\0\0\x0c":
            return
        from colortk.io import jpeg2000, jpegxl

        for box in jpeg2000.boxes(data):
            if box.kind == b"uuid" and data[box.start : box.start + 16] == XMP_BOX:
                self.packet = data[box.start + 16 : box.stop]
        for kind, content in jpegxl.boxes(data):
            if kind == b"xml ":
                self.packet = content


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _parse_png_text(kind: bytes, content: bytes) -> tuple[str, bytes]:
    """Keyword and text of a chunk. Raises ``ValueError`` or ``IndexError`` for a damaged one."""
    from colortk.io import png

    keyword, zero, remainder = content.partition(b"\0")
    if not zero:
        raise ValueError("no text")
    if kind == b"tEXt":
        text = remainder.decode("latin-1").encode()
    elif kind == b"zTXt":
        text = png.inflate(remainder[1:], MAX_UNPACKED_TEXT_BYTES).decode("latin-1").encode()
    else:
        packed = remainder[0]
        _, _, text = remainder[2:].split(b"\0", 2)
        text = png.inflate(text, MAX_UNPACKED_TEXT_BYTES) if packed else text
    return keyword.decode("latin-1"), text
