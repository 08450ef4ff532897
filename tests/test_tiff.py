"""TIFF pictures of every layout are decoded completely and correctly."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from damaged_tiffs import WIDE
from encoded import RGB, opened, saved

tifffile = pytest.importorskip("tifffile")
tiffs = pytest.importorskip("tiffs")
ROOT = Path(__file__).resolve().parents[1]
POISON = {"MALLOC_PERTURB_": "85", "MALLOC_MMAP_THRESHOLD_": "2000000000"}


def poisoned(code: str, *arguments: str) -> str:
    """Return the output of a program whose allocator fills new memory with a pattern."""
    import os

    command = [sys.executable, "-c", code, *arguments]
    run = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **POISON}, cwd=ROOT / "tests"
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the allocator is poisoned as glibc does it")
def test_no_layout_shows_uninitialized_memory() -> None:
    """Decode over 1,200 files: the pixels equal plain arithmetic."""
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


def test_a_sample_of_layouts_equals_plain_arithmetic() -> None:
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


def test_sixteen_bits_of_cielab_are_those_of_eight() -> None:
    """LittleCMS makes the 8-bit values; the 16-bit values encode the same colors."""
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


def test_extra_channels_without_alpha_are_noted() -> None:
    extra = np.concatenate([RGB, RGB[..., :1]], -1)
    picture = opened(tiffs.written(extra, photometric="rgb", extrasamples=["unspecified"]))
    assert picture.alpha is None
    assert np.array_equal(picture.pixels, RGB)
    assert "1 of its channels are neither color nor alpha" in picture.notes[0]
