"""Pipes, sockets and devices in place of files are refused at once; reading a pipe would hang."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from batches import run, tree
from colortk.batch.journal import Journal
from colortk.errors import ColortkError
from colortk.harness.metric_weights import weights_digest
from colortk.io.regular_files import open_append, open_regular, read_regular
from colortk.plugin.registry import registry
from colortk.runtime import source_cache
from colortk.runtime.source_cache import SourceCache
from colortk.survey import description, description_file

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")


def planted(kind: str, path: Path) -> Path:
    """Create a special file at ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "a named pipe":
        os.mkfifo(path)
    elif kind == "a folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if kind == "a device" else path.with_name("elsewhere"))
    return path


@pytest.mark.parametrize("kind", ["a named pipe", "a folder", "a device", "a symbolic link"])
def test_only_regular_files_are_appended_to(tmp_path: Path, kind: str) -> None:
    (tmp_path / "elsewhere").write_text("somebody's")
    path = planted(kind, tmp_path / "log")
    with pytest.raises(OSError, match="not a regular file"):
        open_append(path)
    assert (tmp_path / "elsewhere").read_text() == "somebody's"


@pytest.mark.parametrize("kind", ["a named pipe", "a folder", "a device"])
def test_only_regular_files_are_read(tmp_path: Path, kind: str) -> None:
    with pytest.raises(OSError, match=kind):
        open_regular(planted(kind, tmp_path / "settings"))


def test_regular_files_are_opened(tmp_path: Path) -> None:
    for word in (b"one ", b"two"):
        descriptor = open_append(tmp_path / "log")
        os.write(descriptor, word)
        os.close(descriptor)
    (tmp_path / "link").symlink_to("log")
    assert read_regular(tmp_path / "link") == b"one two"
    with pytest.raises(FileExistsError):
        open_append(tmp_path / "log", exclusive=True)
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "missing")


@pytest.mark.parametrize("kind", ["a named pipe", "a symbolic link"])
def test_a_journal_is_a_regular_file(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    tree(place, "a.png", "b.png")
    monkeypatch.setenv("COLORTK_STORE", str(place / "store"))
    assert run("a.png", "b.png", "-o", "out/") == 0
    (path,) = (place / "store" / "runs").iterdir()
    path.unlink()
    (path.with_name("elsewhere")).write_text("somebody's")
    planted(kind, path)
    capsys.readouterr()
    assert run("a.png", "b.png", "-o", "out/", "--resume") == 2
    line = f"colortk: cannot resume with '{path}': it is {kind}, not a regular file"
    assert capsys.readouterr().err.splitlines() == [line]
    assert run("a.png", "b.png", "-o", "again/") == 0, "the pictures matter more"
    assert f"'{path}': it is {kind}, not a regular file" in capsys.readouterr().err
    assert path.with_name("elsewhere").read_text() == "somebody's"


def test_a_journal_replaced_by_a_pipe_is_refused(place: Path) -> None:
    journal = Journal(place / "store", {"plugin": "gray"}, resumes=True)
    journal.path.unlink()
    os.mkfifo(journal.path)
    with pytest.raises(ColortkError, match="it is a named pipe"):
        journal.refresh()


def _weights(path: Path) -> None:
    os.environ["COLORTK_LPIPS_VGG"] = str(path)
    try:
        weights_digest(registry().metric("lpips_vgg"))
    finally:
        del os.environ["COLORTK_LPIPS_VGG"]


def _packed(path: Path) -> None:
    from colortk.training.data.packed import DESCRIPTION, read_description

    path.rename(path.with_name(DESCRIPTION))
    read_description(path.parent)


def _survey(path: Path) -> None:
    path.rename(path.with_name(description.SURVEY_FILE))
    description_file.read(path.parent)


@pytest.mark.parametrize("read", [_weights, _packed, _survey])
def test_named_pipes_hang_no_command(tmp_path: Path, read: Callable[[Path], None]) -> None:
    with pytest.raises(ColortkError, match="named pipe"):
        read(planted("a named pipe", tmp_path / "file"))


def test_a_cache_that_is_a_pipe_is_ignored(tmp_path: Path) -> None:
    wanted = SourceCache(None).source(Path(__file__))
    cache = SourceCache(tmp_path)
    planted("a named pipe", tmp_path / source_cache._NAME)
    assert cache.source(Path(__file__)) == wanted
    cache.save()
    assert SourceCache(tmp_path).source(Path(__file__)) == wanted
    assert not (tmp_path / source_cache._NAME).is_file(), "only regular files are replaced"
