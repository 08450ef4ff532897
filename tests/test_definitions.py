"""Every table prints definitions of its metrics, and the definitions are correct."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from skimage.color import rgb2lab

from colortk.harness.compare import compare
from colortk.metrics import score
from colortk.plugin.registry import registry
from colortk.report import captions
from colortk.report.markdown import to_markdown
from colortk.report.notebook import to_notebook_html
from conftest import photo
from reports import html_of, make_report

ORIGINAL, RESULT = photo(64, 64, 1), photo(64, 64, 2)


def definition(name: str) -> str:
    return registry().metric(name).definition


def test_every_built_in_metric_has_a_definition() -> None:
    for name in {
        **registry().metrics(),
        **registry().metrics(films=True),
        **registry().set_metrics(),
    }:
        assert len(definition(name)) > 30, name


def test_ab_rmse_is_sqrt_2_times_the_rmse_per_channel() -> None:
    assert "√2 times the RMSE per channel" in definition("ab_rmse")
    delta = (rgb2lab(RESULT) - rgb2lab(ORIGINAL))[..., 1:]
    per_channel = math.sqrt(np.mean(delta**2))
    found = score(RESULT, ORIGINAL, ["ab_rmse"])["ab_rmse"]
    assert found == pytest.approx(math.sqrt(2) * per_channel, rel=1e-3)


def test_psnr_ab_uses_the_documented_peak() -> None:
    assert "peak 255 (a peak of 220 gives 1.28 dB less)" in definition("psnr_ab")
    mse = np.mean((rgb2lab(RESULT) - rgb2lab(ORIGINAL))[..., 1:] ** 2)
    found = score(RESULT, ORIGINAL, ["psnr_ab"])["psnr_ab"]
    assert found == pytest.approx(10 * math.log10(255**2 / mse), abs=1e-3)
    assert found - 10 * math.log10(220**2 / mse) == pytest.approx(1.28, abs=0.01)


def test_ssim_uses_the_documented_window() -> None:
    from skimage.metrics import structural_similarity

    assert "window 11 × 11, σ 1.5, K1 = 0.01, K2 = 0.03, range 255" in definition("ssim")
    wanted = structural_similarity(
        ORIGINAL, RESULT, channel_axis=2, data_range=255, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False, K1=0.01, K2=0.03,
    )  # fmt: skip
    assert score(RESULT, ORIGINAL, ["ssim"])["ssim"] == pytest.approx(wanted, abs=1e-5)


def test_tables_in_every_format_print_metric_definitions(tmp_path: Path) -> None:
    found = compare(photo(40, 40), ["gray"], ["ab_rmse", "psnr_ab"], store=tmp_path)
    lines = captions.definitions(found.summary().metrics, ["ab_rmse", "psnr_ab"])
    assert lines == [
        f"ab-RMSE: {definition('ab_rmse')}",
        f"PSNR ab: {definition('psnr_ab')}",
    ]
    plain = to_markdown(found).replace("\\", "")
    for line in lines:
        assert f"- {line}" in plain
        assert line in to_notebook_html(found)
    assert found.as_dict()["metrics"]["ab_rmse"]["definition"] == definition("ab_rmse")
    report = make_report()
    report.metrics["psnr"] = replace(report.metrics["psnr"], definition="peak 255 & more")
    assert "<dt>PSNR</dt><dd>peak 255 &amp; more</dd>" in html_of(summary=report)


@pytest.mark.slow
def test_the_terminal_prints_definitions_too(folder: Path, colortk: object) -> None:
    run = colortk("compare", folder / "0.png", "-p", "gray", "-m", "psnr")  # type: ignore[operator]
    assert f"# PSNR: {definition('psnr')}" in run.stdout.splitlines()
    board = colortk("leaderboard")  # type: ignore[operator]
    assert f"# PSNR: {definition('psnr')}" in board.stdout.splitlines()
