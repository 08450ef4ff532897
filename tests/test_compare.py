"""``colortk compare``: fair, paired, and unmoved by what fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from colortk.errors import PictureError
from colortk.harness.runner import Score, pictures, reference
from colortk.harness.summary import estimate, mse_ratio, paired
from conftest import colorizer_module, photo


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "pictures"
    place.mkdir()
    for seed in range(4):
        Image.fromarray(photo(70, 90, seed)).save(place / f"{seed}.png")
    return place


def test_scores_of_gray_are_those_of_the_grey_picture(
    folder: Path, colortk: Callable[..., Any]
) -> None:
    run = colortk("compare", folder, "-p", "gray", "-p", "mean_color", "--native", "--json")
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["images"] == 4
    rows = {entry["name"]: entry for entry in report["plugins"]}
    expected = []
    for path in sorted(folder.iterdir()):
        assert colortk("run", "-p", "gray", path, "-o", "g.png", "--force").returncode == 0
        grey = np.asarray(Image.open(folder.parent / "g.png"))
        expected.append(peak_signal_noise_ratio(np.asarray(Image.open(path)), grey))
    psnr = rows["gray"]["metrics"]["psnr"]
    assert psnr["mean"] == pytest.approx(np.mean(expected), abs=1e-4)
    assert psnr["ci95"][0] <= psnr["mean"] <= psnr["ci95"][1]
    difference = rows["gray"]["paired"]["psnr"]["mean"]
    assert difference == pytest.approx(
        psnr["mean"] - rows["mean_color"]["metrics"]["psnr"]["mean"], abs=1e-9
    )
    assert rows["mean_color"]["ab_mse_ratio"] == pytest.approx(1)


def test_a_failing_plugin_and_a_bad_picture_cost_their_own_rows(
    folder: Path, colortk: Callable[..., Any], distribution: Callable[..., Path]
) -> None:
    (folder / "bad.png").write_bytes(b"no picture")
    body = "raise RuntimeError('inside')"
    site = distribution("odd", colorizer_module("odd", "odd", body))
    run = colortk("compare", folder, "--all", "--json", plugins=site)
    assert run.returncode == 1
    rows = {entry["name"]: entry for entry in json.loads(run.stdout)["plugins"]}
    assert rows["odd"]["failed"] == 4
    assert rows["odd"]["metrics"] == {}
    assert rows["gray"]["failed"] == 0
    assert "bad.png" in run.stderr


@pytest.mark.slow
def test_a_table_on_the_samples_when_nothing_is_given(colortk: Callable[..., Any]) -> None:
    run = colortk("compare", "-p", "gray", "-p", "mean_color")
    assert run.returncode == 0, run.stderr
    assert "too few to prove anything" in run.stderr
    assert "PSNR" in run.stdout
    assert "mean_color" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "no picture or folder 'nowhere'"),
        (["pictures", "-p", "grey"], "did you mean 'gray'?"),
        (["empty"], "no pictures in 'empty'"),
        (["pictures", "--baseline", "mena_color"], "did you mean 'mean_color'?"),
    ],
)
def test_mistakes(
    arguments: list[str], words: str, folder: Path, colortk: Callable[..., Any]
) -> None:
    (folder.parent / "empty").mkdir()
    run = colortk("compare", *arguments)
    assert run.returncode == 2
    assert words in run.stderr
    assert run.stderr.count("\n") == 1


def test_reference_is_cropped_to_the_middle(tmp_path: Path) -> None:
    wide = np.zeros((50, 100, 3), np.uint8)
    wide[:, 25:75] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert (reference(tmp_path / "wide.png", 50) == 255).all()
    assert reference(tmp_path / "wide.png", None).shape == (50, 100, 3)
    with pytest.raises(PictureError):
        reference(tmp_path / "none.png", 50)


def test_pictures_are_each_taken_once(folder: Path) -> None:
    assert len(pictures([folder, folder / "0.png", folder])) == 4


@pytest.mark.slow
def test_bootstrap_interval_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(100):
        found = estimate(rng.normal(3, 1, 60), seed=trial)
        hits += found.low <= 3 <= found.high
    assert 87 <= hits <= 100


def test_pairs_are_pictures_that_both_were_scored_on() -> None:
    rows = [
        Score("1", "a", {"psnr": 20.0, "ab_rmse": 3.0}),
        Score("2", "a", {"psnr": 30.0, "ab_rmse": 4.0}),
        Score("3", "a", {"psnr": 99.0, "ab_rmse": 99.0}),
        Score("1", "b", {"psnr": 19.0, "ab_rmse": 6.0}),
        Score("2", "b", {"psnr": 27.0, "ab_rmse": 8.0}),
        Score("3", "b", error="failed"),
    ]
    difference = paired(rows, "psnr", "a", "b")
    assert difference is not None
    assert difference.mean == pytest.approx(2.0)
    assert mse_ratio(rows, "a", "b") == pytest.approx(25 / 100)
    assert paired(rows, "psnr", "a", "nobody") is None
