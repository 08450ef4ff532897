"""Hostile pictures are refused by their headers, before they cost memory or time."""

from __future__ import annotations

import contextlib
import os
import struct
import sys
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from colortk.errors import PictureError
from colortk.io import tiff_limits
from colortk.io.decode import decode, read_bytes
from conftest import cheap, photo
from encoded import GRAY, RGB, opened, saved


@pytest.fixture(autouse=True)
def _cheap() -> Iterator[None]:
    """Assert that every test needs little memory and time."""
    opened(
        saved(Image.fromarray(RGB), "TIFF")
    )  # load modules that would count as memory of the test
    with cheap(150e6):
        yield


def tiff(*tags: tuple[int, int, int, int], more: bytes = b"", order: str = "<") -> bytes:
    """Return a TIFF with entries of tag, type, count, and value or offset. ``more`` follows them."""
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HLH", 42, 8, len(tags))
    entries = b"".join(struct.pack(f"{order}HHLL", *tag) for tag in tags)
    return head + entries + bytes(4) + more


SMALL = (
    (256, 4, 1, 8),
    (257, 4, 1, 8),
    (258, 3, 1, 8),
    (259, 3, 1, 1),
    (262, 3, 1, 1),
    (277, 3, 1, 1),
)
STRIP = ((273, 4, 1, 200), (278, 4, 1, 8), (279, 4, 1, 64))


def greedy(order: str = "<") -> bytes:
    """Five hundred tags point at the same megabyte."""
    tags = tuple((60000 + n, 7, 1_000_000, 20) for n in range(500))
    if order == "<":
        return tiff(*SMALL, *STRIP, *tags, more=bytes(1_100_000))
    return tiff(*((n, 7, 1_000_000, 20) for n, _, _, _ in tags), more=bytes(1_100_000), order=order)


def test_tags_with_shared_bytes_are_refused() -> None:
    with pytest.raises(PictureError, match="hold more than the file does"):
        opened(greedy())


def jpeg_segments(kind: bytes, content: bytes) -> bytes:
    """Many APP1 segments begin with the same bytes."""
    parts = [content[at : at + 65000] for at in range(0, len(content), 65000)]
    return b"".join(
        b"\xff\xe1" + struct.pack(">H", 2 + len(kind) + len(part)) + kind + part for part in parts
    )


def png_chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def png_with(*chunks: bytes, behind: bool = False) -> bytes:
    data = saved(Image.fromarray(RGB), "PNG")
    at = len(data) - 12 if behind else 33
    return data[:at] + b"".join(chunks) + data[at:]


def riff_with(kind: bytes, content: bytes) -> bytes:
    data = saved(Image.fromarray(RGB), "WEBP", exif=b"Exif\0\0" + tiff())
    start = data.index(b"EXIF")
    data = data[:start] + kind + struct.pack("<I", len(content)) + content
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_with_shared_bytes_is_limited(order: str) -> None:
    block = greedy(order)
    jpeg = saved(Image.fromarray(RGB), "JPEG")
    text = b"Raw profile type exif\0\0" + zlib.compress(
        b"\nexif\n 9\n" + block[:300_000].hex().encode()
    )
    for data in (
        jpeg[:2] + jpeg_segments(b"Exif\0\0", block) + jpeg[2:],
        png_with(png_chunk(b"eXIf", block)),
        png_with(png_chunk(b"eXIf", block), behind=True),
        riff_with(b"EXIF", block),
    ):
        with pytest.raises(PictureError, match="hold more than the file does"):
            opened(data)
    opened(png_with(png_chunk(b"zTXt", text)))  # cut off, so that no tag is whole


def test_circular_and_long_chains_of_directories_are_refused() -> None:
    data = bytearray(tiff(*SMALL, *STRIP, more=bytes(300)))
    data[8 + 2 + 12 * 9 : 8 + 2 + 12 * 9 + 4] = struct.pack("<L", 8)
    assert opened(bytes(data)).pixels.shape == (8, 8)
    start = len(data)
    data[8 + 2 + 12 * 9 : 8 + 2 + 12 * 9 + 4] = struct.pack("<L", start)
    row = b"".join(struct.pack("<HL", 0, start + 6 * n) for n in range(1, 300_000))
    found = opened(bytes(data) + row)  # counting them once took quadratic time
    assert "several pages" in found.notes[0]


