"""Results of a comparison that was stopped do not count on the leaderboard until it ends."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from colortk.cli.main import invoke
from colortk.errors import EnvironmentProblem, Notice
from colortk.harness.board import Board
from colortk.harness.comparison import Comparison
from colortk.harness.leaderboard import boards
from colortk.harness.outcome import Outcome
from colortk.harness.plugin_variants import parse_variants
from colortk.harness.protocol import load_protocol
from colortk.harness.records import PictureRow, ResultRow
from colortk.harness.results import RESULTS_FILE, Results
from colortk.harness.run_options import RunOptions
from colortk.harness.runner import run_pictures
from colortk.harness.sources import Source
from colortk.harness.tasks import Task, TaskResult
from colortk.plugin.registry import registry
from colortk.report.captions import caption

PROTOCOL = load_protocol()
DATA = [f"not decoded {number}".encode() for number in range(8)]
SOURCES = [
    Source(f"p{number}.png", hashlib.sha256(data).hexdigest(), data)
    for number, data in enumerate(DATA)
]


def score_task(task: Task) -> TaskResult:
    """Return a made-up score for each plugin of a task."""
    picture = PictureRow(task.picture, task.name, 9, 9, 30.0, 40.0, False)
    rows = {v.label: ResultRow(task.picture, v.key, {"psnr": 20.0}) for v in task.variants}
    return TaskResult(task.picture, task.name, picture, rows)


def stopped_at(name: str) -> Callable[[Task], TaskResult]:
    """Return a scoring function that is interrupted, as by Ctrl-C, at a picture."""

    def work(task: Task) -> TaskResult:
        if task.name == name:
            raise KeyboardInterrupt
        return score_task(task)

    return work


def score(
    store: Path,
    plugins: Sequence[str],
    sources: Sequence[Source] = SOURCES,
    work: Callable[[Task], TaskResult] = score_task,
) -> Outcome:
    options = RunOptions(repeats=False)
    with Results(store) as results:
        return run_pictures(
            sources, parse_variants(plugins), ["psnr"], PROTOCOL, results, options, work=work
        )


def read_boards(store: Path) -> list[Board]:
    with Results(store) as results:
        return boards(results)


def rows_of(board: Board) -> dict[str, int]:
    return {row.name: row.pictures for row in board.plugins}


def test_a_stopped_comparison_reduces_no_board_and_counts_when_it_is_resumed(
    tmp_path: Path,
) -> None:
    score(tmp_path, ["gray"])
    with pytest.raises(KeyboardInterrupt):
        score(tmp_path, ["gray", "mean_color"], work=stopped_at("p5.png"))
    with pytest.warns(Notice, match=r"mean_color: 5 of 8 results .* again to finish it"):
        (board,) = read_boards(tmp_path)
    assert (board.images, rows_of(board)) == (8, {"gray": 8})
    score(tmp_path, ["gray", "mean_color"])
    (board,) = read_boards(tmp_path)  # a Notice would be an error
    assert (board.images, rows_of(board)) == (8, {"gray": 8, "mean_color": 8})


def test_results_of_a_comparison_that_ended_stay_when_a_larger_one_is_stopped(
    tmp_path: Path,
) -> None:
    score(tmp_path, ["gray"])
    score(tmp_path, ["mean_color"], SOURCES[:4])
    with pytest.raises(KeyboardInterrupt):
        score(tmp_path, ["mean_color"], work=stopped_at("p6.png"))
    with pytest.warns(Notice, match="mean_color: 2 of 4 results"):
        (board,) = read_boards(tmp_path)
    assert (board.images, rows_of(board)) == (4, {"gray": 4, "mean_color": 4})
    score(tmp_path, ["mean_color"], SOURCES[3:6])  # this comparison has the two results, and ends
    (board,) = read_boards(tmp_path)
    assert (board.images, rows_of(board)) == (6, {"gray": 6, "mean_color": 6})


def test_the_plan_is_stored_before_the_first_picture_is_scored(tmp_path: Path) -> None:
    """Then a killed process leaves it."""
    counts = []

    def work(task: Task) -> TaskResult:
        with sqlite3.connect(tmp_path / RESULTS_FILE) as other:
            counts.append(other.execute("SELECT count(*) FROM planned").fetchone()[0])
        other.close()
        return score_task(task)

    score(tmp_path, ["gray", "mean_color"], work=work)
    assert counts == [16] * 8
    with sqlite3.connect(tmp_path / RESULTS_FILE) as other:
        for table in ("planned", "unfinished"):
            assert other.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    other.close()


def test_results_that_could_not_be_stored_leave_a_comparison_unfinished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = Results.add

    def refuse(self: Results, protocol: object, picture: PictureRow, *rest: object) -> None:
        if picture.name >= "p6":
            raise EnvironmentProblem("the disk is full")
        add(self, protocol, picture, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Results, "add", refuse)
    score(tmp_path, ["gray"])
    with pytest.warns(Notice, match="gray: 6 of 8"):
        assert read_boards(tmp_path) == []


def test_the_command_says_what_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLORTK_STORE", str(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        score(tmp_path, ["gray"], work=stopped_at("p2.png"))
    with pytest.warns(Notice, match="gray: 2 of 8 results are left out"):
        assert invoke(["leaderboard"]) == 0
    assert "no results of complete comparisons are stored" in capsys.readouterr().out


def crashing_from(name: str) -> Callable[[Task], TaskResult]:
    """Return a scoring function in which ``mean_color`` crashes from a picture on."""

    def work(task: Task) -> TaskResult:
        result = score_task(task)
        if task.name >= name and "mean_color" in result.rows:
            row = result.rows["mean_color"]
            result.rows["mean_color"] = replace(row, values={}, error="it died", fatal=True)
        return result

    return work


def test_a_plugin_that_was_given_up_counts_when_it_has_all_pictures(tmp_path: Path) -> None:
    plugins = ["gray", "mean_color"]
    outcome = score(tmp_path, plugins, work=crashing_from("p2.png"))
    assert outcome.skipped == {"mean_color": 1}
    with pytest.warns(Notice, match=r"mean_color: 7 of 8 .* gave the plugin up: 5 failed; .*retry"):
        (board,) = read_boards(tmp_path)
    assert (board.images, rows_of(board)) == (8, {"gray": 8})
    outcome = score(tmp_path, plugins, work=crashing_from("p9.png"))
    assert outcome.skipped == {}
    (board,) = read_boards(tmp_path)  # a Notice would be an error
    assert rows_of(board) == {"gray": 8, "mean_color": 8}
    assert [row.n for row in board.plugins] == [8, 3]
    assert board.plugins[1].group == ""


def test_a_plugin_that_was_given_up_has_no_rank_and_does_not_reduce_a_common_set(
    tmp_path: Path,
) -> None:
    variants, metrics = parse_variants(["gray", "mean_color"]), {"psnr": registry().metric("psnr")}
    outcome = score(tmp_path, ["gray", "mean_color"], work=crashing_from("p2.png"))
    for common in (False, True):
        summary = Comparison(PROTOCOL, SOURCES, variants, metrics, outcome, common=common).summary()
        assert summary.images == 8
        rows = {row.name: row for row in summary.plugins}
        assert (rows["mean_color"].n, rows["mean_color"].rank, rows["mean_color"].group) == (
            2, None, "",
        )  # fmt: skip
        assert (rows["gray"].skipped, rows["mean_color"].skipped) == (None, 1)
        (line,) = [line for line in caption(summary) if "given up" in line]
        assert "not run on 1 picture: mean_color" in line
        assert "its means are of 2 of 8" in line


def test_a_plugin_that_cannot_be_loaded_any_more_counts_with_its_finished_pictures(
    tmp_path: Path,
) -> None:
    def work(task: Task) -> TaskResult:
        result = score_task(task)
        if result.rows.pop("mean_color", None):
            result.unavailable["mean_color"] = "a file is missing"
        return result

    score(tmp_path, ["gray", "mean_color"], SOURCES[:5])
    outcome = score(tmp_path, ["gray", "mean_color"], work=work)
    assert outcome.skipped == {"mean_color": 3}
    with Results(tmp_path) as results:
        planned = results.unfinished(PROTOCOL.hash, parse_variants(["mean_color"])[0].key)
    assert planned == {source.picture for source in SOURCES[5:]}
