"""``colortk leaderboard``: who is compared on which pictures, and what says so."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from colortk.harness.entries import entry
from colortk.harness.leaderboard import boards
from colortk.harness.protocol import protocol
from colortk.harness.records import Key, PictureRow, ResultRow
from colortk.harness.results import Results
from colortk.harness.runner import metric_codes

V1 = protocol()
FEW, MANY = [f"p{i}" for i in range(8)], [f"p{i}" for i in range(27)]


def keep(
    store: Path, key: Key, scored: Sequence[str], failed: Sequence[str] = (), off: float = 0.0
) -> None:
    """Keep made-up scores: picture ``pN`` has a PSNR of N + ``off``."""
    with Results(store) as results:
        for sha in [*scored, *failed]:
            values = {"psnr": float(sha[1:]) + off}
            row = ResultRow(sha, key, values) if sha in scored else ResultRow(sha, key)
            row.error = None if sha in scored else "no answer on a picture in 1 s"
            picture = PictureRow(sha, f"somewhere/{sha}.png", 9, 9, 30.0, 40.0, False)
            results.add(V1, picture, [row], metric_codes(["psnr"]))


def found(store: Path) -> list[dict[str, Any]]:
    with Results(store) as results:
        return boards(results)


def mean(pictures: Sequence[str]) -> float:
    return sum(float(sha[1:]) for sha in pictures) / len(pictures)


def old(plugin: str) -> Key:
    return replace(entry(plugin).key, code="another")


def test_neither_old_code_nor_failures_narrow_what_the_others_are_scored_on(
    tmp_path: Path,
) -> None:
    for plugin in ("gray", "mean_color"):
        keep(tmp_path, entry(plugin).key, FEW)
    keep(tmp_path, replace(old("gray"), plugin="gone"), FEW[:5], off=50)  # old, without a failure
    keep(tmp_path, replace(old("gray"), plugin="broken"), [], FEW[:5])  # given up after five
    keep(tmp_path, entry("mean_chrominance").key, FEW[:4], FEW[4:6], off=50)
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
        assert rows[name]["rank"] == 1
        assert rows[name]["metrics"]["psnr"] == pytest.approx(mean(FEW))
    assert {rows[name]["rank"] for name in ("gone", "broken", "mean_chrominance")} == {None}
    assert [row["rank"] for row in board["plugins"]] == [1, 1, None, None, None]


def test_one_failure_among_many_pictures_narrows_as_ever(tmp_path: Path) -> None:
    """A plugin with a rare failure must not lose its rank to pictures that it was never given."""
    keep(tmp_path, entry("gray").key, MANY)
    keep(tmp_path, entry("mean_color").key, MANY[:20], MANY[20:21])
    (board,) = found(tmp_path)
    assert board["images"] == 21
    assert {row["rank"] for row in board["plugins"]} == {1}


def test_old_results_of_many_pictures_keep_their_board(tmp_path: Path) -> None:
    keep(tmp_path, entry("gray").key, FEW)
    for plugin in ("gray", "mean_color"):
        keep(tmp_path, old(plugin), MANY)
    large, small = found(tmp_path)
    assert (large["images"], len(large["plugins"])) == (27, 2)
    assert (small["images"], len(small["plugins"])) == (8, 3)


def test_who_was_scored_on_more_is_on_the_smaller_board_too(tmp_path: Path) -> None:
    for plugin in ("gray", "mean_color"):
        keep(tmp_path, entry(plugin).key, MANY)
    keep(tmp_path, entry("mean_chrominance").key, FEW, off=1)
    large, small = found(tmp_path)
    assert {row["name"] for row in large["plugins"]} == {"gray", "mean_color"}
    means = {row["name"]: row["metrics"]["psnr"] for row in small["plugins"]}
    assert means == pytest.approx(
        {"gray": mean(FEW), "mean_color": mean(FEW), "mean_chrominance": mean(FEW) + 1}
    )
    assert {row["pictures"] for row in small["plugins"]} == {8}
    assert small["set"] == hashlib.sha256("\n".join(sorted(FEW)).encode()).hexdigest()


def test_headings_and_names_tell_boards_and_versions_apart(
    tmp_path: Path, colortk: Callable[..., Any]
) -> None:
    store = tmp_path / "store"
    store.mkdir()
    keep(store, entry("gray").key, FEW)
    keep(store, entry("mean_color").key, [f"p{i}" for i in range(20, 28)])
    # Weights that it now has and had not, in two versions; the last has fewer pictures.
    bare = replace(entry("effnet_bins").key, artifact="")
    keep(store, replace(bare, code="first"), FEW)
    keep(store, replace(bare, code="second"), FEW[:5])
    run = colortk("leaderboard")
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    heads = [line for line in lines if line.startswith("# protocol v1 (")]
    assert len(set(heads)) == 2
    for head in heads:
        assert f"({V1.hash[:12]}), 8 pictures, set " in head
        name = f"# set {head.rpartition(' ')[2]}: "
        assert sum(line.startswith(name) for line in lines) == 1
    assert any(line.endswith(": p0.png, p1.png, p2.png and 5 more") for line in lines)
    names = [line.split("\t")[1] for line in lines if "effnet_bins" in line]
    codes = [hashlib.sha256(code.encode()).hexdigest()[:8] for code in ("first", "second")]
    assert sorted(names) == sorted(f"effnet_bins (old, {code})" for code in codes)


def test_results_of_another_refinement_are_of_the_code_of_now(tmp_path: Path) -> None:
    how = V1.varied(refine="none")
    with Results(tmp_path) as results:
        for key in (entry("gray", "none").key, replace(entry("gray").key, code="0" * 32)):
            row = ResultRow("p0", key, {"psnr": 20.0})
            results.add(how, PictureRow("p0", "p0", 9, 9, 9.0, 1.0, False), [row], {})
        (board,) = boards(results)
    assert [row["current"] for row in board["plugins"]] == [True]


def test_names_of_protocols_are_quoted(tmp_path: Path, colortk: Callable[..., Any]) -> None:
    store = tmp_path / "store"
    store.mkdir()
    keep(store, entry("gray").key, FEW)
    with Results(store) as results:
        how = V1.varied(short_side=None)
        results.add(how, PictureRow("p0", "p0", 9, 9, 1.0, 1.0, False), [], {})
    run = colortk("leaderboard", "--protocol", "zzz")
    assert run.returncode == 2
    assert "there are: 'v1', 'v1, native'\n" in run.stderr
