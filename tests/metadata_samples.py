"""A JPEG with XMP, IPTC, EXIF and comments, and functions that read metadata."""

from __future__ import annotations

import io
import struct
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from colortk.io.encode import encode
from colortk.io.picture import Picture
from conftest import photo

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
HEAD = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
TAIL = b"</rdf:RDF></x:xmpmeta>"
SPACES = (
    b' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:t="http://ns.adobe.com/tiff/1.0/"'
    b' xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
)
PACKET = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>' + HEAD
    + b'<rdf:Description rdf:about="" t:Orientation="6" exif:PixelXDimension="64" xmp:CreateDate="1999"'
    + SPACES + b"><t:ImageWidth>64</t:ImageWidth><dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">Caf\xc3\xa9 &amp; "
    b"harbor</rdf:li></rdf:Alt></dc:title><xmp:Thumbnails><rdf:Alt><rdf:li>AAAA</rdf:li></rdf:Alt></xmp:Thumbnails>"
    b"<t:Make>Leica</t:Make></rdf:Description>" + TAIL + b" " * 3000 + b"<?xpacket end='w'?>"
)  # fmt: skip
RECORDS = b"\x1c\x02\x05\x00\x06Harbor\x1c\x02\x37\x00\x0819990102"


def resource(number: int, content: bytes) -> bytes:
    return (
        b"8BIM" + struct.pack(">HHI", number, 0, len(content)) + content + bytes(len(content) % 2)
    )


#: IPTC behind a preview of the original (0x040C), and the copyright flag.
PHOTOSHOP = resource(0x040C, b"preview") + resource(0x0404, RECORDS) + resource(0x040A, b"\1")


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def exif_block() -> bytes:
    """EXIF with an orientation, a date, sizes, another color space, and a preview in a second directory."""
    exif = Image.Exif()
    exif[274], exif[306], exif[315] = 6, "1999:01:02 03:04:05", "A. Author"
    exif.get_ifd(0x8769).update({0x9003: "1999:01:02 03:04:05", 40962: 64, 40963: 48, 40961: 65535})
    block = exif.tobytes()[6:]
    preview = io.BytesIO()
    Image.new("RGB", (16, 16), (255, 0, 0)).save(preview, "JPEG")
    (count,) = struct.unpack_from("<H" if block[:1] == b"I" else ">H", block, 8)
    order = "<" if block[:1] == b"I" else ">"
    at = len(block) + len(block) % 2
    entries = struct.pack(
        f"{order}HHHLLHHLL", 2, 513, 4, 1, at + 30, 514, 4, 1, len(preview.getvalue())
    )
    place = 10 + 12 * count
    block = block[:place] + struct.pack(f"{order}L", at) + block[place + 4 :]
    return block + bytes(at - len(block)) + entries + bytes(4) + preview.getvalue()


def rich_jpeg() -> bytes:
    out = io.BytesIO()
    Image.fromarray(photo()).save(out, "JPEG", quality=95, dpi=(300, 300))
    data = out.getvalue()
    added = (
        segment(0xE1, b"Exif\0\0" + exif_block())
        + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + PACKET)
        + segment(0xED, b"Photoshop 3.0\0" + PHOTOSHOP)
        + segment(0xFE, b"scanned 1999")
        + segment(0xFE, "Rückseite".encode())
    )
    return data[:2] + added + data[2:]


def written(source: Picture, extension: str) -> tuple[bytes, list[str]]:
    notes: list[str] = []
    gray = source.pixels if source.pixels.ndim == 3 else np.dstack([source.pixels] * 3)
    return encode(gray, source, extension, notes), notes


def properties(packet: bytes) -> dict[str, str]:
    """Return the properties of a packet, as an XML parser reads them."""
    root = ElementTree.fromstring(packet.strip(b"\0 \n"))
    found: dict[str, str] = {}
    for about in root.iter(f"{RDF}Description"):
        found |= {key.rpartition("}")[2]: value for key, value in about.attrib.items()}
        found |= {one.tag.rpartition("}")[2]: "".join(one.itertext()).strip() for one in about}
    return found


def packet_of(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        value = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    return value.encode() if isinstance(value, str) else value
