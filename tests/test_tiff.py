"""TIFF pictures: every layout is decoded completely and as it was meant, or refused in one line."""

from __future__ import annotations

import builtins
import io
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.errors import PictureError
from colortk.io import tiff, tiff_limits
from conftest import cheap
from encoded import RGB, opened, saved

tifffile = pytest.importorskip("tifffile")
tiffs = pytest.importorskip("tiffs")

ROOT = Path(__file__).resolve().parents[1]
WIDE = (RGB.astype(np.uint16) * 257 + 11).clip(max=65535).astype(np.uint16)
PLANES = np.ascontiguousarray(WIDE.transpose(2, 0, 1))
POISON = {"MALLOC_PERTURB_": "85", "MALLOC_MMAP_THRESHOLD_": "2000000000"}


def poisoned(code: str, *arguments: str) -> str:
    """Output of a program whose allocator fills new memory with a pattern."""
    import os

    command = [sys.executable, "-c", code, *arguments]
    run = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **POISON}, cwd=ROOT / "tests"
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the allocator is poisoned as glibc does it")
def test_no_layout_shows_memory_that_nobody_wrote() -> None:
    """Over 1,200 files: none is read in another way than by plain arithmetic, few are refused."""
    pytest.importorskip("imagecodecs")
    out = poisoned("import sys, tiffs; sys.exit(tiffs.main())")
    assert out.splitlines()[-1] == "{'equal': 1262}", out


def test_planar_sixteen_bits_under_a_poisoned_allocator(tmp_path: Path) -> None:
    """OpenCV leaves two of three planes of the result unwritten."""
    black = tmp_path / "black.tif"
    tifffile.imwrite(
        black, np.zeros((3, 96, 128), np.uint16), photometric="rgb", planarconfig="separate"
    )
    code = (
        "import sys; from pathlib import Path; from colortk.io.decode import decode;"
        "print(decode(Path(sys.argv[1]).read_bytes(), 'x').pixels.max())"
    )
    assert poisoned(code, str(black)).strip() == "0"


def test_some_layouts() -> None:
    pytest.importorskip("imagecodecs")
    cases = list(tiffs.products(step=23))
    assert len(cases) > 40
    assert {case.name: tiffs.difference(case) for case in cases} == {c.name: "" for c in cases}


def test_depths_palettes_inks_and_compressions() -> None:
    pytest.importorskip("imagecodecs")
    cases = [case for case in tiffs.others() if "orientation" not in case.name]
    assert {case.name: tiffs.difference(case) for case in cases} == {c.name: "" for c in cases}


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_orientation_is_applied_once(turn: int, dtype: str) -> None:
    ramp = np.arange(12, dtype=dtype).reshape(3, 4) * 20
    data = tiffs.written(ramp, extratags=[(274, "H", 1, turn, True)])
    assert np.array_equal(opened(data).pixels, tiffs.turned(ramp, turn))


@pytest.mark.parametrize("order", "<>")
def test_a_bigtiff_keeps_its_profile_resolution_and_exif(order: str) -> None:
    profile = saved_profile()
    data = tiffs.written(
        WIDE,
        byteorder=order,
        bigtiff=True,
        iccprofile=profile,
        resolution=(300, 300),
        resolutionunit="INCH",
        description="A harbor",
    )
    picture = opened(data)
    assert np.abs(picture.pixels.astype(int) - WIDE).max() < 300
    assert picture.dpi == (300, 300)
    kept = Image.Exif()
    kept.load(picture.exif)
    assert kept[270] == "A harbor"
    jpeg = saved(Image.fromarray(RGB), "JPEG", exif=picture.exif)
    with Image.open(io.BytesIO(jpeg)) as image:
        assert image.getexif()[270] == "A harbor"


def saved_profile() -> bytes:
    from PIL import ImageCms

    return bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())


def changed(data: bytes, tag: int, value: int | None) -> bytes:
    """The file with another value in the directory entry of ``tag``; ``None`` renames the tag."""
    at = int.from_bytes(data[4:8], "little")
    entries = int.from_bytes(data[at : at + 2], "little")
    for place in range(at + 2, at + 2 + 12 * entries, 12):
        if int.from_bytes(data[place : place + 2], "little") == tag:
            out = bytearray(data)
            if value is None:
                out[place : place + 2] = (60000).to_bytes(2, "little")
            else:
                out[place + 8 : place + 12] = value.to_bytes(4, "little")
            return bytes(out)
    raise KeyError(tag)


