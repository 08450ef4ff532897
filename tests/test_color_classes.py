"""The rebalanced AuC: its color classes, its weights, and two values computed by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from colortk.errors import ArtifactError
from colortk.harness.metrics import color_classes
from colortk.metrics import score
from conftest import photo
from reference_metrics import class_weights

RED, GRAY = (200, 30, 40), (120, 120, 120)


def halves(left: tuple[int, int, int], right: tuple[int, int, int]) -> np.ndarray:
    picture = np.empty((4, 8, 3), np.uint8)
    picture[:, :4], picture[:, 4:] = left, right
    return picture


def test_a_rare_color_counts_more_than_gray() -> None:
    """If one half is right, the value is the weight of that half."""
    lab = rgb2lab(np.array([[RED, GRAY]], np.uint8))[0, :, 1:]
    apart = float(np.hypot(*(lab[0] - lab[1])))
    row, column = np.rint(lab[0] / 10).astype(int) + 11
    weights = class_weights() / class_weights().min()
    red, gray = weights[row, column], weights[11, 11]
    assert red > 20 * gray
    # The wrong half counts at thresholds above its error.
    wrong = (150.5 - np.ceil(apart)) / 150
    truth = halves(RED, GRAY)
    for result, right, other in ((halves(GRAY, GRAY), gray, red), (halves(RED, RED), red, gray)):
        expected = (right + other * wrong) / (right + other)
        found = score(result, truth, ["ab_auc", "ab_auc_rebalanced"])
        assert found["ab_auc_rebalanced"] == pytest.approx(expected, abs=1e-5)
        assert found["ab_auc"] == pytest.approx((1 + wrong) / 2, abs=1e-5)


def test_gray_loses_more_of_the_rebalanced_area() -> None:
    truth = photo(64, 64)
    gray = np.repeat(truth[..., 1:2], 3, 2)
    found = score(gray, truth, ["ab_auc", "ab_auc_rebalanced"])
    assert found["ab_auc_rebalanced"] < found["ab_auc"] - 0.05


def test_every_srgb_color_has_a_finite_weight() -> None:
    levels = np.linspace(0, 255, 18).astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(-1, 18, 3)
    lab = rgb2lab(cube).astype(np.float32)
    weight = color_classes.weights()[color_classes.cells(lab[..., 1], lab[..., 2])]
    assert np.isfinite(weight).all()
    assert weight.min() == 1
    assert weight.max() < 1e7


def test_probabilities_are_smoothed_and_sum_to_one() -> None:
    counts = np.zeros((23, 23))
    counts[11, 11] = 8
    found = color_classes.smoothed(counts)
    assert found.sum() == pytest.approx(1)
    assert found[12, 11] / found[11, 11] == pytest.approx(np.exp(-100 / 50))


def test_invalid_color_counts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(color_classes, "SHA256", "0" * 64)
    with pytest.raises(ArtifactError, match=r"color_classes.json.* cannot be used"):
        color_classes.weights.__wrapped__()


def test_the_command_counts_every_pixel(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(2):
        Image.fromarray(photo(20, 30, number)).save(pictures / f"{number}.png")
    target = tmp_path / "classes.json"
    command = [sys.executable, "-m", "colortk.harness.metrics.color_classes", pictures, target]
    run = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stderr
    found = json.loads(target.read_text("utf-8"))
    assert (found["pictures"], found["pixels"]) == (2, 1200)
    lab = np.stack([rgb2lab(photo(20, 30, number)) for number in range(2)])
    expected = np.unique(np.rint(lab[..., 1:].reshape(-1, 2) / 10), axis=0, return_counts=True)
    assert {(a, b): n for a, b, n in found["counts"]} == {
        (10 * a, 10 * b): n for (a, b), n in zip(*expected, strict=True)
    }
