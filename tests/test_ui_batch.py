"""Many pictures at once on the web page, without a browser."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from colortk.errors import PictureError
from colortk.ui import batch_conversion
from colortk.ui.batch_conversion import BatchStopped, colorize_batch
from colortk.ui.limits import Limits
from colortk.ui.picture_conversion import UploadOptions


class Made:
    """A result, which has a file and a size."""

    def __init__(self, file: Path) -> None:
        self.file, self.width, self.height = file, 30, 20


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the conversion: the content of each result is the name of its input."""
    converted: list[str] = []

    def convert(
        path: Path, name: str, plugin: Any, options: Any, limits: Any, folder: Path
    ) -> Made:
        converted.append(name)
        assert list(folder.iterdir()) == []  # no result of an earlier picture is left
        file = folder / f"{path.stem}-colorized.png"
        file.write_text(str(path))
        if "bad" in name:
            raise PictureError(f"cannot read '{name}'", "it is bad")
        if "large" in name:
            raise MemoryError
        return Made(file)

    monkeypatch.setattr(batch_conversion, "colorize_picture", convert)
    return converted


def batch(folder: Path, *names: str, stop: int | None = None, **limits: int) -> Any:
    def advance(done: int, name: str) -> None:
        assert name == Path(names[done]).name
        if done == stop:
            raise BatchStopped

    paths = [Path(name) for name in names]
    plugin: Any = None
    return colorize_batch(paths, plugin, UploadOptions(), Limits(**limits), folder, advance)


def test_pictures_that_fail_are_listed(converted: list[str], tmp_path: Path) -> None:
    result = batch(tmp_path, "a.png", "bad.png", "x/A.jpg", "large.png", "y/a.tif", "b.png")
    assert (result.done, result.total, result.stopped) == (4, 6, False)
    assert result.failures == [
        ("bad.png", "cannot read 'bad.png': it is bad"),
        ("large.png", "There is not enough memory"),
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["colorized.zip"]
    with zipfile.ZipFile(result.file) as archive:
        assert archive.testzip() is None
        contents = {name: archive.read(name).decode() for name in archive.namelist()}
    failures = contents.pop("failed.txt").splitlines()
    assert [line.partition(":")[0] for line in failures] == ["bad.png", "large.png"]
    assert {name: Path(path).as_posix() for name, path in contents.items()} == {
        "a-colorized.png": "a.png",
        "A-colorized (2).png": "x/A.jpg",
        "a-colorized (3).png": "y/a.tif",
        "b-colorized.png": "b.png",
    }


def test_a_stopped_batch_keeps_what_is_done(converted: list[str], tmp_path: Path) -> None:
    result = batch(tmp_path, "a.png", "b.png", "c.png", stop=2)
    assert (result.done, result.stopped, result.failures) == (2, True, [])
    with zipfile.ZipFile(result.file) as archive:
        assert archive.namelist() == ["a-colorized.png", "b-colorized.png"]
    assert converted == ["a.png", "b.png"]


def test_the_bytes_of_a_batch_are_limited(converted: list[str], tmp_path: Path) -> None:
    limits = {"upload": 2}  # of one file; the results of a batch may have 20 times as many bytes
    result = batch(tmp_path, "a" * 30, "b" * 12, **limits)
    assert result.done == 1
    ((name, reason),) = result.failures
    assert name == "b" * 12
    assert "bbb-colorized.png' was left out: a batch has at most 0 MB of results" in reason


def test_a_full_disk_keeps_what_is_done(
    converted: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = iter([10**9, 10**6])
    usage = SimpleNamespace
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(free=next(free)))
    result = batch(tmp_path, "a.png", "b.png")
    assert result.done == 1
    ((name, reason),) = result.failures
    assert name == "b.png"
    assert "the disk of the server is full" in reason
    with zipfile.ZipFile(result.file) as archive:
        assert archive.namelist() == ["a-colorized.png", "failed.txt"]


def test_the_pixels_of_a_batch_are_limited(converted: list[str], tmp_path: Path) -> None:
    limits = {"pixels": 60}  # of one picture; a batch may have 20 times as many
    result = batch(tmp_path, "a.png", "b.png", "c.png", "d.png", **limits)
    assert converted == ["a.png", "b.png"]
    assert result.done == 2
    assert [name for name, _ in result.failures] == ["c.png", "d.png"]
    assert "1,200 pixels" in result.failures[0][1]
