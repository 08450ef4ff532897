"""Small files that are slow to decode are refused by their headers."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from colortk.errors import PictureError
from colortk.io import gif, jpeg2000, jpeg_segments, limits, pnm
from colortk.io.decode import decode
from conftest import photo


def saved(kind: str, size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(photo(size[1], size[0])).save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


JPEG = saved("JPEG")
PNG = saved("PNG")
GIF = saved("GIF")
JP2 = saved("JPEG2000")
GIF_IMAGE = GIF.index(b"\x2c", 13 + 3 * (2 << (GIF[10] & 7)))


def after_start(data: bytes) -> bytes:
    """Return a JPEG with ``data`` inserted after its first marker."""
    return JPEG[:2] + data + JPEG[2:]


def in_png(data: bytes, end: bool = False) -> bytes:
    at = len(PNG) - 12 if end else 33
    return PNG[:at] + data + PNG[at:]


def in_gif(data: bytes) -> bytes:
    return GIF[:GIF_IMAGE] + data + GIF[GIF_IMAGE:]


def in_jp2(data: bytes) -> bytes:
    return JP2[:32] + data + JP2[32:]


def many_scans(count: int, side: int) -> bytes:
    data = saved("JPEG", (side, side), progressive=True)
    first = data.index(b"\xff\xda")
    end = data.index(b"\xff\xc4", first)
    return data[:end] + data[first:end] * count + data[end:]


def run_length_bmp(data: bytes) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, 64, 64, 1, 8, 1, 0, 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + 40 + 1024) + head + bytes(1024) + data


REFUSED = {
    "long comment": lambda: b"P5\n#" + b"x" * 200_000 + b"\n2 2\n255\nabcd",
    "many comments": lambda: b"P5\n" + b"#\n" * 100_000 + b"2 2\n255\nabcd",
    "long space": lambda: b"P6 2" + b" " * 200_000 + b"2\n255\nabcdabcdabcd",
    "jpeg of many scans": lambda: many_scans(500, 64),
    "jpeg of some scans that is large": lambda: (
        many_scans(90, 16).replace(b"\0\x10\0\x10\3", struct.pack(">HHB", 9000, 9000, 3))
    ),
    "jpeg with fill bytes": lambda: after_start(b"\xff" * 100_000),
    "jpeg of small segments": lambda: after_start(b"\xff\xe5\0\2" * 5000),
    "jpeg of tables": lambda: after_start((b"\xff\xdb\0\x43\0" + b"\1" * 64) * 5000),
    "jpeg with much EXIF": lambda: after_start((b"\xff\xe1\xff\xf8Exif\0\0" + bytes(65520)) * 40),
    "jpeg with much Photoshop": lambda: after_start((b"\xff\xed\xff\xff" + bytes(65533)) * 70),
    "png of small chunks": lambda: in_png(chunk(b"abCd", b"") * 10_000),
    "png of small chunks at its end": lambda: in_png(chunk(b"abCd", b"") * 10_000, True),
    "png of empty pixel data": lambda: in_png(chunk(b"IDAT", b"") * 10_000),
    "png of texts": lambda: in_png(chunk(b"tEXt", b"a\0b") * 2000),
    "gif with a comment": lambda: in_gif(b"\x21\xfe" + (b"\xff" + bytes(255)) * 3000 + b"\0"),
    "gif of extensions": lambda: in_gif(b"\x21\x77\1a\0" * 40_000),
    "gif of garbage": lambda: in_gif(b"\1" * 40_000),
    "gif of extensions behind its frame": lambda: GIF[:-1] + b"\x21\xfe\1a\0" * 40_000 + b"\x3b",
    "jpeg 2000 of boxes": lambda: in_jp2(struct.pack(">I4s", 8, b"free") * 2000),
    "run lengths": lambda: run_length_bmp(b"\1\1" * (limits.MAX_RUN_LENGTH_BYTES // 2)),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_refused_by_the_header(what: str) -> None:
    data = REFUSED[what]()
    with pytest.raises(limits.OverLimit):
        limits.check_header(data)
    with pytest.raises(PictureError, match=r"more .* than a picture needs|has over [\d,]+ bytes"):
        decode(data, "x")


def test_small_code_blocks_are_refused() -> None:
    data = bytearray(saved("JPEG2000", no_jp2=True, codeblock_size=(4, 4)))
    decode(bytes(data), "x")
    size = data.index(b"\xff\x51") + 6
    for offset in (0, 16):  # sizes of the picture and of its tiles
        data[size + offset : size + offset + 8] = struct.pack(">II", 9000, 9000)
    with pytest.raises(limits.OverLimit, match="code blocks"):
        limits.check_header(bytes(data))


@pytest.mark.parametrize(
    "data",
    [
        JPEG,
        many_scans(10, 64),
        after_start(b"\xff\xfe\0\x06abcd" * 1000),
        JPEG + b"\xff\xda" * 100_000,  # bytes after a picture are not part of it
        in_png(chunk(b"tEXt", b"Comment\0" + b"x" * 100_000)),
        in_png(b"".join(chunk(b"tEXt", b"a%d\0b" % n) for n in range(500))),
        in_gif(b"\x21\xfe\x04abcd\0" * 100),
        in_jp2(struct.pack(">I4s", 8, b"free") * 100),
        b"P5\n# a comment of one line\n2 2\n255\nabcd",
        saved("JPEG2000", tile_size=(16, 16), codeblock_size=(16, 16)),
        saved("JPEG2000", precinct_size=(32, 32), codeblock_size=(16, 16), num_resolutions=3),
        saved("WEBP"),
        saved("TIFF"),
        saved("BMP"),
    ],
    ids=range(14),
)
def test_usual_files_pass(data: bytes) -> None:
    limits.check_header(data)
    assert decode(data, "x").pixels.size


def test_jpeg_segments_equal_those_of_opencv_and_pillow() -> None:
    data = saved("JPEG", progressive=True, exif=Image.Exif().tobytes(), comment=b"hello")
    found = list(jpeg_segments.segments(data))
    assert [data[s.start : s.stop] for s in found if s.marker == jpeg_segments.COM] == [b"hello"]
    assert (found[-1].marker, found[-1].stop) == (jpeg_segments.EOI, len(data))
    frame = jpeg_segments.frame_of(data)
    assert frame is not None
    assert (frame.width, frame.height, frame.mcu_rows) == (64, 48, 16)
    assert frame.marker in jpeg_segments.PROGRESSIVE
    scans = jpeg_segments.scans_of(data)
    assert len(scans) == 10  # libjpeg's script for a color picture
    assert (scans[0].components, scans[0].first, scans[0].last) == ((1, 2, 3), 0, 0)
    assert all(data[s.stop : s.stop + 1] == b"\xff" for s in scans)


def test_blocks_of_a_gif_are_counted() -> None:
    frames = [Image.fromarray(photo(seed=n)) for n in range(3)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], comment=b"c" * 600)
    found = gif.blocks_of(out.getvalue(), 1000)
    assert 600 <= found.comment < 620
    assert 0 < found.extensions < 30
    assert found.pixels > 5


def test_code_blocks_are_estimated() -> None:
    data = saved("JPEG2000", (640, 480), codeblock_size=(16, 16), num_resolutions=1)
    blocks, samples = jpeg2000.work_of(data)
    assert samples == 640 * 480 * 3
    assert blocks == 640 * 480 * 3 // 256


@pytest.mark.parametrize("maximum", [1, 7, 100, 255, 256, 4095, 65535])
@pytest.mark.parametrize("kind", [2, 3, 5, 6])
def test_other_ranges_of_pnm_are_as_pillow_reads_them(kind: int, maximum: int) -> None:
    rng = np.random.default_rng(maximum)
    shape = (5, 7) if kind in (2, 5) else (5, 7, 3)
    values = rng.integers(0, maximum + 1, shape)
    values.flat[:2] = 0, maximum
    if kind < 4:
        body = b"# between\n" + " ".join(map(str, values.ravel())).encode() + b"\n#end"
    else:
        body = values.astype(">u2" if maximum > 255 else np.uint8).tobytes()
    data = b"P%d # size\n7 5\n#range\n%d\n" % (kind, maximum) + body
    found = decode(data, "x").pixels
    expected = values / maximum * (255 if maximum < 256 else 65535)
    assert found.dtype == (np.uint8 if maximum < 256 else np.uint16)
    assert np.abs(found - expected).max() <= 1
    if maximum < 256:
        with Image.open(io.BytesIO(data)) as image:
            assert np.array_equal(found, np.asarray(image))
    if maximum == 255 and kind > 4:
        read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(found, read if read.ndim == 2 else read[..., ::-1])


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"0 1\n1 0", [[255, 0], [0, 255]]), (b"01#x\n10", [[255, 0], [0, 255]])],
)
def test_plain_bitmaps_are_decoded(body: bytes, expected: list[list[int]]) -> None:
    assert decode(b"P1 2 2\n" + body, "x").pixels.tolist() == expected


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"P2 2 2 255\n1 2 3", "3 of 4 samples"),
        (b"P2 2 2 255\n1 2 3 999", "larger than the maximum"),
        (b"P2 2 2 255\n1 2 3 -4", "negative"),
        (b"P2 2 2 255\n1 2 3 x", "not a number"),
        (b"P1 2 2\n0 1 2 0", "neither 0 nor 1"),
        (b"P5 2 2 7\nabc", "3 of 4 samples"),
        (b"P3 99999 99999 255\n1 2 3", "over the limit"),
        (b"P5 2 2 0\nabcd", "damaged|known"),
        (b"P5 2", "damaged|known"),
    ],
)
def test_bad_pnm_is_one_line(data: bytes, why: str) -> None:
    with pytest.raises(PictureError, match=why) as error:
        decode(data, "x")
    assert "\n" not in str(error.value)


def test_a_pnm_header_is_found() -> None:
    header = pnm.header_of(b"P6\n# made 1999\n#  by hand\n3 2 # x\n255\n" + bytes(18))
    assert header is not None
    assert (header.width, header.height, header.maximum, header.samples) == (3, 2, 255, 18)
    assert header.comments == "made 1999\nby hand\nx"
    assert not pnm.is_pnm(b"PK\3\4")
