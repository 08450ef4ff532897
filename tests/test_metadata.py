"""XMP, IPTC and comments are in the result, or a note names what is lost; no reader turns it twice."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import struct
import subprocess
import zlib
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, IptcImagePlugin

from colortk.cli.main import invoke
from colortk.errors import PictureError
from colortk.io import iptc, metadata, xmp
from colortk.io.decode import decode
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
    b"harbour</rdf:li></rdf:Alt></dc:title><xmp:Thumbnails><rdf:Alt><rdf:li>AAAA</rdf:li></rdf:Alt></xmp:Thumbnails>"
    b"<t:Make>Leica</t:Make></rdf:Description>" + TAIL + b" " * 3000 + b"<?xpacket end='w'?>"
)  # fmt: skip
RECORDS = b"\x1c\x02\x05\x00\x07Harbour\x1c\x02\x37\x00\x0819990102"


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
    """Properties of a packet, as an XML parser reads them."""
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


ALL = ["jpg", "tif", "png", "webp", "avif", "jp2"]


@pytest.mark.parametrize("wide", [False, True], ids=["8", "16"])
@pytest.mark.parametrize("extension", ALL)
def test_a_photograph_keeps_its_description(extension: str, wide: bool) -> None:
    picture = decode(rich_jpeg(), "x")
    assert picture.pixels.shape == (64, 48, 3)  # turned
    if wide:
        picture.pixels = picture.pixels.astype(np.uint16) * 257
    data, notes = written(picture, extension)
    if extension == "jp2":
        packet = data[data.rindex(b"<?xpacket begin") :]
        assert b"scanned 1999" in data
    else:
        packet = packet_of(data)
    found = properties(packet)
    assert found["title"] == "Café & harbour"
    assert found["Make"] == "Leica"
    assert found["CreateDate"] == "1999"
    assert not {"Orientation", "ImageWidth", "PixelXDimension", "Thumbnails"} & set(found)
    assert len(packet) < 1500  # without padding
    lost = " ".join(notes)
    with Image.open(io.BytesIO(data)) as image:
        exif = image.getexif()
        assert image.size == (48, 64)
        assert exif.get(274, 1) == 1
        records = IptcImagePlugin.getiptcinfo(image) or {}
        if extension in ("jpg", "tif"):
            assert records[(2, 5)] == b"Harbour"
            assert records[(2, 55)] == b"19990102"
            assert "IPTC" not in lost
        else:
            assert "cannot hold IPTC: title 'Harbour', date '19990102' are lost" in lost
            assert "use .jpg or .tif" in lost
        if extension == "jpg":
            assert b"scanned 1999" in data
            assert "Rückseite".encode() in data
            assert b"preview" not in data
        elif extension == "tif":
            assert "scanned 1999\nRückseite\0".encode() in data
        elif extension == "png":
            assert image.info["Comment"] in ("scanned 1999", "Rückseite")
        elif extension != "jp2":
            assert "cannot hold comments: 'Rückseite'" in lost or "'scanned 1999'" in lost
        if extension == "jp2":
            assert "JPEG 2000 cannot hold EXIF" in lost
            assert "date '1999:01:02 03:04:05'" in lost
        else:
            assert exif[306] == "1999:01:02 03:04:05"
            inside = exif.get_ifd(0x8769)
            assert (inside[40962], inside[40963], inside[40961]) == (48, 64, 1)
            assert not exif.get_ifd(1)  # the preview showed the original
            dpi = image.info.get("dpi") or (exif[282], exif[283])
            assert tuple(round(float(one)) for one in dpi) == (300, 300)
    again = decode(data, "again")
    assert again.pixels.shape == (64, 48, 3)  # and not turned once more
    assert properties(again.metadata.xmp) == found


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("extension", ALL)
def test_exiftool_reads_the_same(extension: str, tmp_path: Path) -> None:
    data, _ = written(decode(rich_jpeg(), "x"), extension)
    path = tmp_path / f"x.{extension}"
    path.write_bytes(data)
    done = subprocess.run(
        ["exiftool", "-j", "-G1", "-a", "-warning", "-XMP:all", "-IPTC:all", "-EXIF:all",
         "-Comment", str(path)],
        capture_output=True, check=True,
    )  # fmt: skip
    (row,) = json.loads(done.stdout)
    assert row["XMP-dc:Title"] == "Café & harbour"
    assert row.get("IFD0:Orientation", "Horizontal (normal)") == "Horizontal (normal)"
    assert not any("Orientation" in key for key in row if key.startswith("XMP"))
    assert not any("Thumbnail" in key for key in row)
    if extension in ("jpg", "tif"):
        assert row["IPTC:ObjectName"] == "Harbour"
    if extension == "jpg":  # of two comments, JSON holds one
        assert row["File:Comment"] in ("scanned 1999", "Rückseite")
    assert not any("Warning" in key for key in row), row


def test_tiff_and_png_sources_keep_theirs() -> None:
    plain = Image.fromarray(photo())
    for number in (33723, 34377):
        out = io.BytesIO()
        content = RECORDS if number == 33723 else PHOTOSHOP
        plain.save(out, "TIFF", tiffinfo={700: PACKET, number: content, 269: "roll 7"})
        picture = decode(out.getvalue(), "x")
        assert picture.metadata.photoshop[iptc.IPTC] == RECORDS
        for extension in ("tif", "jpg"):
            data, notes = written(picture, extension)
            assert notes == []
            with Image.open(io.BytesIO(data)) as image:
                assert (IptcImagePlugin.getiptcinfo(image) or {})[(2, 5)] == b"Harbour"
                assert image.getexif()[269] == "roll 7"
                assert 33723 not in image.getexif() or extension == "tif"
            assert properties(packet_of(data))["title"] == "Café & harbour"


def test_iptc_as_numbers_of_either_order() -> None:
    tifffile = pytest.importorskip("tifffile")
    padded = RECORDS + bytes(-len(RECORDS) % 4)
    for order in "<>":
        out = io.BytesIO()
        values = struct.unpack(f"{order}{len(padded) // 4}L", padded)
        tag = (33723, "I", len(values), values, True)
        tifffile.imwrite(out, photo(), photometric="rgb", extratags=[tag])
        found = decode(out.getvalue(), "x").metadata.photoshop[iptc.IPTC]
        assert found.startswith(RECORDS), order


def test_texts_of_png_are_kept_or_named() -> None:
    plain = Image.fromarray(photo())
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_text("Title", "Harbour")
    texts.add_text("Creation Time", "1999", zip=True)
    texts.add_itxt("Description", "Größe 写真")
    texts.add_itxt("XML:com.adobe.xmp", PACKET.decode(), zip=True)
    out = io.BytesIO()
    plain.save(out, "PNG", pnginfo=texts)
    picture = decode(out.getvalue(), "x")
    for wide in (False, True):
        if wide:
            picture.pixels = picture.pixels.astype(np.uint16) * 257
        data, notes = written(picture, "png")
        assert notes == []
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            assert image.info["Title"] == "Harbour"
            assert image.info["Creation Time"] == "1999"
            assert image.info["Description"] == "Größe 写真"
        assert properties(packet_of(data))["title"] == "Café & harbour"
    picture.pixels = picture.pixels.astype(np.uint8)
    data, notes = written(picture, "jpg")
    assert notes == []
    assert b"Title: Harbour" in data
    data, notes = written(picture, "webp")
    assert "Title 'Harbour', Creation Time '1999', Description 'Größe 写真' are lost" in notes[0]


def test_comments_of_gif_and_pnm() -> None:
    out = io.BytesIO()
    Image.fromarray(photo()).save(out, "GIF", comment=b"from a GIF")
    assert decode(out.getvalue(), "x").metadata.texts == [("Comment", "from a GIF")]
    assert decode(b"P5\n# from a PGM\n2 2\n255\nabcd", "x").metadata.texts == [
        ("Comment", "from a PGM")
    ]


def extended(body: bytes, digest: bytes | None = None) -> bytes:
    """A JPEG with a packet and its extension, in two segments that stand in the wrong order."""
    digest = digest or hashlib.md5(body).hexdigest().upper().encode()
    first = (
        HEAD + b'<rdf:Description rdf:about="" xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="'
        + digest + b'"' + SPACES + b' dc:source="first"/>' + TAIL
    )  # fmt: skip
    half = len(body) // 2
    parts = [(0, body[:half]), (half, body[half:])]
    out = io.BytesIO()
    Image.fromarray(photo()).save(out, "JPEG", xmp=first)
    data = out.getvalue()
    added = b"".join(
        segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + digest + struct.pack(">II", len(body), at) + part)
        for at, part in reversed(parts)
    )  # fmt: skip
    return data[:2] + added + data[2:]


def test_extended_xmp_is_merged_and_written_again() -> None:
    long = b"".join(b"<dc:e%d>%s</dc:e%d>" % (n, b"x" * 200, n) for n in range(400))
    body = (
        HEAD
        + b'<rdf:Description rdf:about=""'
        + SPACES
        + b' t:Orientation="3">'
        + long
        + b"</rdf:Description>"
        + TAIL
    )
    picture = decode(extended(body), "x")
    found = properties(picture.metadata.xmp)
    assert found["source"] == "first"
    assert found["e399"] == "x" * 200
    assert "Orientation" not in found
    assert "HasExtendedXMP" not in found
    data, _ = written(picture, "jpg")  # over 64 kB: extended again
    assert properties(decode(data, "x").metadata.xmp) == found | {"about": ""}
    data, _ = written(picture, "png")
    assert properties(packet_of(data)) == found
    # An extension that the packet does not name is a leftover of another picture.
    alien = decode(extended(body, b"0" * 32), "x")
    assert "e399" not in properties(alien.metadata.xmp)


@pytest.mark.parametrize(
    "spelling",
    [
        b"<rdf:Description rdf:about='' xmlns:tiff='http://ns.adobe.com/tiff/1.0/' tiff:Orientation='8'/>",
        b"<rdf:Description xmlns:q='http://ns.adobe.com/tiff/1.0/'><q:Orientation>8</q:Orientation></rdf:Description>",
        b"<rdf:Description><Orientation xmlns='http://ns.adobe.com/tiff/1.0/'>&#56;</Orientation></rdf:Description>",
        b"<rdf:Description xmlns:q='http://ns.adobe.com/ti&#x66;f/1.0/' q:Orientation='8'></rdf:Description>",
    ],
)
@pytest.mark.parametrize("coding", ["utf-8", "utf-16"])
def test_orientation_is_gone_however_it_is_written(spelling: bytes, coding: str) -> None:
    packet = (HEAD + spelling + TAIL).decode().encode(coding)
    cleaned, _ = xmp.clean(packet)
    assert b"Orientation" not in cleaned
    ElementTree.fromstring(cleaned)


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + HEAD + b"&b;" + TAIL, "document type"),
        (HEAD + b"<a>" * 1000 + b"</a>" * 1000 + TAIL, "deeper"),
        (HEAD + b"<a/>" * 60_000 + TAIL, "more elements"),
        (HEAD + b"<a>" + TAIL, "no XML"),
        (b"\0\1\2", "no XML"),
        (b"<a/>", "describes nothing"),
        (HEAD + b"x" * (5 << 20) + TAIL, "over 4,194,304 bytes"),
    ],
    ids=range(7),
)
def test_a_packet_that_cannot_be_trusted_is_dropped_with_a_note(packet: bytes, why: str) -> None:
    chunk = b"XML:com.adobe.xmp" + bytes(5) + packet
    out = io.BytesIO()
    Image.fromarray(photo()).save(out, "PNG")
    data = out.getvalue()
    block = (
        struct.pack(">I", len(chunk))
        + b"iTXt"
        + chunk
        + struct.pack(">I", zlib.crc32(b"iTXt" + chunk))
    )
    picture = decode(data[:33] + block + data[33:], "x")
    assert picture.metadata.xmp == b""
    assert any("its XMP was dropped" in note and why in note for note in picture.notes), (
        picture.notes
    )


def test_namespaces_and_text_survive_as_they_are() -> None:
    body = (
        b'<rdf:Description rdf:about="" xmlns:a="urn:a" a:b="1 &lt; 2 &quot;&#10;"><a:c xml:lang="de">&lt;x> &amp; </a:c>'
        b'<d xmlns="urn:d"><e/></d></rdf:Description>'
    )
    cleaned, _ = xmp.clean(HEAD + body + TAIL)
    before, after = ElementTree.fromstring(HEAD + body + TAIL), ElementTree.fromstring(cleaned)
    assert ElementTree.canonicalize(ElementTree.tostring(before)) == ElementTree.canonicalize(
        ElementTree.tostring(after)
    )


def test_faces_are_dropped_where_the_picture_is_turned() -> None:
    body = b'<rdf:Description xmlns:r="http://www.metadataworkinggroup.com/schemas/regions/"><r:Regions>x</r:Regions></rdf:Description>'
    assert b"Regions" in xmp.clean(HEAD + body + TAIL)[0]
    assert b"Regions" not in xmp.clean(HEAD + body + TAIL, turned=True)[0]


@pytest.mark.parametrize("cut", range(0, 140, 7))
def test_cut_and_hostile_resources_are_harmless(cut: int) -> None:
    rng = np.random.default_rng(cut)
    data = bytearray(PHOTOSHOP[:cut])
    iptc.resources(bytes(data))
    iptc.quoted(RECORDS[:cut])
    for at in rng.integers(0, max(1, len(data)), 4):
        if data:
            data[at] ^= 255
    iptc.resources(bytes(data))
    iptc.quoted(b"\x1c\x02\x05\xff\xff" + bytes(10))


def test_comments_without_end_are_dropped_with_a_note() -> None:
    out = io.BytesIO()
    Image.fromarray(photo()).save(out, "JPEG")
    data = out.getvalue()
    many = b"".join(segment(0xFE, b"%05d" % n + b"x" * 60_000) for n in range(40))
    picture = decode(data[:2] + many + data[2:], "x")
    assert sum(len(text) for _, text in picture.metadata.texts) <= metadata.TEXTS
    assert any("comments over" in note for note in picture.notes)


def test_exif_that_is_too_long_for_jpeg_loses_the_makers_notes_first() -> None:
    exif = Image.Exif()
    exif[306] = "1999:01:02 03:04:05"
    exif.get_ifd(0x8769).update({0x927C: bytes(70_000), 0x9003: "1999:01:02 03:04:05"})
    out = io.BytesIO()
    Image.fromarray(photo()).save(out, "PNG", exif=exif.tobytes())
    data, notes = written(decode(out.getvalue(), "x"), "jpg")
    assert notes == ["its EXIF is too long for JPEG: the maker's notes were dropped"]
    with Image.open(io.BytesIO(data)) as image:
        assert image.getexif()[306] == "1999:01:02 03:04:05"


def test_what_bmp_loses_is_named() -> None:
    _, notes = written(decode(rich_jpeg(), "x"), "bmp")
    for word in ("EXIF", "XMP", "IPTC", "comments"):
        assert any(f"BMP cannot hold {word}" in note for note in notes), notes


def test_a_bad_picture_is_still_refused() -> None:
    with pytest.raises(PictureError):
        decode(rich_jpeg()[:-500], "x")


def exif_of_entries(entries: list[tuple[int, int, int, bytes]]) -> bytes:
    """An APP1 segment of one directory: tag, type, count and value of each entry."""
    place, values, directory = 8 + 2 + 12 * len(entries) + 4, b"", b""
    for tag, kind, count, value in sorted(entries):
        inside = (
            value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", place + len(values))
        )
        values += value if len(value) > 4 else b""
        directory += struct.pack("<HHI", tag, kind, count) + inside
    head = b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries))
    content = head + directory + bytes(4) + values
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


@pytest.mark.parametrize("extension", ["jpg", "png", "tif"])
def test_an_exif_value_that_cannot_be_written_takes_no_other_along(
    extension: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = io.BytesIO()
    Image.fromarray(np.full((20, 30, 3), 99, np.uint8)).save(out, "JPEG")
    entries = [
        (270, 2, 6, b"title\0"),
        (306, 2, 20, b"2001:01:01 00:00:00\0"),
        (37380, 10, 1, struct.pack("<ii", -1, 0)),  # an exposure bias that is no number
    ]
    path, result = tmp_path / "a.jpg", tmp_path / f"b.{extension}"
    path.write_bytes(out.getvalue()[:2] + exif_of_entries(entries) + out.getvalue()[2:])
    assert invoke(["run", "-p", "gray", str(path), "-o", str(result)]) == 0
    assert f"note: '{path}': EXIF is lost: ExposureBiasValue" in capsys.readouterr().err
    with Image.open(result) as image:
        exif = image.getexif()
        assert (exif[270], exif[306]) == ("title", "2001:01:01 00:00:00")
