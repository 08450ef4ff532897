"""Files, windows and folders of the visitors of the web page, and how long they are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from colortk.errors import PictureError
from colortk.ui import visitor_registry as visiting
from colortk.ui.visitor_registry import VisitorRegistry, is_token, new_token
from guarded_page import ME, YOU


def test_files_belong_to_a_visitor_until_they_leave(tmp_path: Path) -> None:
    now = 1000.0
    visitors = VisitorRegistry(tmp_path, lambda: now)
    assert is_token(new_token())
    assert not is_token("x")
    upload = tmp_path / "hash" / "a.png"
    upload.parent.mkdir()
    upload.write_text("a")
    visitors.add_uploads(ME, [str(upload)])
    result = visitors.result_folder(ME, "w", "picture") / "a-colorized.png"
    result.write_text("b")
    for path in (upload, result):
        assert visitors.owns(ME, str(path))
        assert not visitors.owns(YOU, str(path))
    mine = visitors.of(ME).folder
    (mine / "link").symlink_to("/etc/passwd")
    for path in ("/etc/passwd", "a.png", f"{mine}/../../x", f"{mine}/link", "\0", str(mine)):
        assert not visitors.owns(ME, path), path
    assert visitors.claim_window(ME, "w")
    assert not visitors.claim_window(YOU, "w")

    with visitors.connected(ME):
        assert visitors.is_connected(ME)
        now += 2 * visiting.KEEP_SECONDS
        visitors.sweep()
        assert result.exists()
    assert not visitors.is_connected(ME)
    visitors.add_uploads(YOU, [str(upload)])
    now += visiting.KEEP_SECONDS + 1
    visitors.of(YOU)
    visitors.sweep()
    assert not mine.exists()
    assert upload.exists()  # somebody else has uploaded the same
    now += visiting.KEEP_SECONDS + 1
    visitors.sweep()
    assert list(tmp_path.iterdir()) == []


def test_only_the_latest_results_and_uploads_are_kept(tmp_path: Path) -> None:
    visitors = VisitorRegistry(tmp_path)
    folders = [visitors.result_folder(ME, "w", "picture") for _ in range(5)]
    visitors.result_folder(ME, "w", "film")
    assert [folder.exists() for folder in folders] == [False, False, False, True, True]
    paths = []
    for number in range(visiting.MAX_UPLOADS + 2):
        path = tmp_path / str(number) / "x.png"
        path.parent.mkdir()
        path.write_text("x")
        visitors.add_uploads(ME, [str(path)])
        paths.append(path)
    assert [path.exists() for path in paths] == [False] * 2 + [True] * visiting.MAX_UPLOADS
    with pytest.raises(PictureError, match="out of date"):
        visitors.result_folder(None, "w", "picture")


def test_visitors_and_windows_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    visitors = VisitorRegistry(tmp_path, lambda: now)
    monkeypatch.setattr(visiting, "MAX_VISITORS", 3)
    with visitors.connected(ME):
        result = visitors.result_folder(YOU, "w", "picture")
        for number in range(5):
            now += 1
            visitors.of(f"{number:043d}")
        assert visitors.is_connected(ME)  # connected visitors are not removed
        assert not result.exists()
    monkeypatch.setattr(visiting, "MAX_WINDOWS", 2)
    assert [visitors.claim_window(ME, window) for window in "abc"] == [True] * 3
    assert visitors.owner("a") is None
    assert visitors.owner("b") == visitors.owner("c") == ME
    assert not visitors.claim_window(YOU, "c")


def test_less_than_the_limit_is_kept_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    visitors = VisitorRegistry(tmp_path)
    folders = [visitors.result_folder(ME, "w", "picture", keep=10) for _ in range(8)]
    assert all(folder.exists() for folder in folders)
    monkeypatch.setattr(visiting, "MAX_WINDOWS", 10)
    for number in range(8):
        visitors.claim_window(ME, str(number))
    assert [visitors.owner(str(number)) for number in range(8)] == [ME] * 8


def test_a_sweep_leaves_the_window_of_a_new_visitor(tmp_path: Path) -> None:
    visitors = VisitorRegistry(tmp_path)
    assert visitors.claim_window(ME, "w")  # their first message: nothing is uploaded yet
    visitors.sweep()
    assert not visitors.claim_window(YOU, "w")
