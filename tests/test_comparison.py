"""Statements of the tables agree with the scores that they are computed from."""

from __future__ import annotations

import re

import numpy as np
import pytest

from colortk.report import captions, text_tables
from colortk.report.verdict_notes import pairing_title, verdict_lines
from colortk.report.wording import plural
from comparisons import compared
from simulations import score_table


@pytest.mark.parametrize("seed", range(12))
def test_the_caption_agrees_with_the_scores(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = score_table(rng)
    if seed % 3 == 0:
        scores[: int(rng.integers(1, 5)), 0] = np.nan
    metric = "psnr" if seed % 2 else "lpips"
    sign = 1 if metric == "psnr" else -1
    found = compared({metric: scores})
    report = found.summary(per_image=True)
    lines = " ".join(verdict_lines(report))
    head, rows = text_tables.ranking_table(report, [metric])
    shown = {row[2]: dict(zip(head, row, strict=True)) for row in rows}
    width = scores.shape[1]
    full = [k for k in range(width) if not np.isnan(scores[:, k]).any()]

    assert f"ranked by {'PSNR (higher' if sign > 0 else 'LPIPS (lower'} is better)" in lines
    by_mean = sorted(full, key=lambda k: -sign * scores[:, k].mean())
    assert [row[2] for row in rows][: len(full)] == [f"plugin{k}" for k in by_mean]
    pairs = {frozenset((p.first, p.second)): p for p in report.pairs[metric]}
    told = re.search(r"(\d+) comparisons? of two plugins", lines)
    assert told is not None
    assert int(told[1]) == len(full) * (len(full) - 1) // 2
    apart = dict.fromkeys(full, 0)
    for a in full:
        for b in full:
            if a < b:
                low, high = pairs[frozenset((f"plugin{a}", f"plugin{b}"))].ci95
                outside = not low <= 0 <= high
                groups = [set(shown[f"plugin{k}"]["group"]) for k in (a, b)]
                assert bool(groups[0] & groups[1]) != outside
                apart[a] += outside
                apart[b] += outside
    for k in full:
        alone = len(full) > 1 and apart[k] == len(full) - 1
        place = str(by_mean.index(k) + 1) if alone else "-"
        assert shown[f"plugin{k}"]["rank"] == place
    for k in set(range(width)) - set(full):
        count = int((~np.isnan(scores[:, k])).sum())
        row = shown[f"plugin{k}"]
        assert (row["rank"], row["group"], row["pictures"]) == (
            "-",
            "-",
            f"{count} of {len(scores)}",
        )
        assert f"plugin{k} ({count} of {len(scores)})" in lines
    paired = pairing_title(report, [metric])
    made = len(text_tables.paired_table(report, [metric])[1])
    assert f": {plural(made, 'comparison')}, each by itself" in paired
    assert "±" not in str(rows)


def test_intervals_of_skewed_scores_are_not_symmetric() -> None:
    scores = np.random.default_rng(1).lognormal(0, 1, (40, 2))
    report = compared({"mse": scores}).summary()
    for plugin in report.plugins:
        found = plugin.metrics["mse"]
        low, high = found.ci95
        assert high - found.mean > 1.2 * (found.mean - low)
        assert f"[{low:.1f}, {high:.1f}]" in str(text_tables.ranking_table(report, ["mse"]))


def test_gray_originals_do_not_rank_the_gray_plugin_first() -> None:
    """`plugin0` is perfect on gray pictures and bad on others, as `gray` is."""
    scores = np.array([[100.0, 40.0]] * 5 + [[20.0, 25.0], [21.0, 26.5]])
    found = compared({"psnr": scores}, gray=range(5))
    report = found.summary()
    assert [(e.name, e.metrics["psnr"].mean) for e in report.plugins] == [
        ("plugin1", 25.75), ("plugin0", 20.5),
    ]  # fmt: skip
    assert report.gray_originals == [f"{k}.png" for k in range(5)]
    assert "5 gray originals, left out of every metric" in " ".join(captions.caption(report))
    kept = compared({"psnr": scores}, gray=range(5), keep_gray=True)
    assert kept.summary().plugins == report.plugins
    assert kept.gray is not None
    assert [e.metrics["psnr"].mean for e in kept.gray.summary().plugins] == [100, 40]
    old = compared({"psnr": scores, "ab_rmse": scores}, gray=range(5), name="v1").summary()
    numbers = {m: old.plugins[0].metrics[m].n for m in ("psnr", "ab_rmse")}
    assert numbers == {"psnr": 7, "ab_rmse": 2}, "as v1 was"
    head, _ = text_tables.ranking_table(old, ["psnr", "ab_rmse"])
    assert head[3:5] == ["PSNR ↑ (n=7)", "ab-RMSE ↓ (n=2)"]


def test_failing_on_the_worst_pictures_does_not_help() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        scores = score_table(rng, 4)
        before = compared({"psnr": scores}).summary().plugins
        k = int(rng.integers(4))
        gaps = scores.copy()
        gaps[np.argsort(scores[:, k])[:3], k] = np.nan
        found = compared({"psnr": gaps})
        after = [e.name for e in found.summary().plugins]
        assert after == [e.name for e in before if e.name != f"plugin{k}"] + [f"plugin{k}"]
        assert found.variants[found.best or 0].label != f"plugin{k}"
        common = compared({"psnr": gaps}, common=True).summary()
        assert common.images == len(scores) - 3
        assert {e.n for e in common.plugins} == {len(scores) - 3}


def test_the_column_of_a_metric_counts_its_missing_scores() -> None:
    rng = np.random.default_rng(3)
    whole, part = rng.normal(20, 1, (12, 2)), rng.normal(20, 1, (12, 2))
    part[:4, 0] = np.nan
    report = compared({"psnr": whole, "ssim": part}).summary()
    head, rows = text_tables.ranking_table(report, ["psnr", "ssim"])
    assert head[3:5] == ["PSNR ↑ (n=12)", "SSIM ↑ (n=8–12)"]
    by_name = {row[2]: row for row in rows}
    assert by_name["plugin0"][4].endswith("(n=8)")
    assert by_name["plugin1"][4].endswith("(n=12)")
    first = compared({"ssim": part}).summary()
    assert first.plugins[-1].name == "plugin0", "the measure that ranks lacks scores"
    assert first.plugins[-1].group == ""


def test_few_pictures_come_with_a_warning() -> None:
    scores = np.random.default_rng(4).normal(20, 1, (9, 3))
    warning = "under 10 pictures: intervals are Student's t"
    assert warning in " ".join(verdict_lines(compared({"psnr": scores}).summary()))
    more = np.vstack([scores, scores[:1] + 1])
    assert warning not in " ".join(verdict_lines(compared({"psnr": more}).summary()))


def test_the_table_names_the_family_of_corrected_pairs() -> None:
    scores = np.random.default_rng(5).normal(20, 1, (30, 3))
    report = compared({"psnr": scores}, family=("plugin0", "plugin2")).summary()
    lines = " ".join(verdict_lines(report))
    assert "except the family plugin0, plugin2: corrected together (Holm)" in lines
