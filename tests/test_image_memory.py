"""Large pictures exist in few copies at once: while they are decoded, and while they are encoded."""

from __future__ import annotations

import tracemalloc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.batch import process_file
from colortk.cli.main import invoke
from colortk.io import image_array as module
from colortk.io import jpeg_segments
from colortk.io.image_array import image_array
from conftest import photo


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("band", [1, 700, 1 << 22])
def test_the_pixels_are_those_of_numpy(
    mode: str, band: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BAND_PIXELS", band)
    image = Image.fromarray(photo(61, 47)).convert(mode)
    pixels = image_array(image)
    assert pixels.dtype == np.uint8
    assert np.array_equal(pixels, np.asarray(image))


def test_a_decoded_picture_is_copied_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BAND_PIXELS", 1 << 12)
    image = Image.fromarray(photo(600, 800))
    image_array(image)
    tracemalloc.start()
    pixels = image_array(image)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.2 * pixels.nbytes


def test_lightness_is_free_while_the_result_is_encoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays: list[weakref.ref[Any]] = []
    lightness, encode = process_file.lightness, process_file.encode

    def kept(pixels: np.ndarray) -> np.ndarray:
        light = lightness(pixels)
        arrays.append(weakref.ref(light))
        return light

    def encoded(*arguments: Any) -> bytes:
        assert [array() for array in arrays] == [None]
        return encode(*arguments)

    monkeypatch.setattr(process_file, "lightness", kept)
    monkeypatch.setattr(process_file, "encode", encoded)
    source, result = tmp_path / "a.png", tmp_path / "b.png"
    Image.fromarray(photo(40, 50)).save(source)
    assert invoke(["run", "-p", "mean_color", str(source), "-o", str(result)]) == 0
    assert len(arrays) == 1
    with Image.open(result) as image:
        assert image.size == (50, 40)


def test_a_jpeg_with_a_comment_keeps_its_pixels(tmp_path: Path) -> None:
    plain, noted = tmp_path / "a.jpg", tmp_path / "b.jpg"
    Image.fromarray(photo(40, 50)).save(plain)
    Image.fromarray(photo(40, 50)).save(noted, comment=b"a street")
    for source in (plain, noted):
        out = source.with_stem(f"{source.stem}-out")
        assert invoke(["run", "-p", "mean_color", str(source), "-o", str(out)]) == 0
    with Image.open(tmp_path / "a-out.jpg") as one, Image.open(tmp_path / "b-out.jpg") as two:
        assert np.array_equal(np.asarray(one), np.asarray(two))
    segments = jpeg_segments.segments((tmp_path / "b-out.jpg").read_bytes())
    assert jpeg_segments.COM in {segment.marker for segment in segments}