def fewer(data: bytes, tag: int, count: int) -> bytes:
    """The file with ``count`` values in ``tag``."""
    at = int.from_bytes(data[4:8], "little")
    entries = int.from_bytes(data[at : at + 2], "little")
    for place in range(at + 2, at + 2 + 12 * entries, 12):
        if int.from_bytes(data[place : place + 2], "little") == tag:
            return data[: place + 4] + count.to_bytes(4, "little") + data[place + 8 :]
    raise KeyError(tag)


STRIPS = tiffs.written(WIDE, photometric="rgb", rowsperstrip=5)
DEFLATED = tiffs.written(WIDE, photometric="rgb", rowsperstrip=5, compression="deflate")
PALETTE = tiffs.packed(
    np.zeros((8, 8), np.uint8), 4, False, "<", [(320, tuple(range(0, 48000, 1000)))], 3
)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (fewer(STRIPS, 273, 3), "it has 3 of the [0-9]+ strips"),
        (fewer(STRIPS, 279, 2), "it has 2 of the [0-9]+ strips"),
        (changed(STRIPS, 273, None), "does not say where its strips are"),
        (STRIPS[:-100], "strip [0-9]+ of [0-9]+ is not in the file"),
        (DEFLATED[:-100], "strip [0-9]+ of [0-9]+ is not in the file"),
        (changed(STRIPS, 259, 5), "its LZW code is damaged or ends early"),
        (changed(STRIPS, 259, 8), "strip 1 of [0-9]+ cannot be decoded"),
        (changed(STRIPS, 259, 4), "CCITT Group 4"),
        (changed(STRIPS, 259, 34661), r"its compression \(JBIG\) is not read"),
        (changed(STRIPS, 259, 34934), r"its compression \(JPEG XR\) is not read"),
        (changed(STRIPS, 259, 12345), r"its compression \(number 12345\) is not read"),
        (changed(STRIPS, 262, 32803), "raw"),
        (changed(STRIPS, 262, 4), "transparency mask"),
        (changed(STRIPS, 262, 5), "its colors need 4"),
        (fewer(PALETTE, 320, 47), "its palette has 47 numbers, and its pixels need 48"),
        (changed(PALETTE, 320, None), "its palette has 0 numbers"),
        (tiffs.written(np.zeros((4, 4), np.uint32)), "32 bits: unsigned integers"),
        (tiffs.written(np.zeros((4, 4), np.int16)), "16 bits: signed integers"),
        (tiffs.written(np.zeros((4, 4), np.complex64)), "complex"),
        (tiffs.written(np.full((4, 4), np.nan, np.float32)), "not from 0 to 1"),
        (tiffs.written(np.full((4, 4), 255, np.float32)), "not from 0 to 1"),
    ],
)  # fmt: skip
def test_what_is_not_whole_or_not_known_is_refused(
    data: bytes, why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PictureError, match=why) as caught:
        opened(data)
    assert "\n" not in str(caught.value)
    if list(Path(Image.__file__).parents[1].glob("pillow.libs/libtiff*")):
        assert capfd.readouterr().err == "", "no decoder has a word of its own"


@pytest.mark.parametrize("compression", [None, "deflate", "lzw", "packbits", "jpeg", "lzma"])
def test_bytes_that_are_missing_inside_of_a_strip(compression: str | None) -> None:
    """A strip that ends early is damaged, also where the file has the bytes that it names."""
    pytest.importorskip("imagecodecs")
    data = tiffs.written(RGB, photometric="rgb", compression=compression, rowsperstrip=1000)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        place, size = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    cut = size * 2 // 3
    strip = data[place : place + cut] + (b"\xff\xd9" if compression == "jpeg" else b"")
    damaged = changed(data, 279, len(strip))
    damaged = damaged[:place] + strip + bytes(size - len(strip)) + damaged[place + size :]
    with pytest.raises(PictureError, match="strip 1 of 1 cannot be decoded"):
        opened(damaged)


