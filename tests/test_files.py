"""Atomic writing: complete files or none, permissions by the umask, only regular files are replaced."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colortk.cli.main import invoke
from colortk.errors import PictureError, UsageError
from colortk.io.files import (
    process_exists,
    refuse_special,
    rename_atomic,
    special_kind,
    sweep,
    temporary_file,
    temporary_folder,
    write_atomic,
)
from conftest import leftovers

COMMANDS = {
    "compare --csv": ["compare", "photo.png", "-p", "gray", "--csv", "TARGET"],
    "compare --markdown": ["compare", "photo.png", "-p", "gray", "--markdown", "TARGET"],
    "compare --html": ["compare", "photo.png", "-p", "gray", "--html", "TARGET"],
    "run": ["run", "-p", "gray", "photo.png", "--ext", "png", "-o", "TARGET"],
    "run --report": ["run", "-p", "gray", "photo.png", "-o", "x.png", "--report", "TARGET"],
    "video": ["video", "-p", "gray", "film.mp4", "-o", "TARGET"],
}
KINDS = ["device", "named pipe", "socket", "folder", "link", "dangling link", "link to a device"]


@pytest.fixture
def special(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A path that is not a regular file, in a folder of its own."""
    folder = tmp_path / "special"
    folder.mkdir()
    path = folder / "target"
    if request.param == "device":
        return Path("/dev/null")
    if request.param == "named pipe":
        os.mkfifo(path)
    elif request.param == "socket":
        before = Path.cwd()
        os.chdir(folder)  # a socket's path has at most 108 bytes
        try:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind("target")
        finally:
            os.chdir(before)
    elif request.param == "folder":
        path.mkdir()
    else:
        to = {"link": "other", "dangling link": "missing", "link to a device": "/dev/null"}
        (folder / "other").write_bytes(b"other")
        path.symlink_to(to[request.param])
    return path


def identity(path: Path) -> tuple[int, ...]:
    """Return the properties of a special file that must not change."""
    status = os.lstat(path)
    return status.st_mode, status.st_ino, status.st_dev, status.st_rdev


@pytest.mark.parametrize("special", KINDS, indirect=True)
@pytest.mark.parametrize("force", [False, True])
def test_a_special_file_is_refused_and_left_as_it_is(special: Path, force: bool) -> None:
    before = identity(special)
    listing = sorted(os.listdir(special.parent)) if special.parent != Path("/dev") else None
    with pytest.raises(PictureError, match=r"cannot write .*: it is an? .* \(name a regular file"):
        write_atomic(special, b"data", force)
    with pytest.raises(PictureError), temporary_file(special, force):
        pytest.fail("the body must not begin")
    assert identity(special) == before
    if listing is not None:
        assert sorted(os.listdir(special.parent)) == listing
        if (special.parent / "other").exists():
            assert (special.parent / "other").read_bytes() == b"other"


def test_a_file_that_appears_during_writing_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.png"
    monkeypatch.setattr("os.fsync", lambda _: path.symlink_to("elsewhere"))
    for force in (False, True):
        with pytest.raises(PictureError, match="symbolic link"):
            write_atomic(path, b"data", force)
        assert path.is_symlink()
        path.unlink()
    assert os.listdir(tmp_path) == []


def test_standard_output_has_a_hint() -> None:
    with pytest.raises(UsageError, match="or - for standard output"):
        refuse_special(Path("/dev/stdout"), UsageError)
    assert special_kind(Path("/nowhere/at/all")) == ""


