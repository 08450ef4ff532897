"""The journal of a batch, and ``--resume``."""

from __future__ import annotations

import errno
import json
import os
import threading
from pathlib import Path

import pytest
from PIL import Image

from batches import GRAY, results, run, tree
from colortk.batch.inputs import InputItem
from colortk.batch.journal import Journal
from colortk.batch.options import BatchOptions
from colortk.batch.outputs import OutputPlanner
from colortk.batch.plan import PlannedFile
from colortk.batch.tracker import OutputTracker


def test_resume_processes_only_the_missing_pictures(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tree(place / "in", "a.png", "b.png", "c.png", "bad.jpg")
    (folder / "bad.jpg").write_text("no picture")
    assert run("in", "-o", "out", "--report", "report", "--resume") == 1, "also at the first start"
    out = place / "out"
    before = {name: (out / name).stat().st_mtime_ns for name in results(out)}
    (out / "b.png").unlink()
    (out / "c.png").write_bytes(b"another size")
    Image.fromarray(GRAY).save(folder / "bad.jpg")
    capsys.readouterr()
    assert run("in", "-o", "out", "--resume", "--report", "report") == 1
    told = capsys.readouterr()
    assert told.out.split() == [os.path.join("out", "b.png"), os.path.join("out", "bad.jpg")]
    assert told.err.splitlines() == [
        f"colortk: '{Path('out/c.png')}' exists: made with other settings, or changed since"
        " (use --force to overwrite or --skip-existing)",
        "colortk: 2 colorized, 1 already done, 1 failed",
    ]
    assert run("in", "-o", "out", "--resume", "--force") == 0
    assert (out / "a.png").stat().st_mtime_ns == before["a.png"]
    rows = [json.loads(line) for line in (place / "report").read_text().splitlines()]
    last = {row["input"]: row for row in rows}
    assert len(rows) == 7, "a result of an earlier run is not reported again"
    assert [Path(name).name for name, row in last.items() if row["error"]] == ["c.png"]


def test_resume_knows_the_picture_and_the_settings(place: Path) -> None:
    folder = tree(place / "in", "a.png", "b.png")
    assert run("in", "-o", "out") == 0
    assert run("in", "-o", "out", "--resume") == 0
    assert run("in", "-o", "out", "--resume", "--strength", "0.5") == 1, "other settings"
    assert run("in", "-o", "other", "--resume") == 0
    assert len(results(place / "other")) == 2, "another folder"
    os.utime(folder / "b.png", ns=(1, 1))
    assert run("in", "-o", "out", "--resume") == 1, "another picture under that name"


def journal(place: Path, resumes: bool = True) -> Journal:
    return Journal(place / "store", {"plugin": "gray"}, resumes)


def plan(names: list[str], journal: Journal) -> list[PlannedFile]:
    """Return the plans of a run with `-o out`."""
    planner = OutputPlanner(BatchOptions(output=Path("out")), journal)
    return planner.plan([InputItem(name) for name in names])


def test_an_output_that_was_begun_and_exists_counts_as_done(place: Path) -> None:
    names = ("a", "b", "c", "d")
    tree(place, *(f"{name}.png" for name in names), *(f"out/{name}.png" for name in names))
    stopped = journal(place)
    for name in ("a", "b", "c"):
        stopped.begin(f"{name}.png", Path(f"out/{name}.png"), force=name == "c")
    stopped.end("b.png", Path("out/b.png"), success=False)
    first, *others = plan([f"{name}.png" for name in names], journal(place))
    assert (first.target, first.resumed) == (None, True)
    for planned in others:
        assert planned.target is None
        assert "exists" in (planned.error or "")


def test_open_outputs_are_recorded_at_the_end(place: Path) -> None:
    tree(place, "a.png", "b.png", "out/x.txt")
    stopped = journal(place)
    tracker = OutputTracker(BatchOptions(output=Path("out")), stopped)
    for planned in plan(["a.png", "b.png"], stopped):
        assert tracker.begin(planned, planned.result("gray"))
    tree(place, "out/a.png")
    tracker.close()
    tree(place, "out/b.png")  # a line of another program
    later = journal(place)
    assert later.done("a.png", Path("out/a.png"))
    assert not later.done("b.png", Path("out/b.png"))


def test_torn_and_unknown_lines_are_ignored(place: Path) -> None:
    tree(place, "a.png", "b.png", "out/a.png", "out/b.png")
    first = journal(place)
    first.begin("a.png", Path("out/a.png"))
    first.end("a.png", Path("out/a.png"), success=True)
    with first.path.open("ab") as file:
        file.write(b'[]\n{"event": 1}\n\xff\xfe\n{"event": "done", "input": "/x", "outp')
    second = journal(place)
    second.begin("b.png", Path("out/b.png"))
    second.end("b.png", Path("out/b.png"), success=True)
    third = journal(place)
    assert third.done("a.png", Path("out/a.png"))
    assert third.done("b.png", Path("out/b.png"))
    assert not journal(place, resumes=False).done("a.png", Path("out/a.png"))


def test_two_writers_do_not_mix_their_lines(place: Path) -> None:
    def write(number: int) -> None:
        mine = journal(place, resumes=False)
        for k in range(200):
            mine.begin(f"{number}-{k}.png", Path(f"out/{number}-{k}.png"))
        mine.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = journal(place).path.read_bytes().splitlines()
    rows = [json.loads(line) for line in lines if line]
    assert sum(row["event"] == "begun" for row in rows) == 800


def test_journal_lines_wait_for_disk_space(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(place, "a.png", "b.png", "out/a.png", "out/b.png")
    write, left = os.write, 100

    def limited(file: int, data: bytes) -> int:
        nonlocal left
        if not left:
            raise OSError(errno.ENOSPC, "full")
        count = write(file, data[:left])
        left -= count
        return count

    mine = journal(place)
    monkeypatch.setattr("os.write", limited)
    mine.begin("a.png", Path("out/a.png"))
    assert mine.problem == "the disk is full", "a part of the line was written"
    mine.end("a.png", Path("out/a.png"), success=True)
    assert mine.problem == "full"
    assert not journal(place).done("a.png", Path("out/a.png"))
    left = 10**6
    mine.begin("b.png", Path("out/b.png"))
    assert mine.problem == ""
    left = 0
    mine.end("b.png", Path("out/b.png"), success=True)
    left = 10**6
    mine.close()
    later = journal(place)
    assert later.done("a.png", Path("out/a.png"))
    assert later.done("b.png", Path("out/b.png"))


def test_journal_lines_do_not_wait_forever(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    mine, write = journal(place), os.write
    monkeypatch.setattr("os.write", full)
    for number in range(2000):
        mine.begin(f"{number}.png", Path(f"out/{number}.png"))
        mine.end(f"{number}.png", Path(f"out/{number}.png"), success=False)
    monkeypatch.setattr("os.write", write)
    before = mine.path.read_bytes()
    mine.begin("a.png", Path("out/a.png"))
    mine.close()
    assert mine.problem == "full"
    assert mine.path.read_bytes() == before, "memory matters more than the journal"


def test_a_run_continues_without_a_journal(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(place, "a.png", "b.png")
    (place / "file").touch()
    monkeypatch.setenv("COLORTK_STORE", str(place / "file"))
    assert run("a.png", "b.png") == 0
    assert "note: --resume cannot continue this run" in capsys.readouterr().err
    assert run("a.png", "b.png", "--force", "--resume") == 2


def test_a_single_picture_keeps_no_journal(place: Path) -> None:
    tree(place, "a.png")
    assert run("a.png") == 0
    assert results(place) == ["a-colorized.png", "a.png"]
