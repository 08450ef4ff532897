"""XMP: extended packets, orientation, packets that are refused, namespaces."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from xml.etree import ElementTree

import pytest
from PIL import Image

from colortk.io import xmp
from colortk.io.decode import decode
from conftest import photo
from metadata_samples import HEAD, SPACES, TAIL, packet_of, properties, segment, written


def extended(body: bytes, digest: bytes | None = None) -> bytes:
    """Return a JPEG with a packet and its extension, in two segments in the wrong order."""
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
    # An extension that the packet does not name belongs to another picture.
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
def test_every_spelling_of_orientation_is_removed(spelling: bytes, coding: str) -> None:
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
def test_an_untrusted_packet_is_dropped_with_a_note(packet: bytes, why: str) -> None:
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


def test_face_regions_are_dropped_if_the_picture_is_rotated() -> None:
    body = b'<rdf:Description xmlns:r="http://www.metadataworkinggroup.com/schemas/regions/"><r:Regions>x</r:Regions></rdf:Description>'
    assert b"Regions" in xmp.clean(HEAD + body + TAIL)[0]
    assert b"Regions" not in xmp.clean(HEAD + body + TAIL, turned=True)[0]