def test_an_existing_file_is_replaced_only_with_force(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    write_atomic(path, b"first")
    with pytest.raises(PictureError, match="exists.*--force"):
        write_atomic(path, b"second")
    assert path.read_bytes() == b"first"
    write_atomic(path, b"second", force=True)
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(PictureError, match="No space left"):
        write_atomic(tmp_path / "out.png", b"data")
    with pytest.raises(PictureError, match="No space left"), temporary_file(tmp_path / "out.mp4"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_failed_with_block_leaves_no_file(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyError

    with pytest.raises(KeyError), temporary_file(tmp_path / "out.mp4") as temporary:
        fail(temporary)
    with pytest.raises(KeyError), temporary_folder(tmp_path / "out") as folder:
        fail(folder / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="does not exist.*create it"):
        write_atomic(tmp_path / "no" / "out.png", b"data")
    (tmp_path / "file").touch()
    with pytest.raises(PictureError, match="is not a folder"):
        write_atomic(tmp_path / "file" / "out.png", b"data")


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_mode_follows_the_umask(umask: int, mode: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        write_atomic(tmp_path / "a", b"data")
        with temporary_file(tmp_path / "b") as temporary:
            temporary.write_bytes(b"data")
        with temporary_folder(tmp_path / "c"):
            pass
    finally:
        os.umask(before)
    modes = [os.stat(tmp_path / name).st_mode & 0o777 for name in "abc"]
    assert modes == [mode, mode, 0o777 & ~umask]


def test_the_umask_of_the_process_is_never_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed: list[int] = []
    monkeypatch.setattr("os.umask", lambda mask: changed.append(mask) or mask)

    def write(number: int) -> None:
        for k in range(20):
            write_atomic(tmp_path / f"{number}-{k}", b"data", durable=False)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(os.listdir(tmp_path)), changed) == (80, [])


def test_files_of_ended_processes_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    names: list[str] = []
    monkeypatch.setattr("os.fsync", lambda _: names.extend(leftovers(tmp_path)) or stop())
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "x.png", b"data")
    assert leftovers(tmp_path) == [], "an interrupt leaves nothing"
    (name,) = names
    own = str(os.getpid())
    assert f"-{own}-" in name
    other = name.replace(f"-{own}-", "-999999999-")
    elsewhere = ".colortk-00000000-999999999-abc.part"
    for each in (name, other, elsewhere):
        (tmp_path / each).touch()
    sweep(tmp_path)
    assert sorted(leftovers(tmp_path)) == sorted([name, elsewhere])
    sweep(tmp_path, os.getpid())
    assert leftovers(tmp_path) == [elsewhere]


def test_a_zombie_process_counts_as_ended() -> None:
    process = subprocess.Popen(["sleep", "100"])
    assert process_exists(process.pid)
    process.kill()
    os.waitid(
        os.P_PID, process.pid, os.WEXITED | os.WNOWAIT
    )  # the zombie stays, as in some containers
    assert not process_exists(process.pid)
    process.wait()
    assert not process_exists(process.pid)
    assert process_exists(os.getpid())


def test_publish_replaces_regular_files_only(tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"new")
    (tmp_path / "link").symlink_to("other")
    with pytest.raises(PictureError, match="symbolic link"):
        rename_atomic(tmp_path / "new", tmp_path / "link", force=True)
    (tmp_path / "old").write_bytes(b"old")
    rename_atomic(tmp_path / "new", tmp_path / "old", force=True)
    assert (tmp_path / "old").read_bytes() == b"new"


@pytest.mark.parametrize(
    "special", ["device", "named pipe", "link", "dangling link"], indirect=True
)
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_replaces_a_special_file(
    command: str,
    special: Path,
    picture: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if command == "video":
        pytest.importorskip("av")
        (tmp_path / "film.mp4").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLORTK_STORE", str(tmp_path / "store"))
    before = identity(special)
    words = [str(special) if word == "TARGET" else word for word in COMMANDS[command]]
    for more in ([], ["--force"]):
        assert invoke([*words, *more]) == (1 if command == "run" else 2)
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1
        assert re.match(r"colortk: cannot write .*: it is a (device|named pipe|symbolic)", lines[0])
    assert identity(special) == before
    assert not (tmp_path / "x.png").exists(), "nothing is begun"


def test_a_training_is_refused_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data" / "a").mkdir(parents=True)
    for name in "12345678":
        write_atomic(tmp_path / "data" / "a" / f"{name}.png", picture_bytes(int(name)))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "ab.npz").symlink_to("elsewhere")
    monkeypatch.chdir(tmp_path)
    words = ["fit", "-p", "mean_color", "--data", "data", "--output", "out"]
    for more in ([], ["--force"]):
        assert invoke([*words, *more]) == 2
        assert "out/ab.npz': it is a symbolic link" in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path / "out")) == ["ab.npz"]


def picture_bytes(seed: int) -> bytes:
    out = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def test_force_overwrites_a_report_and_a_terminal_is_refused(
    picture: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLORTK_STORE", str(tmp_path / "store"))
    report = tmp_path / "report.jsonl"
    report.write_text("an old line\n" * 100)
    words = ["run", "-p", "gray", "photo.png", "-o", "x.png", "--report"]
    assert invoke([*words, "report.jsonl"]) == 2
    assert "exists (use --force" in capsys.readouterr().err
    assert invoke([*words, "-"]) == 2
    assert "use --json for standard output" in capsys.readouterr().err
    assert invoke([*words, "report.jsonl", "--force"]) == 0
    (line,) = report.read_text().splitlines()
    assert json.loads(line)["output"] == "x.png"
