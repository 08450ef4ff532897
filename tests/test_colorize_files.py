"""``colorize_files``: the same batch from Python as from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from batches import results, tree
from colortk.batch.run import colorize_files
from colortk.errors import Notice, PluginError, UsageError


def test_a_folder_gives_the_files_of_the_command(place: Path) -> None:
    tree(place / "in", "a.png", "x/b.jpg", "bad.tif")
    (place / "in" / "bad.tif").write_text("no picture")
    made = list(colorize_files("in", "out", plugin="mean_color", recursive=True))
    assert [result.input for result in made] == ["in/a.png", "in/bad.tif", "in/x/b.jpg"]
    assert [result.output for result in made if result.error is None] == [
        "out/a.png",
        "out/x/b.jpg",
    ]
    assert "not a picture" in (made[1].error or "")
    from colortk.cli.main import invoke

    assert invoke(["run", "-p", "mean_color", "in", "-r", "-o", "command"]) == 1
    assert results(place / "out") == results(place / "command") == ["a.png", "x/b.jpg"]
    for name in results(place / "out"):
        assert (place / "out" / name).read_bytes() == (place / "command" / name).read_bytes()


def test_a_closed_iterator_leaves_the_rest_for_resume(place: Path) -> None:
    tree(place / "in", "a.png", "b.png", "c.png")
    iterator = colorize_files(Path("in"), Path("out"), plugin="gray")
    assert next(iterator).output == "out/a.png"
    iterator.close()  # type: ignore[attr-defined]
    assert results(place / "out") == ["a.png"]
    later = list(colorize_files("in", "out", plugin="gray", resume=True))
    assert [result.resumed for result in later] == [True, False, False]
    assert results(place / "out") == ["a.png", "b.png", "c.png"]
    again = list(colorize_files(["in/a.png"], plugin="gray", extension=".TIF"))
    assert again[0].output == "in/a-colorized.tif"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"inputs": "-"}, "'-' is not a file"),
        ({"inputs": []}, "nothing to colorize"),
        ({"inputs": "a.png", "strength": float("nan")}, "strength nan"),
        ({"inputs": "a.png", "timeout": 0}, "timeout 0"),
        ({"inputs": "a.png", "jobs": -1}, "jobs -1"),
        ({"inputs": "a.png", "extension": "docx"}, "docx"),
        ({"inputs": "a.png", "force": True, "skip_existing": True}, "exclude each other"),
    ],
)
def test_options_are_refused_before_any_work(
    arguments: dict[str, object], words: str, place: Path
) -> None:
    tree(place, "a.png")
    with pytest.raises(UsageError, match=words):
        colorize_files(**arguments)  # type: ignore[arg-type]
    assert results(place) == ["a.png"]


def test_an_unknown_plugin_is_raised_by_the_iterator(place: Path) -> None:
    tree(place, "a.png")
    with pytest.raises((PluginError, UsageError), match="no_such"):
        list(colorize_files("a.png", plugin="no_such"))


def test_a_store_that_cannot_be_written_is_a_notice(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(place, "a.png", "b.png")
    (place / "file").touch()
    monkeypatch.setenv("COLORTK_STORE", str(place / "file"))
    with pytest.warns(Notice, match="cannot be resumed"):
        made = list(colorize_files(["a.png", "b.png"], plugin="gray"))
    assert [result.error for result in made] == [None, None]


@pytest.mark.slow
def test_worker_processes_give_the_same_files(place: Path) -> None:
    tree(place / "in", *(f"{number}.png" for number in range(6)))
    assert not [r.error for r in colorize_files("in", "one", plugin="gray", jobs=1) if r.error]
    made = colorize_files("in", "two", plugin="gray", jobs=2, threads=1, timeout=60)
    assert sorted(Path(result.output or "").name for result in made) == results(place / "one")
    for name in results(place / "one"):
        assert (place / "one" / name).read_bytes() == (place / "two" / name).read_bytes()
