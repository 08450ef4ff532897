"""``colortk leaderboard``: which plugins are compared on which pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from colortk.cli.main import invoke
from colortk.harness.leaderboard import boards
from colortk.harness.plugin_variants import parse_variant
from colortk.harness.protocol import load_protocol
from colortk.harness.records import Key, PictureRow, Repeat, ResultRow
from colortk.harness.results import Results
from colortk.harness.runner import metric_digests

NOW = load_protocol()
FEW, MANY = [f"p{i}" for i in range(8)], [f"p{i}" for i in range(27)]


def keep(
    store: Path, key: Key, scored: Sequence[str], failed: Sequence[str] = (), off: float = 0.0
) -> None:
    """Store made-up scores: picture ``pN`` has a PSNR of N + ``off``."""
    with Results(store) as results:
        for sha in [*scored, *failed]:
            values = {"psnr": float(sha[1:]) + off}
            row = ResultRow(sha, key, values) if sha in scored else ResultRow(sha, key)
            row.error = None if sha in scored else "no reply on a picture within 1 s"
            picture = PictureRow(sha, f"somewhere/{sha}.png", 9, 9, 30.0, 40.0, False)
            results.add(NOW, picture, [row], metric_digests(["psnr"]))


def found(store: Path) -> list[dict[str, Any]]:
    with Results(store) as results:
        return [board.as_dict() for board in boards(results)]


def mean(pictures: Sequence[str]) -> float:
    return sum(float(sha[1:]) for sha in pictures) / len(pictures)


def old(plugin: str) -> Key:
    return replace(parse_variant(plugin).key, code="another")


def test_old_code_and_failures_do_not_reduce_the_common_pictures(
    tmp_path: Path,
) -> None:
    for plugin in ("gray", "mean_color"):
        keep(tmp_path, parse_variant(plugin).key, FEW)
    keep(tmp_path, replace(old("gray"), plugin="gone"), FEW[:5], off=50)  # old, without a failure
    keep(
        tmp_path, replace(old("gray"), plugin="broken"), [], FEW[:5]
    )  # stopped after five pictures
    keep(tmp_path, parse_variant("mean_chrominance").key, FEW[:4], FEW[4:6], off=50)
    (board,) = found(tmp_path)
    assert board["images"] == 8
    rows = {row["name"]: row for row in board["plugins"]}
    for name, pictures, failed in (
        ("gray", 8, 0),
        ("mean_color", 8, 0),
        ("gone", 5, 0),
        ("broken", 5, 5),
        ("mean_chrominance", 6, 2),
    ):
        assert (rows[name]["pictures"], rows[name]["failed"]) == (pictures, failed), name
    for name in ("gray", "mean_color"):
        assert (rows[name]["rank"], rows[name]["group"]) == (None, "a"), "the same scores"
        assert rows[name]["metrics"]["psnr"] == pytest.approx(mean(FEW))
    assert {rows[name]["group"] for name in ("gone", "broken", "mean_chrominance")} == {""}
    assert [row["n"] for row in board["plugins"]] == [8, 8, 5, 4, 0], "complete ones first"


def test_one_failure_among_many_pictures_reduces_the_common_pictures(tmp_path: Path) -> None:
    """Only pictures that a plugin failed on count against it, not pictures that it never got."""
    keep(tmp_path, parse_variant("gray").key, MANY)
    keep(tmp_path, parse_variant("mean_color").key, MANY[:20], MANY[20:21])
    (board,) = found(tmp_path)
    assert board["images"] == 21
    assert [(row["group"], row["n"]) for row in board["plugins"]] == [("a", 21), ("", 20)]


def test_protocols_v1_and_v2_have_separate_leaderboards(tmp_path: Path) -> None:
    """Protocol v1 left gray originals out of color metrics only."""
    for how in (NOW, load_protocol("v1")):
        with Results(tmp_path) as results:
            for n in range(8):
                values = {"psnr": 20.0 + n, "delta_e00": 9.0 - n}
                row = ResultRow(f"p{n}", parse_variant("gray").key, values)
                chroma = 1.0 if n < 2 else 30.0
                picture = PictureRow(f"p{n}", f"p{n}.png", 9, 9, chroma, 40.0, False)
                results.add(how, picture, [row], metric_digests(["psnr", "delta_e00"]))
    boards = {board["protocol"]["name"]: board for board in found(tmp_path)}
    assert {name: board["images"] for name, board in boards.items()} == {"v1": 8, "v2": 6}
    means = {name: board["plugins"][0]["metrics"] for name, board in boards.items()}
    assert means["v1"] == {"psnr": 23.5, "delta_e00": 4.5}
    assert means["v2"] == {"psnr": 24.5, "delta_e00": 4.5}
    assert boards["v2"]["gray_originals"] == ["p0.png", "p1.png"]


def test_the_leaderboard_names_its_ranking_metric(
    tmp_path: Path, colortk: Callable[..., Any]
) -> None:
    store = tmp_path / "store"
    store.mkdir()
    for number, plugin in enumerate(("gray", "mean_color", "mean_chrominance")):
        keep(store, parse_variant(plugin).key, MANY, off=3 * number)
    (board,) = found(store)
    assert board["ranking_metric"] == "psnr"
    assert [(r["name"], r["rank"], r["group"]) for r in board["plugins"]] == [
        ("mean_chrominance", 1, "a"), ("mean_color", 2, "b"), ("gray", 3, "c"),
    ]  # fmt: skip
    lines = colortk("leaderboard").stdout
    assert "# ranked by PSNR (higher is better)" in lines
    assert "# 3 comparisons of two plugins, each by itself at the 95 % level" in lines


def test_a_plugin_that_is_not_deterministic_is_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLORTK_STORE", str(tmp_path))
    differences = {"gray": 0.0, "mean_color": 3.0}
    with Results(tmp_path) as results:
        for plugin, difference in differences.items():
            row = ResultRow("p0", parse_variant(plugin).key, {"psnr": 20.0})
            row.repeat = Repeat(difference, 0.5)
            picture = PictureRow("p0", "p0.png", 9, 9, 30.0, 40.0, False)
            results.add(NOW, picture, [row], metric_digests(["psnr"]))
    (board,) = found(tmp_path)
    verdicts = {row["name"]: row["repeats"]["deterministic"] for row in board["plugins"]}
    assert verdicts == {"gray": True, "mean_color": False}
    assert invoke(["leaderboard"]) == 0
    text = capsys.readouterr().out
    assert "\tmean_color †\t" in text
    assert "gray †" not in text
    assert "# † mean_color is not deterministic: on 1 of 1 picture predicted twice" in text


def test_old_results_of_many_pictures_keep_their_leaderboard(tmp_path: Path) -> None:
    keep(tmp_path, parse_variant("gray").key, FEW)
    for plugin in ("gray", "mean_color"):
        keep(tmp_path, old(plugin), MANY)
    large, small = found(tmp_path)
    assert (large["images"], len(large["plugins"])) == (27, 2)
    assert (small["images"], len(small["plugins"])) == (8, 3)


def test_plugins_with_more_pictures_are_also_on_smaller_leaderboards(tmp_path: Path) -> None:
    for plugin in ("gray", "mean_color"):
        keep(tmp_path, parse_variant(plugin).key, MANY)
    keep(tmp_path, parse_variant("mean_chrominance").key, FEW, off=1)
    large, small = found(tmp_path)
    assert {row["name"] for row in large["plugins"]} == {"gray", "mean_color"}
    means = {row["name"]: row["metrics"]["psnr"] for row in small["plugins"]}
    assert means == pytest.approx(
        {"gray": mean(FEW), "mean_color": mean(FEW), "mean_chrominance": mean(FEW) + 1}
    )
    assert {row["pictures"] for row in small["plugins"]} == {8}
    assert small["set"] == hashlib.sha256("\n".join(sorted(FEW)).encode()).hexdigest()


def test_headings_distinguish_leaderboards_and_versions(
    tmp_path: Path, colortk: Callable[..., Any]
) -> None:
    store = tmp_path / "store"
    store.mkdir()
    keep(store, parse_variant("gray").key, FEW)
    keep(store, parse_variant("mean_color").key, [f"p{i}" for i in range(20, 28)])
    # Results of two versions without an artifact; the second has fewer pictures.
    bare = replace(parse_variant("effnet_bins").key, artifact="")
    keep(store, replace(bare, code="first"), FEW)
    keep(store, replace(bare, code="second"), FEW[:5])
    run = colortk("leaderboard")
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    heads = [line for line in lines if line.startswith("# protocol v2 (")]
    assert len(set(heads)) == 2
    for head in heads:
        assert f"({NOW.hash[:12]}), 8 pictures, set " in head
        name = f"# set {head.rpartition(' ')[2]}: "
        assert sum(line.startswith(name) for line in lines) == 1
    assert any(line.endswith(": p0.png, p1.png, p2.png and 5 more") for line in lines)
    names = [line.split("\t")[2] for line in lines if "\teffnet_bins" in line]
    codes = [hashlib.sha256(code.encode()).hexdigest()[:8] for code in ("first", "second")]
    assert sorted(names) == sorted(f"effnet_bins (old, {code})" for code in codes)


def test_results_of_another_refinement_count_as_current_code(tmp_path: Path) -> None:
    how = NOW.varied(refine="none")
    with Results(tmp_path) as results:
        for key in (
            parse_variant("gray", "none").key,
            replace(parse_variant("gray").key, code="0" * 32),
        ):
            row = ResultRow("p0", key, {"psnr": 20.0})
            results.add(how, PictureRow("p0", "p0", 9, 9, 9.0, 1.0, False), [row], {})
        (board,) = boards(results)
    assert [row.current for row in board.plugins] == [True]


def test_names_of_protocols_are_quoted(tmp_path: Path, colortk: Callable[..., Any]) -> None:
    store = tmp_path / "store"
    store.mkdir()
    keep(store, parse_variant("gray").key, FEW)
    with Results(store) as results:
        how = NOW.varied(short_side=None)
        results.add(how, PictureRow("p0", "p0", 9, 9, 1.0, 1.0, False), [], {})
    run = colortk("leaderboard", "--protocol", "zzz")
    assert run.returncode == 2
    assert "there are: 'v2', 'v2, native'\n" in run.stderr
