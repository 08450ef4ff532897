"""Batches in this process: outputs, their order, reports and full disks."""

from __future__ import annotations

import errno
import itertools
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from batches import results, run, tree
from colortk.batch.inputs import InputItem
from colortk.batch.options import BatchOptions
from colortk.batch.outputs import OutputPlanner
from colortk.batch.parallel import colorize_parallel, job_count
from colortk.batch.prestart import PICTURES_PER_CORE
from colortk.batch.results import FileResult
from colortk.batch.tracker import OutputTracker
from colortk.batch.worker import PictureTask
from colortk.cli.run_report import JsonLinesReport
from colortk.errors import UsageError
from colortk.runtime.subprocesses import cores


def test_a_tree_of_folders_keeps_its_structure(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree(place / "in", "a.png", "x/a.png", "x/y/b.jpg")
    assert run("in", "-r", "-o", "made/out", "--ext", "tif") == 0
    assert results(place / "made" / "out") == ["a.tif", "x/a.tif", "x/y/b.tif"]
    assert capsys.readouterr().err == "colortk: 3 colorized, 0 failed\n"
    assert run("in", "-r") == 0
    assert (place / "in" / "x" / "a-colorized.png").exists()
    capsys.readouterr()
    assert run("in", "-r", "--skip-existing") == 0
    assert "0 colorized, 6 skipped, 0 failed" in capsys.readouterr().err
    (place / "list").write_text("in/x/a.png\nin/a.png\n")
    assert run("--input-list", "list", "-o", "flat") == 1
    assert results(place / "flat") == ["a.png"]
    assert "is already the output of 'in/x/a.png'" in capsys.readouterr().err


def test_pictures_of_a_folder_need_an_output_folder(place: Path) -> None:
    tree(place / "in", "a.png")
    assert run("in", "-o", "out.png") == 2
    assert run("in", "-o", "in/a.png") == 2
    assert run("in", "empty", "-o", "-") == 2
    assert results(place) == ["in/a.png"]


def test_many_errors_are_repeated_at_the_end(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = [f"{number:02}.png" for number in range(30)]
    bad = [f"{number:02}.txt" for number in range(25)]
    tree(place, *good, *bad)
    assert run(*good, *bad, "--jobs", "1", "--report", "report") == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 25 + 1 + 20 + 1 + 1
    assert lines[25] == "colortk: 25 failed:"
    assert "19.txt" in lines[45]
    assert lines[46] == "colortk:   and 5 more (see 'report' for all of them)"
    assert lines[47] == "colortk: 30 colorized, 25 failed"
    rows = [json.loads(line) for line in (place / "report").read_text().splitlines()]
    assert sum(row["error"] is not None for row in rows) == 25
    assert len(rows) == 55
    assert run("00.png", "--report", "report") == 2, "a report is not overwritten"


def test_report_lines_are_complete_and_wait_for_disk_space(place: Path) -> None:
    resource = pytest.importorskip("resource", reason="it limits the size of files")
    report = JsonLinesReport(place / "report", force=False, resume=False)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        for number in range(9):
            report.add(FileResult(f"{number}.png", None, "gray"))
        told = (place / "report").read_bytes()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    # The last write failed or wrote a part, depending on the length of the line.
    assert report.problem in (os.strerror(errno.EFBIG), os.strerror(errno.ENOSPC))
    assert told.endswith(b"\n")
    assert 0 < len(told.splitlines()) < 9
    report.flush()
    assert not report.problem
    report.close()
    rows = [json.loads(line) for line in (place / "report").read_text().splitlines()]
    assert [row["input"] for row in rows] == [f"{number}.png" for number in range(9)]


def test_many_pictures_get_worker_processes() -> None:
    assert job_count([InputItem("a")] * PICTURES_PER_CORE * cores(), None) == 1
    assert job_count([InputItem("a")] * (PICTURES_PER_CORE * cores() + 1), None) == cores()
    assert job_count([InputItem("a")] * 3, 8) == 3
    assert job_count([InputItem("-")] * 99, None) == 1
    with pytest.raises(UsageError, match="standard input"):
        job_count([InputItem("-"), InputItem("a")], 2)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], bool]], None]:
    """Simulate a disk that accepts a file only while a function returns true."""

    def limit(has_room: Callable[[], bool]) -> None:
        def sync(_: int) -> None:
            if not has_room():
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("os.fsync", sync)

    return limit


