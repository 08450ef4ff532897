"""Folders with circular links, broken links and special files: only these entries fail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batches import results, run, tree
from colortk.batch.inputs import find_inputs
from colortk.errors import Notice
from colortk.io.discovery import find_films, find_pictures


@pytest.fixture
def odd(place: Path) -> Path:
    """A folder with two pictures, one of them in a subfolder, and entries that are not files."""
    tree(place / "in", "a.png", "x/b.png")
    folder = place / "in"
    (folder / "one").symlink_to("two")
    (folder / "two").symlink_to("one")
    (folder / "self.png").symlink_to("self.png")
    (folder / "up").symlink_to("..")
    (folder / "x" / "again").symlink_to(folder)
    (folder / "gone.jpg").symlink_to("missing")
    os.mkfifo(folder / "pipe.png")
    os.mkfifo(folder / "pipe.txt")
    return folder


def test_only_the_entries_that_cannot_be_read_fail(
    odd: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("in", "-r", "-o", "out") == 1
    assert results(place / "out") == ["a.png", "x/b.png"]
    lines = capsys.readouterr().err.splitlines()
    for name, why in (
        ("one", "leads in a circle"), ("two", "leads in a circle"),
        ("self.png", "leads in a circle"), ("gone.jpg", "leads nowhere"),
        ("pipe.png", "a named pipe"),
    ):  # fmt: skip
        (line,) = [line for line in lines if f"'in/{name}'" in line]
        assert why in line
    assert lines[-1] == "colortk: 2 colorized, 5 failed"
    assert len(lines) == 6


def test_a_broken_link_that_is_no_picture_is_a_notice(place: Path) -> None:
    tree(place / "in", "a.png")
    (place / "in" / "notes").symlink_to("missing")
    with pytest.warns(Notice, match="skipped 'in/notes': it is a symbolic link that leads nowhere"):
        items = find_inputs(["in"])
    assert [(item.name, item.error) for item in items] == [("in/a.png", None)]


def test_a_pattern_follows_no_links_in_circles(place: Path) -> None:
    tree(place / "in", "a.png", "x/b.png", "x/.hidden/c.png")
    for name in "pqr":  # glob follows each of them again and again
        (place / "in" / name).symlink_to(".")
    for pattern in ("in/**/*.png", "in/**", str(place / "in" / "**" / "*.png")):
        names = [os.path.relpath(item.name) for item in find_inputs([pattern])]
        assert names == ["in/a.png", "in/x/b.png"]
    assert [item.name for item in find_inputs(["**/b.png"])] == ["in/x/b.png"]


def test_compare_and_fit_report_unreadable_folders(odd: Path) -> None:
    (odd / "x" / "film.mp4").write_bytes(b"")
    with pytest.warns(Notice, match="pipe.png' is a named pipe"):
        found = [path.relative_to(odd).as_posix() for path in find_pictures(odd)]
    assert found == ["a.png", "gone.jpg", "self.png", "x/b.png"]
    with pytest.warns(Notice, match="named pipe"):
        assert find_films(odd) == [odd / "x" / "film.mp4"]


def test_a_folder_that_cannot_be_read_is_a_notice(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(place / "in", "a.png", "x/b.png", "y/c.png")
    scan = os.scandir

    def refuse(path: str) -> object:
        if os.path.basename(path) == "x":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.warns(Notice, match="cannot read 'in/x': Permission denied"):
        assert [path.name for path in find_pictures(Path("in"))] == ["a.png", "c.png"]
    items = find_inputs(["in"], recursive=True)
    assert [item.name for item in items if item.error is None] == ["in/a.png", "in/y/c.png"]
    (error,) = [item.error for item in items if item.error is not None]
    assert "cannot read 'in/x': Permission denied" in error


def test_a_name_that_is_not_utf_8(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree(place / "in", "a.png")
    name = os.fsdecode(b"b\xff.png")
    os.link(place / "in" / "a.png", place / "in" / name)
    assert run("in", "-o", "out") == 0
    assert sorted(os.listdir(place / "out")) == ["a.png", name]
    assert find_pictures(place / "in")[-1].name == name
