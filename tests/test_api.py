"""``import colortk`` in a script or a notebook."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageCms
from skimage.color import rgb2lab

import colortk
from colortk.errors import PictureError, PredictionError, UsageError
from conftest import BUILT_INS, photo


def test_import_colortk_loads_no_numpy_opencv_or_pillow() -> None:
    code = "import sys, colortk; print(*{'numpy', 'cv2', 'PIL', 'sqlite3'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_version_equals_the_version_of_the_distribution() -> None:
    assert colortk.__version__ == version("colorization-toolkit")


def test_colorize_an_array_and_a_file(tmp_path: Path) -> None:
    gray = photo()[..., 0]
    result = colortk.colorize(gray, "mean_color")
    assert (result.shape, result.dtype) == ((48, 64, 3), np.uint8)
    lab = rgb2lab(result)
    assert np.abs(lab[..., 0] - rgb2lab(np.repeat(gray[..., None], 3, 2))[..., 0]).mean() < 0.3
    assert 1 < lab[..., 2].mean() < 12
    Image.fromarray(gray).save(tmp_path / "x.png")
    assert np.array_equal(colortk.colorize(tmp_path / "x.png", "mean_color"), result)
    assert np.array_equal(colortk.colorize(str(tmp_path / "x.png"), "mean_color"), result)
    deep = colortk.colorize(gray.astype(np.uint16) * 257, "mean_color")
    assert deep.dtype == np.uint16
    assert np.abs(deep / 257 - result).max() <= 1
    none = colortk.colorize(gray, "mean_color", strength=0)
    assert np.ptp(none.astype(int), axis=2).max() == 0


def test_arrays_keep_their_dtype_and_alpha() -> None:
    gray = photo()[..., 0]
    expected = colortk.colorize(gray, "mean_color")
    deep = colortk.colorize(gray.astype(">u2") * 257, "mean_color")
    for dtype in (np.float16, np.float32, np.float64):
        result = colortk.colorize((gray / 255).astype(dtype), "mean_color")
        assert (result.shape, result.dtype) == ((48, 64, 3), dtype)
        assert np.abs(result - expected / 255).max() < (0.01 if dtype == np.float16 else 0.005)
    exact = colortk.colorize(gray.astype(np.float64) / 255, "mean_color")
    assert np.allclose(exact, deep / 65535, rtol=0, atol=1e-12)
    assert np.array_equal(colortk.colorize(gray[..., None], "mean_color"), expected)
    alpha = np.arange(gray.size, dtype=np.uint8).reshape(gray.shape)
    for layers in ([gray, alpha], [gray, gray, gray, alpha]):
        result = colortk.colorize(np.dstack(layers), "mean_color")
        assert np.array_equal(result[..., 3], alpha)
        assert np.abs(result[..., :3].astype(int) - expected).max() <= 1


def test_bytes_and_file_objects(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    Image.fromarray(photo()).convert("RGBA").save(path)
    expected = colortk.colorize(path, "mean_color")
    assert expected.shape == (48, 64, 4), "alpha of a file is kept"
    assert np.array_equal(colortk.colorize(path.read_bytes(), "mean_color"), expected)
    assert np.array_equal(colortk.colorize(io.BytesIO(path.read_bytes()), "mean_color"), expected)
    with path.open("rb") as file:
        assert np.array_equal(colortk.colorize(file, "mean_color"), expected)
    (tmp_path / "x.txt").write_text("text")
    with (
        (tmp_path / "x.txt").open("rb") as file,
        pytest.raises(PictureError, match=r"x\.txt.*is not a picture"),
    ):
        colortk.colorize(file, "gray")


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("1", "RGB"), ("L", "RGB"), ("P", "RGB"), ("RGB", "RGB"), ("CMYK", "RGB"),
        ("YCbCr", "RGB"), ("HSV", "RGB"), ("LA", "RGBA"), ("RGBA", "RGBA"), ("La", "RGBA"),
        ("RGBa", "RGBA"), ("PA", "RGBA"),
    ],
)  # fmt: skip
def test_a_pil_image_gives_a_pil_image(mode: str, expected: str) -> None:
    source = Image.fromarray(photo())
    if expected == "RGBA":
        source = source.convert("LA" if mode in ("La", "PA") else "RGBA")
    image = source.convert(mode)
    image.info["dpi"] = (300, 300)
    result = colortk.colorize(image, "gray")
    assert isinstance(result, Image.Image)
    assert (result.mode, result.size, result.info["dpi"]) == (expected, (64, 48), (300, 300))
    opaque = image.convert({"La": "LA", "RGBa": "RGBA"}.get(mode, mode)).convert("RGBA")
    lightness = rgb2lab(np.asarray(opaque.convert("RGB")))[..., 0]
    assert np.abs(rgb2lab(np.asarray(result)[..., :3])[..., 0] - lightness).mean() < 0.6


def test_a_pil_image_of_16_bits_and_one_with_a_profile() -> None:
    gray = photo()[..., 0]
    deep = Image.fromarray(gray.astype(np.uint16) * 257)
    assert deep.mode == "I;16"
    assert np.array_equal(np.asarray(colortk.colorize(deep, "gray"))[..., 0], gray)
    linear = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    image = Image.fromarray(photo())
    image.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    result = colortk.colorize(image, "gray")
    assert "icc_profile" not in result.info
    assert np.array_equal(result, colortk.colorize(Image.fromarray(photo()), "gray"))
    image.info["icc_profile"] = linear  # not one of an RGB picture
    with pytest.warns(UserWarning, match="its ICC profile was ignored"):
        colortk.colorize(image, "gray")


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 4), int), "the values of a picture are uint8, uint16, or float"),
        (np.zeros((4, 4), bool), r"multiply it by numpy\.uint8\(255\)"),
        (np.full((4, 4), 255.0), "its values range from 255 to 255.*image / 255"),
        (np.full((4, 4), np.nan), "it holds NaN"),
        (np.zeros((8, 8, 5), np.uint8), r"pass \(H, W\), \(H, W, 3\)"),
        (np.zeros((3, 8, 9), np.uint8), "numpy.moveaxis"),
        (np.zeros((2, 8, 9, 3), np.uint8), "one picture at a time"),
        (np.zeros((0, 4), np.uint8), "dtype uint8 and shape \\(0, 4\\)"),
        ([[1, 2], [3, 4]], "type 'list'.*pass a path, bytes"),
        (None, "type 'NoneType'"),
        (io.StringIO("text"), "open it in binary mode"),
        (Image.new("F", (4, 4)), "mode 'F'"),
        (Image.new("I", (4, 4)), "mode 'I'"),
    ],
)
def test_a_wrong_picture_is_one_clear_line(image: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        colortk.colorize(image, "gray")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"plugin": 3}, "a plugin is a name or a function"),
        ({"plugin": "gra"}, "did you mean 'gray'"),
        ({"options": ["strength=1"]}, "options are a dict"),
        ({"options": {"none": 1}}, "plugin 'gray' has no options"),
        ({"plugin": np.sin, "options": {"a": 1}}, "options cannot be combined with a function"),
        ({"plugin": np.sin, "weights": "folder"}, "weights cannot be combined with a function"),
        ({"device": "tpu"}, "known devices: auto, cpu, gpu"),
        ({"threads": 0}, "a whole number from 1"),
        ({"threads": True}, "a whole number from 1"),
        ({"strength": "1"}, "a number from 0 to 2"),
        ({"refine": "none of these"}, "no refinement"),
    ],
)
def test_a_wrong_argument_is_one_clear_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        colortk.colorize(photo(), **{"plugin": "gray", **arguments})
    assert "\n" not in str(raised.value)


def test_a_function_gets_lightness_and_returns_chroma() -> None:
    picture = photo(20, 30)
    seen = []

    def tint(lightness: np.ndarray) -> np.ndarray:
        seen.append(lightness.copy())
        lightness[:] = 0  # a copy: the picture does not change
        return np.full((20, 30, 2), (3.0, 12.0))

    result = rgb2lab(colortk.colorize(picture, tint))
    truth = rgb2lab(picture)[..., 0]
    assert np.abs(seen[0] - truth).max() < 0.05
    assert np.abs(result[..., 0] - truth).mean() < 0.3
    inner = (truth > 20) & (truth < 90)
    assert np.abs(result[inner][:, 1:] - (3, 12)).mean() < 0.5
    with pytest.raises(PredictionError, match=r"'<lambda>' returned an unusable result: shape"):
        colortk.colorize(picture, lambda lightness: lightness)
    with pytest.raises(ZeroDivisionError):  # an error of the caller's own function stays as it is
        colortk.colorize(picture, lambda lightness: 1 / 0)


def test_device_and_threads_are_settings_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTK_THREADS", "2")
    monkeypatch.delenv("COLORTK_DEVICE", raising=False)
    seen = []

    def look(lightness: np.ndarray) -> np.ndarray:
        seen.append((os.environ["COLORTK_THREADS"], os.environ.get("COLORTK_DEVICE")))
        return np.zeros((*lightness.shape, 2))

    colortk.colorize(photo(), look, threads=1, device="cpu")
    colortk.colorize(photo(), look)
    assert seen == [("1", "cpu"), ("2", None)]


def test_list_plugins() -> None:
    plugins = {plugin.name: plugin for plugin in colortk.list_plugins()}
    assert set(BUILT_INS) <= set(plugins)
    assert [plugin.name for plugin in plugins.values() if plugin.default] == ["effnet_bins"]
    gray = plugins["gray"]
    assert (gray.status, gray.version) == ("ok", version("colorization-toolkit"))
    metrics = colortk.list_plugins("metric")
    assert {"psnr", "ssim"} <= {metric.name for metric in metrics}
    assert not any(metric.default for metric in metrics)
    with pytest.raises(UsageError, match="known kinds: colorizer, metric, refiner"):
        colortk.list_plugins("network")


def test_names_may_be_a_string_and_jobs_a_number(tmp_path: Path) -> None:
    found = colortk.compare([photo(seed=2), photo(seed=3)], "gray", "psnr", store=tmp_path, jobs=2)
    assert [entry.label for entry in found.variants] == ["gray"]
    assert list(found.metrics) == ["psnr"]


def test_every_public_name_can_be_used() -> None:
    names = {"colorize", "colorize_files", "colorize_video", "compare", "errors", "list_plugins"}
    assert names | {"metrics"} <= set(colortk.__all__)
    assert set(colortk.__all__) <= set(dir(colortk))
    for name in colortk.__all__:
        assert getattr(colortk, name) is not None
    assert colortk.metrics.score.__module__ == "colortk.metrics"
    assert issubclass(colortk.errors.UsageError, colortk.errors.ColortkError)


def test_colorize_files(tmp_path: Path) -> None:
    Image.fromarray(photo()).save(tmp_path / "x.png")
    (tmp_path / "y.png").write_bytes(b"no picture")
    results = list(colortk.colorize_files(tmp_path, tmp_path / "out", plugin="mean_color"))
    by_name = {Path(result.input).name: result for result in results}
    assert by_name["x.png"].error is None
    assert "y.png" in str(by_name["y.png"].error)
    with Image.open(tmp_path / "out" / "x.png") as image:
        expected = colortk.colorize(tmp_path / "x.png", "mean_color")
        assert np.array_equal(np.asarray(image), expected)


def test_wrong_arguments_raise_colortk_errors(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="there is no such file"):
        colortk.colorize(tmp_path / "none.png", "gray")
    with pytest.raises(UsageError, match="strength 3"):
        colortk.colorize(photo(), "gray", strength=3)
    with pytest.raises(UsageError, match="no picture to compare on"):
        colortk.compare([], ["gray"], store=tmp_path)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = colortk.nonsense


def test_compare_arrays_and_files(tmp_path: Path) -> None:
    Image.fromarray(photo(seed=1)).save(tmp_path / "x.png")
    images = [photo(seed=0), tmp_path / "x.png", photo(seed=0)]
    found = colortk.compare(
        images, ["mean_color"], ["psnr", "ab_rmse"], store=tmp_path, changes={"short_side": None}
    )
    assert [s.name for s in found.used] == [str(tmp_path / "x.png"), "array 0"]
    assert found.repeats == 1
    frame = found.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) == 4
    means = frame.groupby("plugin")["psnr"].mean()
    summary = {p["name"]: p["metrics"]["psnr"]["mean"] for p in found.as_dict()["plugins"]}
    assert means.to_dict() == pytest.approx(summary)
    # The array's own score, through the other public function.
    result = colortk.colorize(photo(seed=0), "mean_color")
    expected = colortk.metrics.score(result, photo(seed=0), ["psnr", "ab_rmse"])
    row = frame[(frame["name"] == "array 0") & (frame["plugin"] == "mean_color")].iloc[0]
    assert {m: row[m] for m in expected} == pytest.approx(expected)
    assert "<table>" in found._repr_html_()
    assert "| rank | group | plugin |" in str(found)


def test_a_notebook_shows_names_as_text(tmp_path: Path) -> None:
    found = colortk.compare(photo(), ["gray"], ["psnr"], store=tmp_path)
    found.variants[0].__dict__["label"] = "<script>alert(1)</script>"
    assert "<script>" not in found._repr_html_()
