"""EXIF that cannot be written as it is, and IPTC records in all their forms."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colortk.cli.main import invoke
from colortk.io import iptc
from colortk.io.decode import decode
from conftest import photo
from metadata_samples import PHOTOSHOP, RECORDS, written


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


def exif_of_entries(entries: list[tuple[int, int, int, bytes]]) -> bytes:
    """Return an APP1 segment with one directory of entries: tag, type, count, value."""
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
def test_an_invalid_exif_value_does_not_remove_other_values(
    extension: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = io.BytesIO()
    Image.fromarray(np.full((20, 30, 3), 99, np.uint8)).save(out, "JPEG")
    entries = [
        (270, 2, 6, b"title\0"),
        (306, 2, 20, b"2001:01:01 00:00:00\0"),
        (37380, 10, 1, struct.pack("<ii", -1, 0)),  # an exposure bias with denominator 0
    ]
    path, result = tmp_path / "a.jpg", tmp_path / f"b.{extension}"
    path.write_bytes(out.getvalue()[:2] + exif_of_entries(entries) + out.getvalue()[2:])
    assert invoke(["run", "-p", "gray", str(path), "-o", str(result)]) == 0
    assert f"note: '{path}': dropped EXIF tags ExposureBiasValue" in capsys.readouterr().err
    with Image.open(result) as image:
        exif = image.getexif()
        assert (exif[270], exif[306]) == ("title", "2001:01:01 00:00:00")
