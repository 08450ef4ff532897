"""Inputs of a batch: folders, patterns, lists, and the type of a file before it is decoded."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from batches import GRAY, run, tree
from colortk.batch.inputs import InputItem, find_inputs, read_list
from colortk.cli.main import invoke
from colortk.errors import UsageError
from colortk.io.decode import decode
from colortk.io.sniff import format_of


def names(items: list[InputItem]) -> list[str]:
    return [Path(item.name).as_posix() for item in items]


def test_a_folder_stands_for_its_pictures(place: Path) -> None:
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
    assert names(find_inputs(["in"])) == ["in/a.JPG.png", "in/b.png"]
    every = find_inputs(["in"], recursive=True)
    assert names(every) == ["in/a.JPG.png", "in/b.png", "in/x/d.tif", "in/x/y/f.jpg"]
    assert [item.folder for item in every] == ["", "", "x", os.path.join("x", "y")]
    assert names(find_inputs(["in/.hidden.png", "in/c.txt"])) == ["in/.hidden.png", "in/c.txt"]
    inside = find_inputs(["in"], recursive=True, output=Path("in/x"))
    assert names(inside) == ["in/a.JPG.png", "in/b.png"], "results are no inputs"
    assert len(find_inputs(["in"], recursive=True, output=Path("in"))) == 4
    twice = find_inputs(["in", "in/b.png", "./in/../in"], recursive=True)
    assert sorted(names(twice)) == sorted(names(every)), "found and named, but once"
    (item,) = find_inputs(["in/.x", "in/x/y"], output=Path("out"))[1:]
    assert item.folder == "y", "of several folders each keeps its name"


def test_a_link_to_a_parent_folder_is_not_followed(place: Path) -> None:
    tree(place / "in", "a.png")
    (place / "in" / "back").symlink_to(place / "in", target_is_directory=True)
    assert names(find_inputs(["in"], recursive=True)) == ["in/a.png"]


def test_circular_links_fail_alone(place: Path) -> None:
    tree(place / "in", "a.png", "x/b.png")
    for one, other in (("first", "second"), ("second", "first"), ("third.png", "third.png")):
        (place / "in" / one).symlink_to(other)
    found = find_inputs(["in"], recursive=True)
    assert [name for name in names(found) if name.endswith(("a.png", "b.png"))] == [
        "in/a.png",
        "in/x/b.png",
    ]
    failed = {item.name: str(item.error) for item in found if item.error}
    assert sorted(failed) == [os.path.join("in", n) for n in ("first", "second", "third.png")]
    for name, error in failed.items():
        assert error.startswith(f"cannot read '{name}': ")


def test_a_folder_without_pictures_says_so(place: Path) -> None:
    tree(place / "in", "c.txt", "x/d.png")
    (item,) = find_inputs(["in"])
    assert item.error == (
        "cannot read 'in': it is a folder without pictures"
        " (use --recursive to descend into subfolders)"
    )


def test_glob_patterns_are_expanded(place: Path) -> None:
    tree(place / "in", "a.png", "x/b.png", "x/c.jpg", "x/y/d.png", "[1].png")
    found = find_inputs(["in/**/*.png"])
    assert names(found) == ["in/[1].png", "in/a.png", "in/x/b.png", "in/x/y/d.png"]
    assert [item.folder for item in found] == ["", "", "x", os.path.join("x", "y")]
    assert find_inputs(["in/[1].png"]) == [InputItem("in/[1].png")], "what exists is no pattern"
    assert names(find_inputs(["in/*"])) == ["in/[1].png", "in/a.png"]
    assert names(find_inputs(["in/**/*.png"], output=Path("in/x"))) == ["in/[1].png", "in/a.png"]
    (none,) = find_inputs(["in/*.bmp"])
    assert "no file matches it as a pattern" in str(none.error)
    assert find_inputs([], ["in/*.png"]) == [InputItem("in/*.png", "")], "a list holds no patterns"


@pytest.mark.parametrize(
    "data",
    [
        b"a b.png\n\n  \nc.png", b"a b.png\r\nc.png\r\n", b"a b.png\0c.png\0",
        b"\xef\xbb\xbfa b.png\nc.png\n", "a b.png\r\nc.png\r\n".encode("utf-16"),
    ],
    ids=["lines", "windows", "nul", "bom", "powershell"],
)  # fmt: skip
def test_list_files_name_pictures(data: bytes, place: Path) -> None:
    (place / "list").write_bytes(data)
    assert read_list("list") == ["a b.png", "c.png"]


def test_invalid_list_files_are_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "list").write_text("-\n")
    with pytest.raises(UsageError, match="names '-'"):
        read_list("list")
    assert run("--input-list", "nowhere") == 2
    assert "cannot read the list 'nowhere': No such file" in capsys.readouterr().err
    assert run() == 2
    assert run("-", "--input-list", "-") == 2


def test_a_long_list_is_quick() -> None:
    many = [f"x/{number}.png" for number in range(100_000)]
    assert len(find_inputs([], many)) == 100_000


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
        Image.fromarray(GRAY).save(path, kind)
    wanted = decode(path.read_bytes(), "x").format
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert format_of(path) == wanted
    assert Image.MAX_IMAGE_PIXELS == 10


def test_endless_standard_input_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Endless:
        class buffer:  # noqa: N801
            @staticmethod
            def read(count: int) -> bytes:
                return bytes(count)

    monkeypatch.setattr("colortk.batch.process_file.MAX_FILE_BYTES", 1000)
    monkeypatch.setattr("sys.stdin", Endless())
    assert invoke(["run", "-p", "gray", "-", "-o", "x.png"]) == 1
    assert "standard input: it has over 1,000 bytes" in capsys.readouterr().err