def test_a_full_disk_ends_a_batch(
    place: Path,
    room: Callable[[Callable[[], bool]], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    tree(place / "in", *(f"{number}.png" for number in range(9)))
    room(lambda: len(results(place / "out")) < 3)  # one of them is the file that is being written
    assert run("in", "-o", "out", "--jobs", "1") == 1
    full = "No space left on device"
    assert capsys.readouterr().err.splitlines() == [
        *(f"colortk: cannot write '{Path(f'out/{number}.png')}': {full}" for number in (2, 3, 4)),
        "colortk: the disk is full: 2 of 9 done"
        " (free some disk space and run the same command with --resume to finish)",
        "colortk: 2 colorized, 3 failed",
    ]
    assert results(place / "out") == ["0.png", "1.png"]
    room(lambda: True)
    assert run("in", "-o", "out", "--resume") == 0
    assert capsys.readouterr().err == "colortk: 7 colorized, 2 already done, 0 failed\n"


def test_a_batch_continues_while_small_results_still_fit(
    place: Path,
    room: Callable[[Callable[[], bool]], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    tree(place / "in", *(f"{number}.png" for number in range(9)))
    written = itertools.count(1)
    room(lambda: next(written) % 3 == 0)
    assert run("in", "-o", "out", "--jobs", "1") == 1
    assert capsys.readouterr().err.endswith(
        "No space left on device\ncolortk: 3 colorized, 6 failed\n"
    )


def test_intermediates_are_written_before_the_result(
    place: Path, room: Callable[[Callable[[], bool]], None]
) -> None:
    """If the result came first, a picture without intermediates would count as done."""
    tree(place / "in", "a.png", "b.png")
    room(lambda: False)
    assert run("in", "-o", "out", "--keep-intermediates") == 1
    assert results(place / "out") == []
    room(lambda: True)
    assert run("in", "-o", "out", "--keep-intermediates", "--resume") == 0
    assert len(results(place / "store" / "predicted")) == 8


class SlowPool:
    """A pool that finishes the last task first, and fails for pictures named "bad"."""

    def __init__(self, capacity: int) -> None:
        self.tasks: list[PictureTask] = []
        self.submitted: list[str] = []
        self._capacity = capacity

    def __enter__(self) -> SlowPool:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def has_capacity(self) -> bool:
        return len(self.tasks) < self._capacity

    @property
    def is_busy(self) -> bool:
        return bool(self.tasks)

    def submit(self, task: PictureTask) -> None:
        self.tasks.append(task)
        self.submitted.append(task.name)

    def collect(self) -> list[tuple[PictureTask, FileResult]]:
        task = self.tasks.pop()
        result = FileResult(task.name, "in other words", "gray")
        if "bad" in task.name:
            return [(task, replace(result, error="bad", no_room="full" in task.name))]
        assert task.target.path is not None
        Path(task.target.path).write_bytes(b"result")
        return [(task, result)]


def run_slowly(files: list[str], pool: SlowPool) -> tuple[list[FileResult], OutputTracker]:
    """Return the results of a batch with `-o out`, and its tracker."""
    Path("out").mkdir()
    options = BatchOptions(output=Path("out"))
    tracker = OutputTracker(options)
    plans = OutputPlanner(options).plan([InputItem(name) for name in files])
    return list(colorize_parallel(plans, tracker, pool, "gray")), tracker


@pytest.mark.parametrize("capacity", [1, 2, 5])
def test_the_first_of_two_pictures_gets_the_output(capacity: int, place: Path) -> None:
    tree(place, "a/same.png", "b/same.png", "c/same.png", "bad/x.png", "a/x.png", "a/z.png")
    (place / "b" / "y.png").mkdir()
    tree(place, "c/y.png")
    files = [
        "a/same.png", "b/same.png", "bad/x.png", "a/x.png", "c/same.png", "a/z.png", "no.png",
        "b/y.png", "c/y.png",
    ]  # fmt: skip
    pool = SlowPool(capacity)
    results, _ = run_slowly(files, pool)
    by_name = {result.input: result for result in results}
    assert sorted(by_name) == sorted(files)
    errors = {name: result.error for name, result in by_name.items() if result.error}
    taken = "'out/same.png' is already the output of 'a/same.png'"
    hint = "(give the pictures different output folders)"
    assert errors == {
        "b/same.png": f"{taken} {hint}",
        "c/same.png": f"{taken} {hint}",
        "bad/x.png": "bad",
        "a/x.png": f"'out/x.png' is already the output of 'bad/x.png' {hint}",
        "no.png": "cannot read 'no.png': there is no such file",
        "b/y.png": "cannot read 'b/y.png': it is a directory (name the pictures in it: b/y.png/*)",
    }
    assert by_name["c/y.png"].output == "out/y.png", "a picture that is refused has no output"
    assert sorted(pool.submitted) == ["a/same.png", "a/z.png", "bad/x.png", "c/y.png"]


def test_a_full_disk_starts_no_new_task_and_finishes_open_tasks(place: Path) -> None:
    files = [
        "bad-full-1.png",
        "2.png",
        *(f"bad-full-{number}.png" for number in range(3, 9)),
        "9.png",
    ]
    tree(place, *files)
    pool = SlowPool(2)
    results, tracker = run_slowly(files, pool)
    # The second task finishes before the first; then three fail for lack of space while a fourth is open.
    assert tracker.disk_full
    assert [result.input for result in results if result.error is None] == ["2.png"]
    assert len(results) == len(pool.submitted) == 5
    assert not pool.is_busy
