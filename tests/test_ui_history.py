"""The history of results on the web page without a browser: what is kept, and who sees it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from colortk.errors import PictureError
from colortk.ui import result_history
from colortk.ui.result_history import ResultHistory
from colortk.ui.visitor_registry import KEEP_SECONDS, VisitorRegistry

ME, YOU = "m" * 43, "y" * 43


class Windows:
    """Windows of visitors, and a result that is added to their histories."""

    def __init__(self, folder: Path) -> None:
        self.now, self.folder = 0.0, folder
        self.visitors = VisitorRegistry(folder / "page", lambda: self.now)
        self.results = 0

    def history(self, token: str | None = ME, window: str = "w") -> ResultHistory:
        context: Any = SimpleNamespace(
            folder=lambda kind, keep: self.visitors.result_folder(token, window, kind, keep),
            result_folders=lambda kind: self.visitors.result_folders(token, window, kind),
            app=SimpleNamespace(visitors=self.visitors),
            token=token,
        )
        return ResultHistory(context)

    def add(
        self, name: str, content: bytes | None = None, adjusted: bool = False, label: str = "gray",
        picture: str = "p", **visitor: Any,
    ) -> None:  # fmt: skip
        self.results += 1
        made = self.folder / str(self.results)
        made.mkdir()
        (made / name).write_bytes(str(self.results).encode() if content is None else content)
        (made / "thumbnail.jpg").write_bytes(b"small")
        result: Any = SimpleNamespace(file=made / name, thumbnail=made / "thumbnail.jpg")
        self.history(**visitor).add(result, picture, label, "", adjusted)

    def names(self, **visitor: Any) -> list[str]:
        return [entry.name for _, entry in self.history(**visitor).entries()]


@pytest.fixture
def windows(tmp_path: Path) -> Windows:
    return Windows(tmp_path)


def test_results_are_listed_the_newest_first(windows: Windows) -> None:
    assert windows.history().to_html() == ""
    for name in ("a-colorized.png", "b&'<i>.png"):
        windows.add(name)
    assert windows.names() == ["b&'<i>.png", "a-colorized.png"]
    html = windows.history().to_html()
    assert html.count("<figure>") == 2
    assert "<i>" not in html
    assert "'b&'" not in html
    folder, entry = windows.history().entries()[1]
    assert (folder / entry.name).read_bytes() == b"1"


def test_small_changes_of_one_result_are_one_entry(windows: Windows) -> None:
    windows.add("a.png")
    windows.add("a.png", adjusted=True)
    windows.add("a.png", adjusted=True)
    windows.add("a.png", adjusted=True, label="other")
    windows.add("b.png", adjusted=True, label="other", picture="q")
    assert windows.names() == ["b.png", "a.png", "a.png", "a.png"]
    windows.add("c.png", b"same")
    shown, _ = windows.history().entries()[0]
    windows.add("c.png", b"same")
    assert windows.names()[:2] == ["c.png", "b.png"]
    assert (shown / "thumbnail.jpg").exists()  # the page may still load it
    windows.add("c.png", b"same")
    assert not shown.exists()
    windows.add("d.png", b"same")
    assert windows.names()[:3] == ["d.png", "c.png", "b.png"]


def test_a_history_belongs_to_one_window_and_goes_with_the_visitor(windows: Windows) -> None:
    windows.add("a.png")
    ((folder, entry),) = windows.history().entries()
    for others in ({"token": YOU}, {"window": "v"}, {"token": None}, {"window": "../x"}):
        assert windows.names(**others) == []
        assert windows.history(**others).to_html() == ""  # type: ignore[arg-type]
    path = str(folder / entry.name)
    assert windows.visitors.owns(ME, path)
    assert not windows.visitors.owns(YOU, path)
    with pytest.raises(PictureError):
        windows.add("b.png", token=None)
    windows.now = KEEP_SECONDS + 1
    windows.visitors.sweep()
    assert windows.names() == []
    assert not folder.exists()


def test_a_result_that_is_deleted_meanwhile_is_left_out(
    windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another window of the visitor deletes old results, and writes new ones, at any time."""
    windows.add("a.png")
    windows.add("b.png")
    listed = windows.history().entries()
    (listed[1][0] / "a.png").unlink()
    monkeypatch.setattr(ResultHistory, "entries", lambda self: listed)
    assert windows.history().to_html().count("<figure>") == 1
    (listed[0][0] / "entry.json.part").symlink_to("deleted")  # listed, and then gone
    windows.visitors.limit_results(ME, result_history.KIND, 1, 10**6)
    assert [folder.exists() for folder, _ in listed] == [True, False]


def test_a_history_is_limited_in_number_and_bytes(
    windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_history, "MAX_ENTRIES", 4)
    monkeypatch.setattr(result_history, "MAX_BYTES", 3000)
    for number in range(6):
        windows.add(f"{number}.png")
    assert windows.names() == ["5.png", "4.png", "3.png", "2.png"]
    windows.add("elsewhere.png", window="v")  # the limits are those of the visitor
    assert windows.names() == ["5.png", "4.png", "3.png"]
    windows.add("yours.png", token=YOU)
    assert windows.names() == ["5.png", "4.png", "3.png"]
    windows.add("large.png", b"x" * 2000)
    assert windows.names() == ["large.png", "5.png", "4.png"]
    windows.add("larger.png", b"y" * 2000)
    assert windows.names() == ["larger.png"]
    windows.add("huge.png", b"z" * 9000)  # the newest is kept in any case
    assert windows.names() == ["huge.png"]
