"""TIFF files that are incomplete, damaged or of an unknown kind are refused in one line."""

from __future__ import annotations

import builtins
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.errors import PictureError
from colortk.io import tiff
from damaged_tiffs import DEFLATED, PLANES, STRIPS, WIDE, changed, fewer
from encoded import RGB, opened, saved

tifffile = pytest.importorskip("tifffile")
tiffs = pytest.importorskip("tiffs")
PALETTE = tiffs.packed(
    np.zeros((8, 8), np.uint8), 4, False, "<", [(320, tuple(range(0, 48000, 1000)))], 3
)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (fewer(STRIPS, 273, 3), "it has only 3 of the [0-9]+ strips"),
        (fewer(STRIPS, 279, 2), "it has only 2 of the [0-9]+ strips"),
        (changed(STRIPS, 273, None), "the offsets of its strips are missing"),
        (STRIPS[:-100], "strip [0-9]+ of [0-9]+ is not in the file"),
        (DEFLATED[:-100], "strip [0-9]+ of [0-9]+ is not in the file"),
        (changed(STRIPS, 259, 5), "its LZW data is damaged or ends early"),
        (changed(STRIPS, 259, 8), "strip 1 of [0-9]+ cannot be decoded"),
        (changed(STRIPS, 259, 4), "CCITT Group 4"),
        (changed(STRIPS, 259, 34661), r"its compression \(JBIG\) is not supported"),
        (changed(STRIPS, 259, 34934), r"its compression \(JPEG XR\) is not supported"),
        (changed(STRIPS, 259, 12345), r"its compression \(number 12345\) is not supported"),
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
def test_incomplete_and_unknown_files_are_refused(
    data: bytes, why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PictureError, match=why) as caught:
        opened(data)
    assert "\n" not in str(caught.value)
    if list(Path(Image.__file__).parents[1].glob("pillow.libs/libtiff*")):
        assert capfd.readouterr().err == "", "no decoder has a word of its own"


@pytest.mark.parametrize("compression", [None, "deflate", "lzw", "packbits", "jpeg", "lzma"])
def test_missing_bytes_inside_a_strip_are_refused(compression: str | None) -> None:
    """A strip that ends early is damaged, even if the file contains as many bytes as stated."""
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
    """libtiff leaves the missing rows white, and Pillow does not report its warning."""
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
        PictureError, match=r"is not supported.*pip install 'colorization-toolkit\[tiff\]"
    ):
        opened(data)


@pytest.mark.parametrize("compression", [None, "deflate", "lzw"])
@pytest.mark.parametrize("planar", [False, True])
def test_the_rows_of_a_truncated_file_are_decoded(compression: str | None, planar: bool) -> None:
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


def test_a_damaged_strip_loses_only_its_rows() -> None:
    with tifffile.TiffFile(io.BytesIO(DEFLATED)) as file:
        place = file.pages[0].dataoffsets[2]
    data = DEFLATED[:place] + b"\xff" * 8 + DEFLATED[place + 8 :]
    image = tiff.decode(data, "test", 10**6, allow_truncated=True)
    assert image.missing == [(10, 14)]
    assert np.array_equal(image.pixels[15:], WIDE[15:])


def test_the_command_reads_and_refuses(colortk: Any, tmp_path: Path) -> None:
    """As a process: a complete picture is colorized, and a damaged one gives one line."""
    pytest.importorskip("imagecodecs")
    (tmp_path / "planar.tif").write_bytes(
        tiffs.written(PLANES, photometric="rgb", planarconfig="separate", compression="lzw")
    )
    (tmp_path / "few.tif").write_bytes(fewer(STRIPS, 273, 3))
    run = colortk("run", "-p", "gray", "planar.tif", "few.tif", "-o", "out/")
    assert run.returncode == 1, run.stderr
    assert run.stderr.count("few.tif") == 1
    assert "it has only 3 of the" in run.stderr
    assert "Traceback" not in run.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["planar.tif"]