def test_the_larger_of_two_stated_sizes_counts() -> None:
    """Pillow and OpenCV use different ones of the two sizes."""
    sixteen = (258, 3, 1, 16)
    for sizes in (((256, 4, 1, 60000), (257, 4, 1, 60000)), SMALL[:2]):
        other = SMALL[:2] if sizes != SMALL[:2] else ((256, 4, 1, 60000), (257, 4, 1, 60000))
        with pytest.raises(PictureError, match="60000 × 60000 pixels is over the limit"):
            opened(tiff(*sizes, *other, sixteen, *SMALL[3:], *STRIP, more=bytes(300)))


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        (((322, 4, 1, 40000), (323, 4, 1, 40000)), "tiles are larger"),
        (((273, 4, 2_000_000, 200),), "its tag 273 has 2,000,000 values"),
        (((50000, 12, 1_000_001, 200),), "its tag 50000 has 1,000,001 values"),
        (((256, 4, 1, 2**32 - 1), (257, 4, 1, 2**32 - 1)), "over the limit"),
    ],
)
def test_absurd_tags_are_refused(tags: tuple[tuple[int, int, int, int], ...], why: str) -> None:
    with pytest.raises(PictureError, match=why):
        opened(tiff(*SMALL, *STRIP, *tags, more=bytes(8_100_000)))


def test_the_size_of_a_large_tiff_is_checked() -> None:
    """BigTIFF has counts of 64 bits."""
    tags = ((256, 4, 1, 60000), (257, 4, 1, 60000))
    entries = b"".join(struct.pack("<HHQQ", *tag) for tag in tags)
    data = b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, len(tags)) + entries + bytes(8)
    with pytest.raises(PictureError, match="60000 × 60000"):
        opened(data)
    assert tiff_limits.check(b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**64 - 1)) is None
    assert tiff_limits.check(b"II+\0\x08\0\0\0" + struct.pack("<Q", 2**64 - 1)) is None


@pytest.mark.slow
@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_compressed_chunks_that_unpack_to_gigabytes(kind: bytes) -> None:
    packer = zlib.compressobj()
    megabyte = bytes(1 << 20)
    bomb = b"".join(packer.compress(megabyte) for _ in range(300)) + packer.flush()
    head = {b"zTXt": b"key\0\0", b"iTXt": b"key\0\1\0\0\0", b"iCCP": b"icc\0\0"}[kind]
    data = png_with(png_chunk(kind, head + bomb))
    assert len(data) < 1e6
    wide = cv2.imencode(".png", np.zeros((8, 8), np.uint16))[1].tobytes()
    for one in (data, wide[:33] + png_chunk(kind, head + bomb) + wide[33:]):
        why = ""  # the picture may be read without that chunk
        try:
            opened(one)
        except PictureError as error:
            why = str(error)
        assert not why or "too large" in why


def test_headers_of_65535_by_65535_pixels_are_refused() -> None:
    jpeg = bytearray(saved(Image.fromarray(RGB), "JPEG"))
    frame = jpeg.index(b"\xff\xc0") + 5
    jpeg[frame : frame + 4] = b"\xff" * 4
    gif = bytearray(saved(Image.fromarray(GRAY), "GIF"))
    gif[6:10] = b"\xff" * 4
    for data in (jpeg, gif):
        with pytest.raises(PictureError, match="65535 × 65535|its header is over the limit"):
            opened(bytes(data))


def test_a_jpeg_with_too_many_scans_is_refused() -> None:
    data = saved(Image.fromarray(RGB), "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    first = data.index(b"\xff\xda")
    end = data.index(b"\xff\xc4", first)
    assert opened(data[:end] + data[first:end] * 80 + data[end:]).pixels.shape == RGB.shape
    with pytest.raises(PictureError, match="more scans"):
        opened(data[:start] + b"\xff\xda\0\x08\1\1\0\x3f\x3f\x10\0" * 9000 + b"\xff\xd9")


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("ICO", "RGB"), ("ICNS", "RGB"), ("DDS", "RGB"), ("XBM", "1"), ("SPIDER", "F")],
)
def test_formats_without_photographs_are_not_opened(kind: str, mode: str) -> None:
    Image.init()
    if kind not in Image.SAVE:
        pytest.skip("Pillow does not write it here")
    data = saved(Image.fromarray(photo(64, 64)).convert(mode), kind)
    with pytest.raises(
        PictureError, match="not a supported picture format|not a picture of a known"
    ):
        opened(data)


