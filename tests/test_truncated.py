"""Truncated pictures: refused with a hint, or colorized up to the exact row that is present."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import colortk as package
from colortk.cli.main import invoke
from colortk.errors import PictureError
from colortk.io.decode import decode
from colortk.io.missing_lines import Missing
from conftest import photo

RGB = photo(200, 160)
GRAY = RGB[..., 1]


def jpeg(pixels: np.ndarray = RGB, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", **{"quality": 90} | options)
    return out.getvalue()


def png(pixels: np.ndarray, chunk_size: int = 2000, interlaced: bool = False) -> bytes:
    """Return a PNG written by the specification, with filter 0 and data chunks of one size."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    depth = 8 * pixels.dtype.itemsize
    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]  # fmt: skip
    rows = [
        b"\0" + row.astype(f">u{depth // 8}").tobytes()
        for top, left, down, across in passes
        for row in pixels[top::down, left::across]
    ]
    packed = zlib.compress(b"".join(rows), 6)
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    parts = [packed[at : at + chunk_size] for at in range(0, len(packed), chunk_size)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in [(b"IHDR", head), *((b"IDAT", part) for part in parts), (b"IEND", b"")]
    )  # fmt: skip


def partial(data: bytes) -> tuple[np.ndarray, Missing]:
    with pytest.raises(PictureError, match="--allow-truncated"):
        decode(data, "x")
    picture = decode(data, "x", allow_truncated=True)
    assert picture.missing is not None
    return picture.pixels, picture.missing


@pytest.mark.parametrize("share", [0.25, 0.5, 0.66, 0.8, 0.98])
@pytest.mark.parametrize(
    ("pixels", "options", "unit"),
    [
        (RGB, {"subsampling": 0}, 8),
        (RGB, {"subsampling": 2}, 16),
        (RGB, {"subsampling": 1}, 8),
        (GRAY, {}, 8),
        (RGB, {"restart_marker_rows": 1}, 16),
        (RGB, {"restart_marker_blocks": 3, "subsampling": 0}, 8),
    ],
    ids=["444", "420", "422", "gray", "restarts", "short restarts"],
)
def test_a_baseline_jpeg_is_cut_at_a_row_of_its_units(
    pixels: np.ndarray, options: dict[str, Any], unit: int, share: float
) -> None:
    data = jpeg(pixels, **options)
    whole = decode(data, "x").pixels
    found, missing = partial(data[: int(len(data) * share)])
    ((first, last),) = missing.lost
    assert missing.reduced == []
    assert last == 199
    assert first % unit == 0
    # Chroma is mixed with that of the next row of units.
    same = (found == whole).reshape(200, -1).all(1)
    assert same[: max(0, first - 1)].all()
    assert not same[first : first + unit].all(), "the next rows are not complete"
    assert (found[first + unit + 1 :] == 128).all()


