"""``colortk diff``: p-values that agree with SciPy and with Holm's correction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from colortk.cli.main import invoke
from colortk.harness.score_differences import score_differences
from colortk.report.paired_tests import tests_table as table_of_tests
from comparisons import compared
from test_leaderboard import FEW, keep, parse_variant


def tables(shift: float, count: int = 9) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(8)
    lpips = rng.normal(0.3, 0.05, (count, 3))
    lpips[:, 1] = lpips[:, 0] + shift + rng.normal(0, 0.01, count)
    return {
        "lpips": lpips, "psnr": rng.normal(20, 3, (count, 3)), "ssim": lpips / 2 + 0.1,
    }  # fmt: skip


def test_few_pictures_have_the_p_values_of_students_test_corrected_by_holm() -> None:
    """With under ten pictures the test is Student's t of paired scores."""
    scores = tables(0.006)
    found = score_differences(compared(scores), "plugin1", "plugin0")
    assert [test.metric for test in found.tests] == ["lpips", "psnr", "ssim"]
    expected = []
    for test in found.tests:
        first, second = scores[test.metric][:, 1], scores[test.metric][:, 0]
        expected.append(stats.ttest_rel(first, second).pvalue)
        assert test.difference.p == pytest.approx(expected[-1])
        assert test.difference.mean == pytest.approx((first - second).mean())
        assert [mean.mean for mean in test.means if mean] == pytest.approx(
            [first.mean(), second.mean()]
        )
        better = first < second if test.metric == "lpips" else first > second
        assert (test.difference.wins, test.difference.n) == (better.sum(), 9)
    # Holm: the smallest times 3, the next times 2, never less than the one before.
    order = np.argsort(expected)
    running = np.maximum.accumulate([expected[k] * (3 - i) for i, k in enumerate(order)])
    corrected = {k: min(1, p) for k, p in zip(order, running, strict=True)}
    assert [test.p_holm for test in found.tests] == pytest.approx([corrected[k] for k in range(3)])


def test_one_metric_needs_no_correction_and_sorts_the_pictures() -> None:
    found = score_differences(compared(tables(0.1)), "plugin0", "plugin1", "psnr")
    (test,) = found.tests
    assert test.p_holm == test.difference.p
    gaps = [abs(row.difference) for row in found.pictures]
    assert gaps == sorted(gaps, reverse=True)
    head, (row,) = table_of_tests(found)
    assert dict(zip(head, row, strict=True))["p"] == f"{test.difference.p:.3f}"
    assert found.as_dict()["tests"][0]["difference"]["p"] == test.difference.p


def test_metrics_without_common_scores_are_left_out() -> None:
    scores = tables(0.1)
    scores["psnr"][:5, 0] = scores["psnr"][5:, 1] = np.nan
    found = score_differences(compared(scores), "plugin0", "plugin1")
    assert [test.metric for test in found.tests] == ["lpips", "ssim"]


def test_the_command_prints_p_values(tmp_path: Path, capsys: pytest.CaptureFixture[Any]) -> None:
    for plugin, off in (("gray", 0.0), ("mean_color", 2.0)):
        keep(tmp_path, parse_variant(plugin).key, FEW, off=off)
    assert invoke(["diff", "gray", "mean_color", "-m", "psnr", "--store", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("# gray minus mean_color, paired, 1 metric")
    assert lines[at + 1].split("\t")[3:6] == ["difference [95 %]", "p", "p (Holm)"]
    # Eight equal differences: the p-value is that of a sign test, 2 / 2^8.
    assert lines[at + 2].split("\t")[-4:] == ["0.008", "0.008", "0/0/8", "8"]
