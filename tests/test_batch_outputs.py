"""The output plan of a batch, which is made before the first picture is decoded."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest
from PIL import Image

from batches import GRAY, results, run, tree
from colortk.batch.inputs import InputItem
from colortk.batch.options import BatchOptions
from colortk.batch.outputs import OutputPlanner
from colortk.batch.plan import PlannedFile


def plan(names: list[str], **options: object) -> list[PlannedFile]:
    batch = BatchOptions(**options)  # type: ignore[arg-type]
    return OutputPlanner(batch).plan([InputItem(name) for name in names])


def encoded(kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(GRAY).save(out, kind)
    return out.getvalue()


def test_the_file_type_is_that_of_the_content(place: Path) -> None:
    for name, kind in (("a.png", "JPEG"), ("b", "PNG"), ("c.gif", "GIF"), ("d.jpg", "TIFF")):
        (place / name).write_bytes(encoded(kind))
    planned = plan(["a.png", "b", "c.gif", "d.jpg"])
    outputs = [Path(entry.output or "").name for entry in planned]
    assert outputs == ["a-colorized.jpg", "b-colorized.png", "c-colorized.png", "d-colorized.tif"]
    planned = plan(["a.png", "d.jpg"], output=Path("out"), output_is_folder=True, extension="webp")
    assert [entry.output for entry in planned] == ["out/a.webp", "out/d.webp"]
    assert not (place / "out").exists(), "a plan writes nothing"


def test_everything_is_refused_or_skipped_in_the_plan(place: Path) -> None:
    tree(place, "a.png", "b.png", "x/a.png", "out/b.png")
    (place / "out" / "c.png").symlink_to("nowhere")
    tree(place, "c.png", "notes.txt")
    names = ["a.png", "x/a.png", "b.png", "c.png", "missing.png", "notes.txt"]
    first, *others = plan(names, output=Path("out"))
    assert first.target is not None
    assert first.target.path == "out/a.png"
    assert [entry.target for entry in others[:4]] == [None] * 4
    errors = [entry.error or "" for entry in others[:4]]
    assert "'out/a.png' is already the output of 'a.png'" in errors[0]
    assert "'out/b.png' exists" in errors[1]
    assert "link" in errors[2]
    assert errors[3] == "cannot read 'missing.png': there is no such file"
    assert others[4].target is not None, "its content is judged by the decoder"
    again = plan(["b.png"], output=Path("out"), skip_existing=True)
    assert (again[0].target, again[0].skipped, again[0].error) == (None, True, None)
    forced = plan(["b.png"], output=Path("out"), force=True)
    assert forced[0].target is not None
    assert forced[0].target.overwrite


def test_a_file_that_is_no_picture_is_reported_as_such(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree(place, "a.png", "a.txt")
    assert run("a.png", "a.txt") == 1
    assert "not a picture" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("extension", [(), ("--ext", "png")])
def test_a_pipe_is_read_once(place: Path, extension: tuple[str, ...]) -> None:
    os.mkfifo(place / "pipe")
    writer = threading.Thread(target=(place / "pipe").write_bytes, args=(encoded("PNG"),))
    writer.start()
    assert run("pipe", "-o", "out/", *extension) == 0
    writer.join()
    assert results(place / "out") == ["pipe.png"]


def test_output_of_standard_input_is_named_by_its_type(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Input:
        buffer = io.BytesIO(encoded("JPEG"))

    monkeypatch.setattr("sys.stdin", Input())
    assert run("-", "-o", "out/") == 0
    assert results(place / "out") == ["stdin-colorized.jpg"]


def test_a_file_that_appears_after_the_plan_is_kept(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tree(place / "in", "a.png", "b.png")
    planned = OutputPlanner.plan

    def plan_then_appear(self: OutputPlanner, items: list[InputItem]) -> list[PlannedFile]:
        plans = planned(self, items)
        (place / "out").mkdir()
        (place / "out" / "b.png").write_bytes(b"of another program")
        return plans

    monkeypatch.setattr(OutputPlanner, "plan", plan_then_appear)
    assert run("in", "-o", "out") == 1
    assert "b.png' exists" in capsys.readouterr().err
    assert (place / "out" / "b.png").read_bytes() == b"of another program"
