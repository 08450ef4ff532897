"""``import colortk`` in a script or a notebook."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from skimage.color import rgb2lab

import colortk
from colortk.errors import PictureError, UsageError
from conftest import photo


def test_import_is_light() -> None:
    code = "import sys, colortk; print(*{'numpy', 'cv2', 'PIL', 'sqlite3'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_the_version_is_the_distributions() -> None:
    assert colortk.__version__ == version("colorization-toolkit")


def test_colorize_an_array_and_a_file(tmp_path: Path) -> None:
    grey = photo()[..., 0]
    result = colortk.colorize(grey, "mean_color")
    assert (result.shape, result.dtype) == ((48, 64, 3), np.uint8)
    lab = rgb2lab(result)
    assert np.abs(lab[..., 0] - rgb2lab(np.repeat(grey[..., None], 3, 2))[..., 0]).mean() < 0.3
    assert 1 < lab[..., 2].mean() < 12
    Image.fromarray(grey).save(tmp_path / "x.png")
    assert np.array_equal(colortk.colorize(tmp_path / "x.png", "mean_color"), result)
    assert np.array_equal(colortk.colorize(str(tmp_path / "x.png"), "mean_color"), result)
    deep = colortk.colorize(grey.astype(np.uint16) * 257, "mean_color")
    assert deep.dtype == np.uint16
    assert np.abs(deep / 257 - result).max() <= 1
    none = colortk.colorize(grey, "mean_color", strength=0)
    assert np.ptp(none.astype(int), axis=2).max() == 0


@pytest.mark.parametrize(
    "array",
    [np.zeros((4, 4), float), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4), np.uint8)],
)
def test_arrays_that_are_no_pictures(array: np.ndarray) -> None:
    with pytest.raises(UsageError, match=r"uint8 or uint16, \(H, W\) or \(H, W, 3\) is wanted"):
        colortk.colorize(array, "gray")
    with pytest.raises(UsageError):
        colortk.compare(array, ["gray"], ["psnr"])


def test_names_may_be_one_text_and_jobs_a_number(tmp_path: Path) -> None:
    found = colortk.compare([photo(seed=2), photo(seed=3)], "gray", "psnr", store=tmp_path, jobs=2)
    assert [entry.label for entry in found.entries] == ["gray"]
    assert list(found.metrics) == ["psnr"]
    assert {"colorize", "compare", "metrics"} <= set(dir(colortk))


def test_mistakes_raise(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="there is no such file"):
        colortk.colorize(tmp_path / "none.png", "gray")
    with pytest.raises(UsageError, match="it is NoneType"):
        colortk.colorize(None, "gray")  # type: ignore[arg-type]
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
    found.entries[0].__dict__["label"] = "<script>alert(1)</script>"
    assert "<script>" not in found._repr_html_()
