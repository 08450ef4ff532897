"""Metrics of sets in a comparison: stored features, values, intervals, differences and warnings."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from colortk.color.cielab import gray_rgb, lightness
from colortk.errors import UsageError
from colortk.harness import set_scores
from colortk.harness.compare import compare
from colortk.harness.lpips.network import features
from colortk.harness.protocol import cropped
from colortk.harness.results_schema import ADDED
from colortk.harness.run_options import RunOptions
from colortk.metrics import score
from colortk.plugin.registry import registry
from colortk.report.captions import caption
from colortk.report.csv import to_csv
from colortk.report.markdown import to_markdown
from conftest import photo
from test_frechet import reference_fid

SINGLE = RunOptions(jobs=1, repeats=False)
PICTURES = [photo(64, 64, seed) for seed in range(6)]
NAMES = ["lpips", "frechet_alexnet"]


def alexnet(picture: np.ndarray) -> np.ndarray:
    """Ten times the mean over positions of the fifth map of the network of LPIPS."""
    return 10 * np.asarray(features(picture[None])[4][0], np.float64).mean((1, 2))


@pytest.mark.slow
def test_the_distance_of_a_set_is_that_of_its_features(tmp_path: Path) -> None:
    run = {"run_options": SINGLE, "store": tmp_path, "changes": {"short_side": 64}}
    found = compare(PICTURES, ["mean_color"], NAMES, **run)
    originals = [cropped(picture, 64).pixels for picture in PICTURES]
    truth = np.array([alexnet(picture) for picture in originals])
    gray = np.array([alexnet(gray_rgb(lightness(picture))) for picture in originals])
    rows = {row.name: row for row in found.summary().plugins}
    mean = rows["gray"].metrics["frechet_alexnet"]
    assert mean.mean == pytest.approx(reference_fid_of_few(truth, gray), rel=1e-5)
    assert (mean.n, mean.median) == (6, None)
    assert mean.ci95 is not None
    assert 0 <= mean.ci95[0] < mean.mean < mean.ci95[1]
    (pair,) = (row for row in found.paired if row.metric == "frechet_alexnet")
    values = [rows[name].metrics["frechet_alexnet"].mean for name in (pair.plugin, pair.best)]
    assert pair.difference == pytest.approx(values[0] - values[1])
    assert pair.wins is None
    assert "FD-AlexNet: with under 2,000 pictures" in "\n".join(caption(found.summary()))
    assert "FD-AlexNet ↓" in to_markdown(found)
    assert f"gray,{rows['gray'].rank or ''}" in to_csv(found)
    # A second run computes nothing, and the value does not depend on the picture's order.
    again = compare(PICTURES[::-1], ["mean_color"], NAMES, **run)
    assert again.outcome.computed == 0
    assert again.set_summaries["frechet_alexnet"][0].mean == pytest.approx(
        found.set_summaries["frechet_alexnet"][0].mean
    )


@pytest.mark.slow
def test_worker_processes_compute_the_same_distance(tmp_path: Path) -> None:
    for jobs in (1, 2):
        found = compare(
            PICTURES,
            ["mean_color"],
            NAMES,
            run_options=RunOptions(jobs=jobs, repeats=False),
            store=tmp_path / str(jobs),
            changes={"short_side": 64},
        )
        assert found.outcome.computed == 2 * len(PICTURES)
        means = [row.mean for row in found.set_summaries["frechet_alexnet"]]
        if jobs == 1:
            alone = means
    assert means == pytest.approx(alone)
    assert min(means) > 0


def reference_fid_of_few(truth: np.ndarray, result: np.ndarray) -> float:
    """FID of fewer pictures than features, on the space that the features span."""
    stacked = np.concatenate([truth, result])
    _, _, basis = np.linalg.svd(stacked - stacked.mean(0), full_matrices=False)
    # Rotation changes no distance; a small multiple of independent noise makes roots stable.
    a, b = truth @ basis.T, result @ basis.T
    sigma, other = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    roots = np.sqrt(np.clip(np.linalg.eigvals(sigma @ other).real, 0, None)).sum()
    shift = a.mean(0) - b.mean(0)
    return float(shift @ shift + np.trace(sigma) + np.trace(other) - 2 * roots)


@pytest.mark.slow
def test_missing_features_are_computed_with_scores_kept(tmp_path: Path) -> None:
    run = {"run_options": SINGLE, "store": tmp_path, "changes": {"short_side": 64}}
    assert "frechet_alexnet" not in compare(PICTURES[:3], ["gray"], ["lpips"], **run).sets.specs
    found = compare(PICTURES[:3], ["gray"], ["frechet_alexnet"], **run)
    assert (found.outcome.computed, found.lead) == (3, "lpips")
    value = found.set_summaries["frechet_alexnet"][0]
    assert value is not None
    # Features of other code are computed again, and those that were lost or damaged.
    with sqlite3.connect(tmp_path / "results.sqlite") as db:
        db.execute("UPDATE original_features SET code = 'old' WHERE rowid = 1")
        db.execute("DELETE FROM features WHERE rowid = 2")
    db.close()
    found = compare(PICTURES[:3], ["gray"], ["frechet_alexnet"], **run)
    assert found.outcome.computed == 2
    assert found.set_summaries["frechet_alexnet"][0].mean == pytest.approx(value.mean)


@pytest.mark.slow
def test_a_picture_too_small_for_the_network_is_left_out(tmp_path: Path) -> None:
    pictures = [*PICTURES[:3], photo(20, 20, 9)]
    found = compare(
        pictures, ["gray"], ["psnr", "frechet_alexnet"], run_options=SINGLE, store=tmp_path,
        changes={"short_side": None},
    )  # fmt: skip
    assert found.set_summaries["frechet_alexnet"][0].n == 3
    (failure,) = found.metric_failures
    assert (failure.metric, failure.count) == ("frechet_alexnet", 1)
    assert "too small" in failure.error


@pytest.mark.slow
def test_a_metric_of_sets_that_fails_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(truth: np.ndarray, result: np.ndarray) -> float:
        raise ValueError("no distance")

    monkeypatch.setattr("colortk.harness.frechet.frechet", broken)
    found = compare(
        PICTURES[:2], ["gray"], NAMES, run_options=SINGLE, store=tmp_path,
        changes={"short_side": 64},
    )  # fmt: skip
    assert found.set_summaries["frechet_alexnet"] == [None]
    (failure,) = found.metric_failures
    assert "no distance" in failure.error


@pytest.mark.slow
def test_no_warning_with_enough_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("colortk.report.captions.MIN_SET_PICTURES", 3)
    found = compare(
        PICTURES[:3], ["gray"], NAMES, run_options=SINGLE, store=tmp_path,
        changes={"short_side": 64},
    )  # fmt: skip
    assert "FD-AlexNet" not in "\n".join(caption(found.summary()))
    assert set_scores.MIN_SET_PICTURES == 2000


def test_metrics_of_sets_score_no_single_picture() -> None:
    with pytest.raises(UsageError, match="scores sets of pictures, not pictures"):
        score(PICTURES[0], PICTURES[1], ["frechet_alexnet"])


def test_fid_needs_the_network_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTK_WEIGHTS", str(tmp_path))
    monkeypatch.delenv("COLORTK_INCEPTION", raising=False)
    assert set(registry().set_metrics()) == {"frechet_alexnet"}
    monkeypatch.setenv("COLORTK_INCEPTION", "inception.onnx")
    assert set(registry().set_metrics()) == {"frechet_alexnet", "fid", "kid"}
    assert "FID" not in registry().metric("frechet_alexnet").label
    assert {"features", "original_features"} <= set(ADDED)


def test_reference_of_few_is_the_reference() -> None:
    rng = np.random.default_rng(0)
    truth, result = rng.normal(size=(40, 5)), rng.normal(0.2, 1.3, (40, 5))
    assert reference_fid_of_few(truth, result) == pytest.approx(reference_fid(truth, result))
