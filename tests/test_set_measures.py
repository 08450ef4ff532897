"""The set-level ΔCF: value, interval, and position beside the ΔCF per picture."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.harness.compare import compare
from colortk.harness.set_measures import set_delta_cf, with_set_measures
from conftest import ORANGE, colorizer_module, photo, rows_of
from reference_metrics import colorfulness

ASKED = ("-m", "colorfulness", "-m", "colorfulness_error", "-m", "psnr")


def test_differences_of_either_sign_cancel() -> None:
    originals = np.array([10.0, 20, 30, 40, 50])
    results = np.array([12.0, 18, 33, np.nan, 47])
    (found, missing) = set_delta_cf(np.stack([results, np.full(5, np.nan)], 1), originals)
    assert found is not None
    assert found.difference == pytest.approx(0)
    assert found.truth == pytest.approx(27.5)
    assert found.n == 4
    assert missing is None


def test_the_interval_has_no_sign() -> None:
    rng = np.random.default_rng(0)
    originals = rng.uniform(20, 60, 40)
    changes = [-rng.uniform(5, 9, 40), rng.uniform(5, 9, 40), rng.normal(0, 3, 40)]
    paler, gaudier, close = set_delta_cf(originals[:, None] + np.stack(changes, 1), originals)
    assert paler is not None
    assert gaudier is not None
    assert close is not None
    for found in (paler, gaudier):
        low, high = found.ci95
        assert 5 < low < found.difference < high < 9
    assert close.ci95[0] == 0
    assert close.ci95[1] >= close.difference


def test_delta_cf_is_added_beside_colorfulness() -> None:
    assert with_set_measures(["psnr"]) == ["psnr"]
    assert with_set_measures(["colorfulness", "psnr"]) == [
        "colorfulness",
        "colorfulness_gap",
        "psnr",
    ]
    both = ["colorfulness_error", "psnr", "colorfulness"]
    assert with_set_measures(both) == ["colorfulness_error", "colorfulness_gap", *both[1:]]


@pytest.mark.slow
def test_set_measures_are_printed_with_definitions(
    folder: Path, distribution: Callable[..., Path], colortk: Callable[..., Any], tmp_path: Path
) -> None:
    site = distribution("orange", colorizer_module("orange", "orange", ORANGE))
    files = ("--csv", "s.csv", "--markdown", "s.md", "--html", "r.html")
    arguments = ("compare", folder, "-p", "orange", *ASKED)
    shown = colortk(*arguments, *files, plugins=site)
    assert shown.returncode == 0, shown.stderr
    report = json.loads(colortk(*arguments, "--json", "--per-image", plugins=site).stdout)
    orange = next(p for p in report["plugins"] if p["name"] == "orange")
    # Compute the expected value with scikit-image and NumPy from the prepared originals.
    truth = [colorfulness(square(path)) for path in sorted(folder.iterdir())]
    mine = [r["metrics"]["colorfulness"] for r in report["records"] if r["plugin"] == "orange"]
    expected = abs(np.mean(mine) - np.mean(truth))
    assert orange["colorfulness_gap"]["difference"] == pytest.approx(expected, abs=0.3)
    assert orange["metrics"]["colorfulness_gap"]["mean"] == orange["colorfulness_gap"]["difference"]
    by_picture = orange["metrics"]["colorfulness_error"]["mean"]
    assert orange["colorfulness_gap"]["difference"] <= by_picture + 1e-9
    value = f"{orange['colorfulness_gap']['difference']:.2f}"
    for text in (shown.stdout, *((tmp_path / n).read_text("utf-8") for n in ("s.md", "r.html"))):
        assert "ΔCF set" in text
        assert value in text
        assert "mean CF of the results − mean CF of the originals" in text
        assert "ΔCF by picture" in text
    lines = csv.DictReader(io.StringIO((tmp_path / "s.csv").read_text("utf-8")))
    found = {(row["plugin"], row["metric"]): row for row in lines}
    assert float(found["orange", "colorfulness_gap"]["mean"]) == pytest.approx(
        float(value), abs=0.01
    )


@pytest.mark.slow
def test_set_measures_without_results(
    folder: Path, distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    site = distribution("never", colorizer_module("never", "never", "raise ValueError('never')"))
    run = colortk("compare", folder / "1.png", "-p", "never", *ASKED, "--json", plugins=site)
    assert run.returncode == 1
    assert rows_of(run)["never"]["colorfulness_gap"] is None
    shown = colortk("compare", folder / "1.png", "-p", "never", *ASKED, plugins=site)
    assert "ΔCF set" in shown.stdout


def square(path: Path) -> np.ndarray:
    """Return the middle 70 × 70 pixels enlarged to 256 × 256, bilinear as in the protocol."""
    with Image.open(path) as image:
        cut = image.crop((10, 0, 80, 70))
    return np.asarray(cut.resize((256, 256), Image.Resampling.BILINEAR))


def test_delta_cf_ranks_only_if_it_is_the_only_metric(tmp_path: Path) -> None:
    pictures = [photo(40, 40, seed) for seed in range(3)]
    for asked, ranking in (
        (["colorfulness_error", "psnr"], "psnr"),
        (["colorfulness", "colorfulness_error"], "colorfulness_error"),
    ):
        found = compare(pictures, ["gray"], asked, store=tmp_path)
        assert found.as_dict()["ranking_metric"] == ranking
