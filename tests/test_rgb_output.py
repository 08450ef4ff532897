"""A colorizer may return sRGB: the host uses its chroma and keeps the lightness."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage.color import lab2rgb, rgb2lab

from colortk.color.cielab import ab_of, gray_rgb
from colortk.errors import PredictionError
from colortk.plugin.rgb_output import ChromaOfRgb
from colortk.plugin.spec import ColorizerSpec
from colortk.plugin.spec_checks import check_spec
from conftest import Run, colorizer_module, one_line, photo

LIGHT = np.linspace(20, 80, 24, dtype=np.float32).reshape(4, 6)


class Returns:
    def __init__(self, value: Any) -> None:
        self.value = value

    def predict_rgb(self, lightness: np.ndarray) -> Any:
        return self.value


def chroma(value: Any) -> np.ndarray:
    return ChromaOfRgb("test", Returns(value)).predict_ab(LIGHT)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_the_chroma_of_srgb_is_used(dtype: Any) -> None:
    rgb = photo(4, 6)
    ab = chroma(rgb if dtype is np.uint8 else rgb.astype(np.float32) / 255)
    assert ab.dtype == np.float32
    assert ab.flags.c_contiguous
    np.testing.assert_allclose(ab, rgb2lab(rgb)[..., 1:], atol=0.01)


def test_float_values_that_overshoot_are_clipped() -> None:
    rgb = np.full((4, 6, 3), 1.2, np.float32)
    rgb[..., 2] = -0.1
    np.testing.assert_allclose(chroma(rgb)[0, 0], rgb2lab([[[1.0, 1.0, 0.0]]])[0, 0, 1:], atol=0.01)
    np.testing.assert_allclose(ab_of(rgb.astype(np.float64)), chroma(rgb), atol=0.01)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "NoneType, not an array"),
        (np.zeros((4, 6, 2), "f4"), r"shape \(4, 6, 2\), not \(4, 6, 3\)"),
        (np.zeros((3, 4, 6), "f4"), r"shape \(3, 4, 6\), not"),
        (np.zeros((4, 6, 3)), "float64, not float32 or uint8"),
        (np.full((4, 6, 3), 200, "f4"), "float sRGB from 0 to 200; it lies in 0..1"),
        (np.full((4, 6, 3), -1.5, "f4"), "float sRGB from -1.5 to 0"),
        (np.full((4, 6, 3), np.nan, "f4"), "not finite"),
    ],
)
def test_a_wrong_result_is_one_line(value: Any, reason: str) -> None:
    with pytest.raises(PredictionError, match=reason):
        chroma(value)


def test_gray_rgb_in_floats() -> None:
    gray = gray_rgb(LIGHT, np.float32)
    assert (gray.dtype, gray.shape) == (np.float32, (4, 6, 3))
    expected = lab2rgb(np.stack([LIGHT, 0 * LIGHT, 0 * LIGHT], -1))
    np.testing.assert_allclose(gray, expected, atol=1e-4)
    np.testing.assert_array_equal(gray[..., 0], gray[..., 2])
    np.testing.assert_allclose(gray_rgb(LIGHT) / 255, gray, atol=0.003)


def test_the_declaration_is_checked() -> None:
    def wrong(**fields: Any) -> str | None:
        return check_spec(ColorizerSpec("a", "b", "c:D", **fields), ColorizerSpec)

    assert wrong(output="rgb") is None
    assert wrong(output="bgr") == "has output='bgr'; expected one of ab, rgb"
    assert wrong(output="rgb", guided=True) == (
        'has output="rgb", which cannot be combined with samples, guided or film'
    )


@pytest.mark.slow
def test_a_plugin_that_returns_rgb(
    distribution: Any, colortk: Run, picture: Path, tmp_path: Path
) -> None:
    from colortk.plugin import rgb_to_lab

    body = (
        "from colortk.plugin import gray_rgb\n"
        "        return gray_rgb(lightness, np.float32) * np.float32([1, 0.8, 0.6])"
    )
    module = colorizer_module("warm", "warm", body, ', output="rgb"')
    site = distribution("warm", module.replace("predict_ab(", "predict_rgb("))
    run = colortk("plugins", "check", "warm", "--json", plugins=site)
    assert run.returncode == 0, run.stdout
    assert {row["status"] for row in json.loads(run.stdout)} == {"passed", "not run"}
    run = colortk("run", picture, "-p", "warm", "-o", tmp_path / "o.png", plugins=site)
    assert run.returncode == 0, run.stderr
    before, after = (
        rgb_to_lab(np.asarray(Image.open(path).convert("RGB")))
        for path in (picture, tmp_path / "o.png")
    )
    assert np.abs(before[..., 0] - after[..., 0]).mean() < 0.3
    assert after[..., 2].mean() > 5
    (site / "warm.py").write_text(module)
    run = colortk("run", picture, "-p", "warm", plugins=site)
    one_line(run, 3, "its factory returned Colorizer without predict_rgb")