@pytest.mark.parametrize(
    ("compression", "options"),
    [("group4", 0), ("group3", 0), ("group3", 4), ("group3", 1), ("tiff_ccitt", 0)],
)
def test_a_fax_that_ends_early_is_refused(compression: str, options: int) -> None:
    """libtiff leaves the rest white, and says nothing that Pillow passes on."""
    noise = np.random.default_rng(0).random((40, 53)) > 0.5
    for rows in (np.indices((60, 90)).sum(0) % 11 > 4, np.vstack([noise, np.ones_like(noise)])):
        right = rows * np.uint8(255)
        tags = {278: len(rows), 292: options}
        data = saved(Image.fromarray(rows), "TIFF", compression=compression, tiffinfo=tags)
        assert np.array_equal(opened(data).pixels, right)
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            size = file.pages[0].databytecounts[0]
        refused, cuts = 0, range(size - 8, 4, -(size // 8))
        for count in cuts:
            try:
                assert np.array_equal(opened(changed(data, 279, count)).pixels, right)
            except PictureError as error:
                refused += "CCITT" in str(error)
        assert refused >= len(cuts) - 1, "but for what ends in white rows, which need no code"


@pytest.mark.parametrize("compression", ["jpeg2000", "zstd"])
def test_a_rare_compression_names_what_to_install(
    compression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("imagecodecs")
    data = tiffs.written(RGB, photometric="rgb", compression=compression)
    usual = builtins.__import__

    def without(name: str, *rest: Any, **options: Any) -> Any:
        if name == "imagecodecs":
            raise ImportError(name)
        return usual(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        PictureError, match=r"is not read.*pip install 'colorization-toolkit\[tiff\]"
    ):
        opened(data)


@pytest.mark.parametrize("compression", [None, "deflate", "lzw"])
@pytest.mark.parametrize("planar", [False, True])
def test_what_is_present_of_a_truncated_file(compression: str | None, planar: bool) -> None:
    options = {"photometric": "rgb", "compression": compression, "rowsperstrip": 5}
    if planar:
        data = tiffs.written(PLANES, planarconfig="separate", **options)
    else:
        data = tiffs.written(WIDE, **options)
    with pytest.raises(PictureError):
        tiff.decode(data[:-1000], "test", 10**6)
    image = tiff.decode(data[:-1000], "test", 10**6, allow_truncated=True)
    ((first, last),) = image.missing
    assert last == len(WIDE) - 1
    assert 0 < last - first < 20
    assert np.array_equal(image.pixels[:first], WIDE[:first])
    assert (image.pixels[first:] == 32768).all()
    assert tiff.decode(data, "test", 10**6, allow_truncated=True).missing == []


def test_a_damaged_strip_in_the_middle_costs_its_rows() -> None:
    with tifffile.TiffFile(io.BytesIO(DEFLATED)) as file:
        place = file.pages[0].dataoffsets[2]
    data = DEFLATED[:place] + b"\xff" * 8 + DEFLATED[place + 8 :]
    image = tiff.decode(data, "test", 10**6, allow_truncated=True)
    assert image.missing == [(10, 14)]
    assert np.array_equal(image.pixels[15:], WIDE[15:])


def test_small_files_that_unpack_to_much_take_little() -> None:
    """A decoder gets the number of bytes that a strip holds, and stops there."""
    import zlib

    strip = zlib.compress(bytes(40_000_000))
    entries = {256: 64, 257: 64, 258: 8, 259: 8, 262: 1, 277: 1, 278: 64, 273: 8, 279: len(strip)}
    data = tiffs.classic(entries, strip)
    opened(STRIPS)
    with cheap(10e6):
        assert opened(data).pixels.shape == (64, 64)


def test_no_pixels_are_taken_for_a_directory() -> None:
    """The chain of directories ends with 0, and nothing is read there."""
    head = b"II*\0\x08\0\0\0\0\0" + (0).to_bytes(4, "little")
    entry = (60000).to_bytes(2, "little") + b"\4\0" + (2_000_000).to_bytes(4, "little")
    assert tiff_limits.check(head + (entry + b"\x10\0\0\0") * 20_000 + bytes(9_000_000)) is None


def test_too_many_strips_are_refused_at_once() -> None:
    entries = {256: 1, 257: 250_000, 258: 8, 259: 5, 262: 1, 277: 1, 278: 1,
               273: (8,) * 250_000, 279: (4,) * 250_000}  # fmt: skip
    with pytest.raises(PictureError, match="250,000 strips, more than any picture needs"):
        opened(tiffs.classic(entries, bytes(8)))


def test_a_jpeg_strip_cannot_claim_to_be_larger_than_its_picture() -> None:
    pytest.importorskip("imagecodecs")
    data = bytearray(tiffs.written(RGB, photometric="rgb", compression="jpeg"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff" * 4
    with cheap(50e6), pytest.raises(PictureError, match="65535 × 65535 pixels"):
        opened(bytes(data))


def test_a_jpeg_2000_strip_cannot_claim_to_be_larger_than_its_picture() -> None:
    pytest.importorskip("imagecodecs")
    data = bytearray(tiffs.written(RGB, photometric="rgb", compression="jpeg2000"))
    at = data.index(b"\xff\x51") + 6
    for place in (at, at + 16):  # of the picture, and of its tiles
        data[place : place + 8] = struct.pack(">2L", 60000, 60000)
    with cheap(50e6), pytest.raises(PictureError, match="it holds 10,800,000,000 samples"):
        opened(bytes(data))


def test_one_bad_strip_of_many_is_found_at_once() -> None:
    """To try each of them by itself would take a minute."""
    good = tiffs.written(np.zeros((1, 8), np.uint8), compression="packbits")
    with tifffile.TiffFile(io.BytesIO(good)) as file:
        place, size = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    strip, count = good[place : place + size], 20_000
    entries = {256: 8, 257: count, 258: 8, 259: 32773, 262: 1, 277: 1, 278: 1,
               273: (8,) * (count - 9) + (9,) * 9, 279: (size,) * count}  # fmt: skip
    data = tiffs.classic(entries, strip + b"\x7f" * 9)
    with pytest.raises(PictureError, match="its PackBits code is damaged or ends early"):
        opened(data)
    assert tiff.decode(data, "test", 10**6, allow_truncated=True).missing == [(19_991, 19_999)]


def test_too_many_strips_for_a_slow_decoder() -> None:
    entries = {256: 8, 257: 4000, 258: 1, 259: 4, 262: 0, 277: 1, 278: 1,
               273: (8,) * 4000, 279: (4,) * 4000}  # fmt: skip
    with cheap(50e6), pytest.raises(PictureError, match="4,000 strips, more than a picture needs"):
        opened(tiffs.classic(entries, bytes(4)))


def test_sixteen_bits_of_cielab_are_those_of_eight() -> None:
    """LittleCMS makes the 8 bits; those of 16 are the same colors, by the encoding of each."""
    from PIL import ImageCms

    lab = ImageCms.profileToProfile(
        Image.fromarray(RGB),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    assert lab is not None
    eight = np.asarray(lab).astype(np.uint16)
    sixteen = np.stack([eight[..., 0] * 257, eight[..., 1] << 8, eight[..., 2] << 8], -1)
    data = tiffs.written(sixteen.astype(np.uint16), photometric="cielab")
    found = opened(data).pixels
    assert found.dtype == np.uint16
    small = opened(tiffs.written(eight.astype(np.uint8), photometric="cielab")).pixels
    assert np.abs(found / 257 - small).max() <= 0.51
    assert np.abs(small.astype(int) - RGB).mean() < 1


def test_extra_channels_that_are_no_alpha_are_named() -> None:
    extra = np.concatenate([RGB, RGB[..., :1]], -1)
    picture = opened(tiffs.written(extra, photometric="rgb", extrasamples=["unspecified"]))
    assert picture.alpha is None
    assert np.array_equal(picture.pixels, RGB)
    assert "1 of its channels are neither color nor alpha" in picture.notes[0]


def test_the_command_reads_and_refuses(colortk: Any, tmp_path: Path) -> None:
    """As a process: pictures of the kinds that went wrong, and one line for what is damaged."""
    pytest.importorskip("imagecodecs")
    (tmp_path / "planar.tif").write_bytes(
        tiffs.written(PLANES, photometric="rgb", planarconfig="separate", compression="lzw")
    )
    (tmp_path / "few.tif").write_bytes(fewer(STRIPS, 273, 3))
    run = colortk("run", "-p", "gray", "planar.tif", "few.tif", "-o", "out/")
    assert run.returncode == 1, run.stderr
    assert run.stderr.count("few.tif") == 1
    assert "it has 3 of the" in run.stderr
    assert "Traceback" not in run.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["planar.tif"]


def test_too_many_jpeg_tiles() -> None:
    """Each costs a decoder a millisecond, however small it is and wherever it lies."""
    tile = saved(Image.fromarray(np.full((16, 16, 3), 128, np.uint8)), "JPEG", progressive=True)
    for count, why in ((4900, "4,900 tiles, more than"), (100, "more progressive JPEGs than")):
        side = int(count**0.5)
        entries = {256: 16 * side, 257: 16 * side, 258: 8, 259: 7, 262: 6, 277: 3, 322: 16,
                   323: 16, 324: (8,) * count, 325: (len(tile),) * count}  # fmt: skip
        with pytest.raises(PictureError, match=why):
            opened(tiffs.classic(entries, tile))
