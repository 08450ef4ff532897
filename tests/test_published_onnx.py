"""``ddcolor`` and ``deoldify`` run the published ONNX files without options."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from skimage.color import rgb2lab

from colortk.cli.weights_rows import all_colorizers
from colortk.errors import ColortkError
from colortk.plugin.weights_folder import ANY_FILE
from colortk.runtime.loading import PluginRequest, load
from test_onnx_model import GRAY, LIGHT, network

DOCS = Path(__file__).resolve().parents[1] / "docs"
DDCOLOR = ("ddcolor_tiny", "ddcolor_paper", "ddcolor_modelscope", "ddcolor_artistic")
DEOLDIFY = ("deoldify_artistic", "deoldify_stable", "deoldify_video")


def predicted(plugin: str, path: Path, *options: str) -> np.ndarray:
    """Return a* and b* of a flat picture."""
    ab = load(PluginRequest(plugin, options, path)).predict(np.full((64, 96), LIGHT, np.float32))
    assert ab.shape == (64, 96, 2)
    assert np.ptp(ab, (0, 1)).max() < 1e-2
    return ab[0, 0]


@pytest.mark.parametrize("plugin", DDCOLOR)
def test_ddcolor_gets_gray_rgb_and_returns_ab(plugin: str, tmp_path: Path) -> None:
    path = network(tmp_path / "any name.onnx", [40, -30], 3, side=64)
    np.testing.assert_allclose(predicted(plugin, path), [40 * GRAY, -30 * GRAY], atol=0.01)


@pytest.mark.parametrize("plugin", DEOLDIFY)
def test_deoldify_gets_and_returns_rgb_to_255(plugin: str, tmp_path: Path) -> None:
    tint = np.array([1, 0.8, 0.6])
    expected = rgb2lab((GRAY * tint)[None, None])[0, 0, 1:]
    path = network(tmp_path / "any name.onnx", tint, 3, side=64)
    np.testing.assert_allclose(predicted(plugin, path), expected, atol=0.01)


@pytest.mark.parametrize("plugin", ["ddcolor_tiny", "deoldify_stable"])
def test_the_size_of_the_network(plugin: str, tmp_path: Path) -> None:
    factors = [40, -30] if plugin.startswith("ddcolor") else [1, 0.8, 0.6]
    path = network(tmp_path / "open.onnx", factors, 3)

    def side(*options: str) -> tuple[int, int]:
        colorizer = load(PluginRequest(plugin, options, path)).colorizer
        width, height = colorizer._size(100, 200)  # type: ignore[attr-defined]
        return width, height

    assert side() == (512, 512)
    assert side("size=256") == (256, 256)
    with pytest.raises(ColortkError, match=r"size=100: use 0, or 64 to \d+ in steps of 32"):
        side("size=100")
    path = network(tmp_path / "fixed.onnx", factors, 3, side=128)
    assert side() == (128, 128)
    with pytest.raises(ColortkError, match="size=256 does not fit the network: it gets 128"):
        side("size=256")


def test_the_file_of_another_model_is_one_line(tmp_path: Path) -> None:
    ab = network(tmp_path / "ab.onnx", [40, -30], 3, side=64)
    rgb = network(tmp_path / "rgb.onnx", [1, 1, 1], 3, side=64)
    light = network(tmp_path / "l.onnx", [0.4, 0.3], 1, side=64)
    with pytest.raises(ColortkError, match="it returns 3 channels, and 2 are needed"):
        predicted("ddcolor_tiny", rgb)
    with pytest.raises(ColortkError, match="it returns 2 channels, and 3 are needed"):
        predicted("deoldify_artistic", ab)
    with pytest.raises(ColortkError, match="it gets 1 channels, and this input has 3"):
        predicted("ddcolor_tiny", light)


def test_the_docs_list_every_published_file() -> None:
    text = (DOCS / "published-models.md").read_text("utf-8")
    colorizers = (DOCS / "colorizers.md").read_text("utf-8")
    external = [spec for spec in all_colorizers() if spec.artifacts and not spec.package]
    assert {*DDCOLOR, *DEOLDIFY, "zhang2016", "zhang2017"} <= {spec.name for spec in external}
    for spec in external:
        assert f"`{spec.name}`" in text, spec.name
        assert f"`{spec.name}`" in colorizers, spec.name
        for artifact in spec.artifacts:
            if artifact.sha256 != ANY_FILE:
                assert re.search(f"{artifact.name}.*{artifact.sha256}", text), artifact.name