def test_the_pixel_limit_of_pillow_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(Image.fromarray(RGB), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(PictureError, match="over the limit of 200 pixels"):
        opened(data)
    assert decode(data, "test", 10_000).pixels.shape == RGB.shape, "who asks for more gets more"
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert opened(data).pixels.shape == RGB.shape


def test_threads_restore_the_pixel_limit_of_pillow() -> None:
    data = saved(Image.fromarray(RGB), "PNG")
    usual = Image.MAX_IMAGE_PIXELS
    assert usual is not None
    threads = [
        threading.Thread(target=lambda: [decode(data, "test", 10 * usual) for _ in range(20)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert usual == Image.MAX_IMAGE_PIXELS


def test_endless_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PictureError, match="it is a device"):
        read_bytes(Path("/dev/zero"))
    large = tmp_path / "large.png"
    large.touch()
    os.truncate(large, 2**33)  # a sparse file
    with pytest.raises(PictureError, match="it has over 4,294,967,296 bytes"):
        read_bytes(large)
    monkeypatch.setattr("colortk.io.decode.MAX_FILE_BYTES", 1000)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def feed(content: bytes) -> threading.Thread:
        def write() -> None:
            with contextlib.suppress(BrokenPipeError):  # the reader has closed the pipe
                pipe.write_bytes(content)

        thread = threading.Thread(target=write)
        thread.start()
        return thread

    thread = feed(b"x" * 1000)
    assert read_bytes(pipe) == b"x" * 1000
    thread.join()
    thread = feed(b"x" * 3_000_000)
    with pytest.raises(PictureError, match="it has over 1,000 bytes"):
        read_bytes(pipe)
    thread.join()


def test_no_path_of_the_metadata_is_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    exif = Image.Exif()
    for tag in (
        0x010D,
        0x010E,
        0x0131,
        0x013B,
        0xA004,
    ):  # file names, and the name of a related sound file
        exif[tag] = str(secret)
    profile = b"file://" + str(secret).encode()
    watched: list[str] = []
    active = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if active and event in ("open", "os.listdir", "subprocess.Popen", "socket.connect"):
            watched.append(f"{event} {arguments[0]}")

    sys.addaudithook(watch)  # the thread stays, but reads no picture
    for kind in ("PNG", "JPEG", "TIFF", "WEBP"):
        data = saved(Image.fromarray(RGB), kind, exif=exif.tobytes(), icc_profile=profile)
        assert opened(data).pixels.shape == RGB.shape
    active = False
    assert [line for line in watched if "secret" in line] == []
    assert [line for line in watched if not line.startswith("open ")] == []


def test_broken_profiles_give_at_most_a_note() -> None:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    rng = np.random.default_rng(0)
    wide = Image.fromarray(GRAY.astype(np.uint16) * 257)
    for number in range(60):
        broken = bytearray(profile)
        for at in rng.integers(0, len(broken), 8):
            broken[at] = rng.integers(256)
        if number % 3 == 0:
            del broken[rng.integers(len(broken)) :]
        for picture in (Image.fromarray(RGB), Image.fromarray(GRAY), wide):
            assert opened(saved(picture, "PNG", icc_profile=bytes(broken))).pixels.size


def test_text_files_with_picture_names_are_refused() -> None:
    """Pillow keeps the texts of a PNG and its own information in one dictionary."""
    for name in (b"exif", b"icc_profile", b"dpi", b"xmp", b"Raw profile type exif"):
        assert opened(png_with(png_chunk(b"tEXt", name + b"\0text"))).pixels.size, name


def test_a_picture_without_pixels() -> None:
    with pytest.raises(PictureError):
        opened(b"P5\n0 5\n255\n")


def test_a_tiff_cut_at_any_byte_is_refused_or_complete() -> None:
    whole = saved(Image.fromarray(RGB), "TIFF")
    for end in range(0, 400, 7):
        with pytest.raises(PictureError):
            opened(whole[:end])
