"""IPTC-IIM records and the Photoshop resources that hold them in JPEG and TIFF.

References
----------
IPTC-NAA Information Interchange Model, version 4.2; Adobe Photoshop File Formats Specification,
"Image Resources Section".
"""

from __future__ import annotations

import struct

from colortk.io.jpeg_segments import MAX_SEGMENT_BYTES

#: Resources that are kept: IPTC, its digest, copyright flag and URL. Others describe the original's
#: pixels (resolution, previews, paths, layers).
IPTC = 0x0404
_KEPT_RESOURCES = (IPTC, 0x0425, 0x040A, 0x040B)
_PHOTOSHOP_SIGNATURE = b"Photoshop 3.0\0"
#: Data sets of record 2 that a note quotes.
_QUOTED = {
    5: "title", 105: "headline", 120: "caption", 55: "date", 80: "by-line", 116: "copyright",
    25: "keyword", 90: "city",
}  # fmt: skip


def resources(data: bytes) -> dict[int, bytes]:
    """Return the Photoshop resources that are kept, number to content.

    Parameters
    ----------
    data : bytes
        Content of TIFF tag 34377, or of a JPEG's APP13 segments joined without their signatures.
    """
    resources_by_id: dict[int, bytes] = {}
    offset = 0
    while data[offset : offset + 4] == b"8BIM" and offset + 7 <= len(data):
        number = int.from_bytes(data[offset + 4 : offset + 6], "big")
        offset += 6 + (data[offset + 6] + 2) // 2 * 2  # a name, padded to an even number of bytes
        size = int.from_bytes(data[offset : offset + 4], "big")
        content = data[offset + 4 : offset + 4 + size]
        if number in _KEPT_RESOURCES and content:
            resources_by_id.setdefault(number, content)
        offset += 4 + size + size % 2
    return resources_by_id


def from_segments(parts: list[bytes]) -> dict[int, bytes]:
    """Return the resources of a JPEG from the contents of its APP13 segments."""
    return resources(
        b"".join(
            p[len(_PHOTOSHOP_SIGNATURE) :] for p in parts if p.startswith(_PHOTOSHOP_SIGNATURE)
        )
    )


def to_bytes(resources_by_id: dict[int, bytes]) -> bytes:
    """Return resources as the content of TIFF tag 34377."""
    return b"".join(
        b"8BIM" + struct.pack(">HHI", number, 0, len(content)) + content + bytes(len(content) % 2)
        for number, content in resources_by_id.items()
    )


def to_segments(resources_by_id: dict[int, bytes]) -> list[bytes]:
    """Return resources as the contents of a JPEG's APP13 segments."""
    data, size = to_bytes(resources_by_id), MAX_SEGMENT_BYTES - len(_PHOTOSHOP_SIGNATURE)
    return [
        _PHOTOSHOP_SIGNATURE + data[offset : offset + size] for offset in range(0, len(data), size)
    ]


def quoted(records: bytes) -> dict[str, str]:
    """Return the title, date and the like of IPTC ``records``."""
    values: dict[str, str] = {}
    utf8 = b"\x1c\x01\x5a\x00\x03\x1b%G" in records
    offset = 0
    while offset + 5 <= len(records) and records[offset] == 0x1C:
        record, number, size = struct.unpack_from(">BBH", records, offset + 1)
        offset += 5
        if size & 0x8000:  # the length of an extended data set follows
            count = size & 0x7FFF
            size = int.from_bytes(records[offset : offset + min(count, 8)], "big")
            offset += count
        if record == 2 and number in _QUOTED:
            content = records[offset : offset + size]
            try:
                text = content.decode()
            except UnicodeDecodeError:
                text = content.decode("utf-8" if utf8 else "latin-1", "replace")
            values.setdefault(_QUOTED[number], " ".join(text.split()))
        offset += size
    return values
