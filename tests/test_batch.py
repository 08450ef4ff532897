"""Many pictures in this process: which are meant, where they go, what is remembered."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colortk.batch.apart import MANY, colorize_apart, jobs_for
from colortk.batch.inputs import Item, expand, read_list
from colortk.batch.journal import Journal
from colortk.batch.places import Places
from colortk.batch.records import Record, Settings
from colortk.batch.sniff import format_of
from colortk.batch.worker import Task
from colortk.cli.main import invoke
from colortk.encode import sweep
from colortk.errors import PictureError, UsageError
from colortk.images import decode
from colortk.process import cores, running
from conftest import leftovers, photo

GREY = photo(9, 11)[..., 1]


def tree(place: Path, *names: str) -> Path:
    """Grey pictures under ``place``; what is no picture by its name is text."""
    for number, name in enumerate(names):
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in (".png", ".jpg", ".tif"):
            Image.fromarray(np.roll(GREY, number)).save(path)
        else:
            path.write_text("no picture")
    return place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, and a store of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLORTK_STORE", str(tmp_path / "store"))
    return tmp_path


def run(*arguments: object) -> int:
    return invoke(["run", "-p", "gray", *map(str, arguments)])


def results(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def names(items: list[Item]) -> list[str]:
    return [Path(item.name).as_posix() for item in items]


def test_a_folder_means_its_pictures(place: Path) -> None:
    tree(
        place / "in",
        "b.png",
        "a.JPG.png",
        ".hidden.png",
        "c.txt",
        "x/d.tif",
        ".x/e.png",
        "x/y/f.jpg",
    )
    (place / "in" / "folder.png").mkdir()
    assert names(expand(["in"])) == ["in/a.JPG.png", "in/b.png"]
    every = expand(["in"], recursive=True)
    assert names(every) == ["in/a.JPG.png", "in/b.png", "in/x/d.tif", "in/x/y/f.jpg"]
    assert [item.folder for item in every] == ["", "", "x", os.path.join("x", "y")]
    assert names(expand(["in/.hidden.png", "in/c.txt"])) == ["in/.hidden.png", "in/c.txt"]
    inside = expand(["in"], recursive=True, output=Path("in/x"))
    assert names(inside) == ["in/a.JPG.png", "in/b.png"], "results are no inputs"
    assert len(expand(["in"], recursive=True, output=Path("in"))) == 4
    twice = expand(["in", "in/b.png", "./in/../in"], recursive=True)
    assert sorted(names(twice)) == sorted(names(every)), "found and named, but once"
    (item,) = expand(["in/.x", "in/x/y"], output=Path("out"))[1:]
    assert item.folder == "y", "of several folders each keeps its name"


def test_a_link_that_leads_back_is_not_followed(place: Path) -> None:
    tree(place / "in", "a.png")
    (place / "in" / "back").symlink_to(place / "in", target_is_directory=True)
    assert names(expand(["in"], recursive=True)) == ["in/a.png"]


def test_a_folder_without_pictures_says_so(place: Path) -> None:
    tree(place / "in", "c.txt", "x/d.png")
    (item,) = expand(["in"])
    assert item.error == (
        "cannot read 'in': it is a directory without pictures"
        " (--recursive takes those of the folders in it)"
    )


def test_patterns(place: Path) -> None:
    tree(place / "in", "a.png", "x/b.png", "x/c.jpg", "x/y/d.png", "[1].png")
    found = expand(["in/**/*.png"])
    assert names(found) == ["in/[1].png", "in/a.png", "in/x/b.png", "in/x/y/d.png"]
    assert [item.folder for item in found] == ["", "", "x", os.path.join("x", "y")]
    assert expand(["in/[1].png"]) == [Item("in/[1].png")], "what exists is no pattern"
    assert names(expand(["in/*"])) == ["in/[1].png", "in/a.png"]
    assert names(expand(["in/**/*.png"], output=Path("in/x"))) == ["in/[1].png", "in/a.png"]
    (none,) = expand(["in/*.bmp"])
    assert "no file that matches" in str(none.error)
    assert expand([], ["in/*.png"]) == [Item("in/*.png", "")], "a list holds no patterns"


@pytest.mark.parametrize(
    "data",
    [
        b"a b.png\n\n  \nc.png", b"a b.png\r\nc.png\r\n", b"a b.png\0c.png\0",
        b"\xef\xbb\xbfa b.png\nc.png\n", "a b.png\r\nc.png\r\n".encode("utf-16"),
    ],
    ids=["lines", "windows", "nul", "bom", "powershell"],
)  # fmt: skip
def test_lists(data: bytes, place: Path) -> None:
    (place / "list").write_bytes(data)
    assert read_list("list") == ["a b.png", "c.png"]


def test_lists_that_cannot_be(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "list").write_text("-\n")
    with pytest.raises(UsageError, match="names '-'"):
        read_list("list")
    assert run("--input-list", "nowhere") == 2
    assert "cannot read the list 'nowhere': No such file" in capsys.readouterr().err
    assert run() == 2
    assert run("-", "--input-list", "-") == 2


def test_a_long_list_is_quick() -> None:
    many = [f"x/{number}.png" for number in range(100_000)]
    assert len(expand([], many)) == 100_000


def test_a_tree_is_mirrored(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
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
    assert "already holds the result of 'in/x/a.png'" in capsys.readouterr().err


def test_a_found_picture_needs_a_folder_to_go_to(place: Path) -> None:
    tree(place / "in", "a.png")
    assert run("in", "-o", "out.png") == 2
    assert run("in", "-o", "in/a.png") == 2
    assert run("in", "empty", "-o", "-") == 2
    assert results(place) == ["in/a.png"]


def test_resume_does_what_is_left(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tree(place / "in", "a.png", "b.png", "c.png", "bad.jpg")
    (folder / "bad.jpg").write_text("no picture")
    assert run("in", "-o", "out", "--report", "report", "--resume") == 1, "also at the first start"
    out = place / "out"
    before = {name: (out / name).stat().st_mtime_ns for name in results(out)}
    (out / "b.png").unlink()
    (out / "c.png").write_bytes(b"another size")
    Image.fromarray(GREY).save(folder / "bad.jpg")
    capsys.readouterr()
    assert run("in", "-o", "out", "--resume", "--report", "report") == 1
    told = capsys.readouterr()
    assert told.out.split() == [os.path.join("out", "b.png"), os.path.join("out", "bad.jpg")]
    assert told.err.splitlines() == [
        f"colortk: '{Path('out/c.png')}' exists (use --force to overwrite or --skip-existing)",
        "colortk: 2 colorized, 1 done before, 1 failed",
    ]
    assert run("in", "-o", "out", "--resume", "--force") == 0
    assert (out / "a.png").stat().st_mtime_ns == before["a.png"]
    rows = [json.loads(line) for line in (place / "report").read_text().splitlines()]
    last = {row["input"]: row for row in rows}
    assert len(rows) == 7, "what was done before is not told again"
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


def test_what_was_begun_and_is_there_is_done_what_failed_is_not(place: Path) -> None:
    names = ("a", "b", "c", "d")
    tree(place, *(f"{name}.png" for name in names), *(f"out/{name}.png" for name in names))
    stopped = journal(place)
    for name in ("a", "b", "c"):
        stopped.begin(f"{name}.png", Path(f"out/{name}.png"), force=name == "c")
    stopped.end("b.png", Path("out/b.png"), good=False)
    items = [Item(f"{name}.png") for name in names]
    places = Places(items, Settings(output=Path("out")), journal(place))
    record = Record("a.png", None, "gray")
    assert places.claim(items[0], record, "png") is None
    assert record.resumed
    for item in items[1:]:
        with pytest.raises(PictureError, match="exists"):
            places.claim(item, Record(item.name, None, "gray"), "png")


def test_what_was_in_hand_when_it_ended_is_there_or_not(place: Path) -> None:
    tree(place, "a.png", "b.png", "out/x.txt")
    items = [Item("a.png"), Item("b.png")]
    places = Places(items, Settings(output=Path("out")), journal(place))
    for item in items:
        assert places.claim(item, Record(item.name, None, "gray"), "png") is not None
    tree(place, "out/a.png")
    places.close()
    tree(place, "out/b.png")  # somebody else's
    later = journal(place)
    assert later.done("a.png", Path("out/a.png"))
    assert not later.done("b.png", Path("out/b.png"))


def test_torn_lines_and_strange_ones_are_passed_over(place: Path) -> None:
    tree(place, "a.png", "b.png", "out/a.png", "out/b.png")
    first = journal(place)
    first.begin("a.png", Path("out/a.png"))
    first.end("a.png", Path("out/a.png"), good=True)
    with first.path.open("ab") as file:
        file.write(b'[]\n{"event": 1}\n\xff\xfe\n{"event": "done", "input": "/x", "outp')
    second = journal(place)
    second.begin("b.png", Path("out/b.png"))
    second.end("b.png", Path("out/b.png"), good=True)
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


def test_a_journal_that_cannot_be_stops_nothing(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(place, "a.png", "b.png")
    (place / "file").touch()
    monkeypatch.setenv("COLORTK_STORE", str(place / "file"))
    assert run("a.png", "b.png") == 0
    assert "--resume will not know of this run" in capsys.readouterr().err
    assert run("a.png", "b.png", "--force", "--resume") == 2


def test_a_single_picture_keeps_no_journal(place: Path) -> None:
    tree(place, "a.png")
    assert run("a.png") == 0
    assert results(place) == ["a-colorized.png", "a.png"]


def test_many_failures_are_told_again(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = [f"{number:02}.png" for number in range(30)]
    bad = [f"{number:02}.txt" for number in range(25)]
    tree(place, *good, *bad)
    assert run(*good, *bad, "--jobs", "1", "--report", "report") == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 25 + 1 + 20 + 1 + 1
    assert lines[25] == "colortk: 25 failed:"
    assert "19.txt" in lines[45]
    assert lines[46] == "colortk:   and 5 more (all are in 'report')"
    assert lines[47] == "colortk: 30 colorized, 25 failed"
    rows = [json.loads(line) for line in (place / "report").read_text().splitlines()]
    assert sum(row["error"] is not None for row in rows) == 25
    assert len(rows) == 55
    assert run("00.png", "--report", "report") == 2, "a report is not overwritten"


def test_processes_are_for_many() -> None:
    assert jobs_for([Item("a")] * MANY * cores(), None) == 1
    assert jobs_for([Item("a")] * (MANY * cores() + 1), None) == cores()
    assert jobs_for([Item("a")] * 3, 8) == 3
    assert jobs_for([Item("-")] * 99, None) == 1
    with pytest.raises(UsageError, match="standard input"):
        jobs_for([Item("-"), Item("a")], 2)


class Slow:
    """Hands that finish the last given first, and fail at what is called bad."""

    def __init__(self, room: int) -> None:
        self.tasks: list[Task] = []
        self.order: list[str] = []
        self._room = room

    def __enter__(self) -> Slow:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def room(self) -> bool:
        return len(self.tasks) < self._room

    @property
    def busy(self) -> bool:
        return bool(self.tasks)

    def give(self, task: Task) -> None:
        self.tasks.append(task)
        self.order.append(task.name)

    def take(self) -> list[tuple[Task, Record]]:
        task = self.tasks.pop()
        record = Record(task.name, "in other words", "gray")
        if "bad" in task.name:
            return [(task, replace(record, error="bad"))]
        assert task.spot.path is not None
        task.spot.path.write_bytes(b"result")
        return [(task, record)]


@pytest.mark.parametrize("room", [1, 2, 5])
def test_who_comes_first_has_the_place_whoever_is_faster(room: int, place: Path) -> None:
    tree(place, "a/same.png", "b/same.png", "c/same.png", "bad/x.png", "a/x.png", "a/z.png")
    (place / "out").mkdir()
    files = ("a/same.png", "b/same.png", "bad/x.png", "a/x.png", "c/same.png", "a/z.png", "no.png")
    items = [Item(name) for name in files]
    places = Places(items, Settings(output=Path("out")))
    hands = Slow(room)
    records = {r.input: r for r in colorize_apart(items, places, hands, "gray")}
    assert sorted(records) == sorted(files)
    failed = {name: record.error for name, record in records.items() if record.error}
    held = "'out/same.png' already holds the result of 'a/same.png'"
    assert failed == {
        "b/same.png": f"{held} (give them different output folders)",
        "c/same.png": f"{held} (give them different output folders)",
        "bad/x.png": "bad",
        "no.png": "cannot read 'no.png': there is no such file",
    }
    assert records["a/x.png"].output == "out/x.png", "what failed has no place"
    assert sorted(hands.order) == ["a/same.png", "a/x.png", "a/z.png", "bad/x.png"]


@pytest.mark.parametrize(
    "kind", ["PNG", "JPEG", "TIFF", "WEBP", "GIF", "PPM", "BMP", "odd", "text"]
)
def test_a_format_is_known_without_decoding(
    kind: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place / "x"
    if kind == "text":
        path.write_text("no picture")
        assert format_of(path) == "PNG"
        return
    if kind == "odd":  # a TIFF that Pillow does not know
        import cv2

        cv2.imwrite("x.tif", np.zeros((4, 4, 3), np.uint16))
        path = place / "x.tif"
    else:
        Image.fromarray(GREY).save(path, kind)
    wanted = decode(path.read_bytes(), "x").format
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert format_of(path) == wanted
    assert Image.MAX_IMAGE_PIXELS == 10


def test_what_the_dead_were_writing_is_removed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from colortk.encode import write_whole

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    kept: list[str] = []
    monkeypatch.setattr("os.fsync", lambda _: kept.extend(leftovers(place)) or stopped())
    with pytest.raises(KeyboardInterrupt):
        write_whole(place / "x.png", b"data")
    assert leftovers(place) == [], "an interrupt leaves nothing"
    (name,) = kept
    mine = str(os.getpid())
    assert f"-{mine}-" in name
    other = name.replace(f"-{mine}-", "-999999999-")
    elsewhere = ".colortk-00000000-999999999-abc.part"
    for each in (name, other, elsewhere):
        (place / each).touch()
    sweep(place)
    assert sorted(leftovers(place)) == sorted([name, elsewhere])
    sweep(place, os.getpid())
    assert leftovers(place) == [elsewhere]


def test_a_process_that_nobody_asked_how_it_ended_is_gone() -> None:
    process = subprocess.Popen(["sleep", "100"])
    assert running(process.pid)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it stays, as in some containers
    assert not running(process.pid)
    process.wait()
    assert not running(process.pid)
    assert running(os.getpid())


def test_options_that_do_not_go_together(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree(place, "a.png", "b.png")
    wrong: tuple[tuple[str, ...], ...] = (
        ("a.png", "--scheduler", "tcp://x:1"),
        ("a.png", "--backend", "dask"),
        ("a.png", "-o", "-", "--resume"),
        ("-", "a.png", "--jobs", "2", "-o", "."),
        ("a.png", "b.png", "--report", "no/such/report"),
    )
    for arguments in wrong:
        assert run(*arguments) == 2, arguments
        assert capsys.readouterr().err.count("\n") == 1


def test_an_interrupt_says_how_to_go_on(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import colortk.batch.here as here

    tree(place, "a.png", "b.png", "c.png")
    one: Callable[..., None] = here.colorize_file

    def second(source: str, *rest: object) -> None:
        if source == "b.png":
            raise KeyboardInterrupt
        one(source, *rest)

    monkeypatch.setattr(here, "colorize_file", second)
    assert run("a.png", "b.png", "c.png") == 130
    assert capsys.readouterr().err.splitlines() == [
        "colortk: 1 of 3 are done: the same with --resume does the rest",
        "colortk: interrupted",
    ]
    monkeypatch.setattr(here, "colorize_file", one)
    assert run("a.png", "b.png", "c.png", "--resume") == 0
    assert capsys.readouterr().out.split() == ["b-colorized.png", "c-colorized.png"]


def test_standard_input_is_not_read_for_ever(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Endless:
        class buffer:  # noqa: N801
            @staticmethod
            def read(count: int) -> bytes:
                return bytes(count)

    monkeypatch.setattr("colortk.batch.one.MAX_BYTES", 1000)
    monkeypatch.setattr("sys.stdin", Endless())
    assert invoke(["run", "-p", "gray", "-", "-o", "x.png"]) == 1
    assert "standard input: it has over 1,000 bytes" in capsys.readouterr().err
