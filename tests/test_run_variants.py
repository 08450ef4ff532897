"""``colortk run --variants``: names, folders, resumption and refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.cli.main import invoke
from colortk.color.cielab import gray_rgb, lightness
from conftest import photo


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLORTK_STORE", str(tmp_path / "store"))
    folder = tmp_path / "scans"
    folder.mkdir()
    for name, seed in (("a.png", 1), ("b.jpg", 2)):
        rgb = gray_rgb(lightness(photo(40, 56, seed)))
        Image.fromarray(rgb[..., 0]).save(folder / name)
    return folder


def run(*arguments: object) -> int:
    return invoke(["run", *map(str, arguments)])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_variants_are_numbered_beside_the_input(folder: Path) -> None:
    before = (folder / "a.png").read_bytes()
    assert run(folder / "a.png", "--variants", 2) == 0
    assert names(folder) == ["a-colorized-1.png", "a-colorized-2.png", "a.png", "b.jpg"]
    assert (folder / "a.png").read_bytes() == before
    first, second = (np.asarray(Image.open(folder / f"a-colorized-{k}.png")) for k in (1, 2))
    assert not np.array_equal(first, second)
    assert run(folder / "a.png", "-o", folder / "auto.png") == 0
    assert np.array_equal(first, np.asarray(Image.open(folder / "auto.png")))


@pytest.mark.slow
def test_results_are_not_overwritten_and_not_colorized_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "--variants", 2) == 0
    assert len(names(folder)) == 6
    assert run(folder / "a.png", "--variants", 2) == 1
    assert "exists" in capsys.readouterr().err
    assert run(folder, "--variants", 2, "--skip-existing") == 0
    assert len(names(folder)) == 6
    assert "it is the result of" in capsys.readouterr().err


@pytest.mark.slow
def test_output_files_and_folders_get_numbers(folder: Path) -> None:
    out = folder.parent / "out"
    assert run(folder / "a.png", "--variants", 2, "-o", folder.parent / "one.webp") == 0
    assert sorted(path.name for path in folder.parent.glob("*.webp")) == [
        "one-1.webp",
        "one-2.webp",
    ]
    assert run(folder, "--variants", 2, "-o", f"{out}/", "--ext", "png") == 0
    assert names(out) == ["a-1.png", "a-2.png", "b-1.png", "b-2.png"]


def test_an_input_is_never_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a-1.png").write_bytes((folder / "a.png").read_bytes())
    before = (folder / "a-1.png").read_bytes()
    assert run(folder / "a.png", folder / "a-1.png", "--variants", 2, "-o", folder, "--force") == 1
    assert "would be overwritten" in capsys.readouterr().err
    assert (folder / "a-1.png").read_bytes() == before
    assert {"a-2.png", "a-1-1.png", "a-1-2.png"} <= set(names(folder))


def test_resume_makes_only_the_missing_version(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder.parent / "out"
    arguments = (folder, "--variants", 2, "-o", f"{out}/", "--resume")
    assert run(*arguments) == 0
    kept = (out / "a-2.png").stat().st_mtime_ns
    content = (out / "b-2.jpg").read_bytes()
    (out / "b-2.jpg").unlink()
    capsys.readouterr()
    assert run(*arguments, "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(Path(row["output"]).name, row["variant"], row["resumed"]) for row in rows] == [
        ("a-1.png", 1, True),
        ("a-2.png", 2, True),
        ("b-1.jpg", 1, True),
        ("b-2.jpg", 2, False),
    ]
    assert (out / "a-2.png").stat().st_mtime_ns == kept
    assert (out / "b-2.jpg").read_bytes() == content
    assert run(*arguments, "--seed", 1) == 1  # other results lie there


def test_an_error_is_printed_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.png").write_bytes(b"\x89PNG no picture")
    assert run(folder / "a.png", "--variants", 3) == 1
    assert capsys.readouterr().err.count("a.png'") == 1
    assert run(folder / "none.png", "--variants", 3) == 1
    assert capsys.readouterr().err.count("none.png'") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-p", "gray"), "'gray' cannot make variants"),
        (("-o", "-"), "standard output takes one picture"),
        (("--keep-intermediates",), "exclude each other"),
        (("--variants", "17"), "17 is not in the range"),
    ],
)
def test_what_cannot_work_is_refused_at_once(
    folder: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
) -> None:
    before = names(folder)
    assert run(folder / "a.png", "--variants", "2", *options) == 2
    assert message in capsys.readouterr().err
    assert names(folder) == before


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--jobs", "2"), ("--timeout", "100")])
def test_other_processes_make_the_same_variants(folder: Path, options: tuple[str, ...]) -> None:
    here, there = folder.parent / "here", folder.parent / "there"
    assert run(folder, "--variants", 2, "-o", f"{here}/", "--jobs", 1) == 0
    assert run(folder, "--variants", 2, "-o", f"{there}/", *options) == 0
    assert names(here) == names(there)
    for path in here.iterdir():
        assert path.read_bytes() == (there / path.name).read_bytes()


@pytest.mark.slow
def test_standard_input_is_read_once_for_all_variants(
    folder: Path, colortk: Callable[..., Any]
) -> None:
    out = folder / "out.png"
    data = (folder / "a.png").read_bytes()
    done = colortk("run", "-", "--variants", "2", "-o", str(out), input=data, text=False)
    assert done.returncode == 0, done.stderr
    assert {"out-1.png", "out-2.png"} <= set(names(folder))