@pytest.mark.parametrize("pixels", [RGB, GRAY], ids=["color", "gray"])
def test_a_progressive_jpeg_loses_rows_in_its_first_scan_and_detail_in_later_ones(
    pixels: np.ndarray,
) -> None:
    from colortk.io.jpeg_segments import scans_of

    data = jpeg(pixels, progressive=True)
    whole = decode(data, "x").pixels
    scans = scans_of(data)
    first = scans[0]
    found, missing = partial(data[: first.start + (first.stop - first.start) // 2])
    ((top, last),) = missing.lost
    assert last == 199
    assert 60 <= top <= 140
    assert missing.reduced == [(0, top - 1)]
    coarse = np.abs(found.astype(float) - whole).reshape(200, -1).mean(1)
    assert coarse[: top - 16].mean() < 20 < coarse[top + 16 :].mean()
    # After the first scan all rows are present.
    found, missing = partial(data[: scans[2].stop])
    assert (missing.lost, missing.reduced) == ([], [(0, 199)])
    # In the last scan, the rows above the cut are complete.
    final = scans[-1]
    found, missing = partial(data[: final.start + (final.stop - final.start) // 2])
    ((top, last),) = missing.reduced
    assert (missing.lost, last) == ([], 199)
    same = (found == whole).reshape(200, -1).all(1)
    assert same[: top - 1].all()
    assert not same[top : top + 16].all()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_png_is_cut_at_a_row(dtype: Any, channels: int, share: float) -> None:
    rng = np.random.default_rng(channels)
    pixels = rng.integers(1, np.iinfo(dtype).max, (90, 70, channels)).astype(dtype)
    if channels in (2, 4):
        pixels[..., -1] = np.iinfo(dtype).max
    pixels = pixels[..., 0] if channels == 1 else pixels
    data = png(pixels)
    cut = data[: int(len(data) * share)]
    # Count the rows by decompressing the remaining data.
    packed, at = b"", 33
    while at + 8 <= len(cut):
        size = int.from_bytes(cut[at : at + 4], "big")
        packed += cut[at + 8 : at + 8 + size] if cut[at + 4 : at + 8] == b"IDAT" else b""
        at += size + 12
    rows = len(zlib.decompressobj().decompress(packed)) // (1 + 70 * channels * pixels.itemsize)
    found, missing = partial(cut)
    assert missing.lost == [(rows, 89)]
    assert missing.reduced == []
    colors = pixels if channels in (1, 3) else pixels[..., :-1]
    if found.ndim == 3 and channels < 3:  # OpenCV expands gray with alpha
        found = found[..., 0]
    assert np.array_equal(found[:rows], colors[:rows].squeeze())
    assert (found[rows:] == (np.iinfo(dtype).max + 1) // 2).all()


def test_an_interlaced_png_is_filled_from_the_passes_that_are_there() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (64, 48, 3)).astype(np.uint8)
    data = png(pixels, interlaced=True)
    assert np.array_equal(decode(data, "x").pixels, pixels)
    found, missing = partial(data[: int(len(data) * 0.6)])
    assert missing.lost == []
    assert missing.reduced == [(0, 63)]
    assert np.array_equal(found[::8, ::8], pixels[::8, ::8])
    assert np.array_equal(found[::2, ::2][:8], pixels[::2, ::2][:8])
    block = found[:2, :2].reshape(-1, 3)
    assert all(
        any((one == other).all() for other in pixels[:2, :2].reshape(-1, 3)) for one in block
    )
    found, missing = partial(data[:150])
    assert missing.lost
    assert missing.lost[0][0] % 8 == 0
    assert (found[missing.lost[0][0] :] == 128).all()


def test_damage_inside_a_png() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (90, 70)).astype(np.uint8)
    data = bytearray(png(pixels))
    third = [at for at in range(len(data)) if data[at : at + 4] == b"IDAT"][2]
    data[third + 4] ^= 0xFF
    found, missing = partial(bytes(data))
    whole = 2 * 2000 // 71 - 2  # rows of the first two chunks, at least
    assert np.array_equal(found[:whole], pixels[:whole])
    assert missing.lost or missing.reduced
    first = min(pair[0] for pair in missing.lost + missing.reduced)
    assert 0 < first <= 2 * 2000 // 71 + 2


@pytest.mark.parametrize(
    "data",
    [
        jpeg(RGB[:96, :80]),
        jpeg(RGB[:96, :80], subsampling=0),
        jpeg(RGB[:96, :80], progressive=True),
        jpeg(RGB[:96, :80], restart_marker_rows=1),
        png(RGB[:96, :80], 300),
        png(RGB[:96, :80], 300, True),
    ],
    ids=["420", "444", "progressive", "restarts", "png", "interlaced"],
)
def test_a_cut_anywhere_is_found_exactly(data: bytes) -> None:
    whole = decode(data, "x").pixels
    before = -1
    for cut in np.sort(np.random.default_rng(0).integers(700, len(data), 25)):
        try:
            picture = decode(data[:cut], "x", allow_truncated=True)
        except PictureError:
            assert before == -1, "more of a file cannot hold less"
            continue
        assert picture.missing is not None
        first = picture.missing.lost[0][0] if picture.missing.lost else 96
        assert first >= before
        before = first
        same = (picture.pixels == whole).reshape(96, -1).all(1)
        if not picture.missing.reduced:
            assert same[: max(0, first - 1)].all()
        if picture.missing.lost:
            assert not same[first : first + 16].all()


@pytest.mark.parametrize("turn", range(1, 9))
def test_missing_rows_are_rotated_with_the_picture(turn: int) -> None:
    exif = Image.Exif()
    exif[274] = turn
    data = jpeg(GRAY, exif=exif.tobytes())
    found, missing = partial(data[: len(data) // 2])
    assert missing.axis == ("columns" if turn > 4 else "rows")
    lines = found.T if turn > 4 else found
    assert (lines[~missing.present][8:-8] == 128).mean() > 0.8
    assert (lines[missing.present] == 128).mean() < 0.2
    first, last = missing.lost[0]
    assert (first == 0) != (last == 199)


@pytest.mark.parametrize(
    "data",
    [
        jpeg()[:300],
        jpeg()[:20],
        png(RGB)[:40],
        png(RGB)[:60],
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
    ],
    ids=range(6),
)
def test_a_file_without_pixels_is_refused_with_allow_truncated(data: bytes) -> None:
    for allow in (False, True):
        with pytest.raises(PictureError) as error:
            decode(data, "x", allow_truncated=allow)
        assert "--allow-truncated" not in str(error.value)


def test_complete_pictures_are_not_changed() -> None:
    for data in (jpeg(), jpeg(progressive=True), png(RGB), png(RGB, interlaced=True)):
        picture = decode(data, "x", allow_truncated=True)
        assert picture.missing is None
        assert np.array_equal(picture.pixels, decode(data, "x").pixels)


@pytest.mark.parametrize("kind", ["jpg", "png", "tif"])
def test_run_colorizes_the_decodable_rows(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORTK_STORE", str(tmp_path / "store"))
    out = io.BytesIO()
    if kind == "tif":
        tifffile = pytest.importorskip("tifffile")
        tifffile.imwrite(out, GRAY, rowsperstrip=10)
        data = out.getvalue()
        data = data[: int(len(data) * 0.6)]
    else:
        data = jpeg(GRAY) if kind == "jpg" else png(GRAY)
        data = data[: int(len(data) * 0.6)]
    path, result, report = tmp_path / f"scan.{kind}", tmp_path / "out.png", tmp_path / "report"
    path.write_bytes(data)
    command = ["run", "-p", "mean_color", str(path), "-o", str(result)]
    assert invoke(command) == 1
    assert "--allow-truncated" in capsys.readouterr().err
    assert not result.exists()
    assert invoke([*command, "--allow-truncated", "--json", "--report", str(report)]) == 1
    printed, err = capsys.readouterr()
    row = json.loads(printed)
    assert json.loads(report.read_text()) == row
    assert row["error"] is None
    assert row["output"] == str(result)
    (pair,) = row["missing"]["lost"]
    assert (row["missing"]["axis"], row["missing"]["lines"], pair[1]) == ("rows", 200, 199)
    assert f"rows {pair[0]} to 199 (of 0 to 199) are missing" in err
    colors = np.asarray(Image.open(result)).astype(int)
    assert colors.shape == (200, 160, 3)
    spread = colors.max(2) - colors.min(2)
    assert (spread[: pair[0]] > 0).mean() > 0.9
    assert (spread[pair[0] :] == 0).all()
    assert (colors[min(199, pair[0] + 16) :] == 128).mean() > 0.9


def test_the_function_warns_of_missing_rows(tmp_path: Path) -> None:
    path = tmp_path / "scan.jpg"
    path.write_bytes(jpeg()[:-2000])
    with pytest.raises(PictureError, match="allow"):
        package.colorize(path, "gray")
    with pytest.warns(UserWarning, match="are missing"):
        rgb = package.colorize(path, "gray", allow_truncated=True)
    assert rgb.shape == RGB.shape


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("pixels", [RGB, GRAY])
def test_a_jpeg_that_lacks_its_end_marker_alone_is_whole(
    pixels: np.ndarray, options: dict[str, Any]
) -> None:
    data = jpeg(pixels, **options)
    for cut in (1, 2):
        picture = decode(data[:-cut], "x")
        assert np.array_equal(picture.pixels, decode(data, "x").pixels)
        assert picture.missing is None
        assert picture.notes == ["'x' lacks its end marker; all pixels were read"]
    for cut in range(3, 12):  # if a byte of the compressed data is missing, too
        with pytest.raises(PictureError):
            decode(data[:-cut], "x")
