"""Results of damaged pictures that lack rows: ``run --resume`` never treats them as complete."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from PIL import Image

from batches import run, tree
from colortk.batch.inputs import InputItem
from colortk.batch.journal import Journal
from colortk.batch.options import BatchOptions
from colortk.batch.outputs import OutputPlanner
from colortk.batch.results import FileResult
from colortk.batch.tracker import OutputTracker
from conftest import photo

MISSING = {"axis": "rows", "lines": 9, "lost": [[5, 8]], "reduced": []}


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.fromarray(photo(160, 120)).save(out, "JPEG", quality=90)
    return out.getvalue()


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_partial_result_is_reported_again_until_its_input_is_whole(
    place: Path, capsys: pytest.CaptureFixture[str], jobs: int
) -> None:
    folder = tree(place / "in", "a.png", "b.png")
    (folder / "scan.jpg").write_bytes(jpeg()[:-3000])
    command = ("in", "-o", "out", "-j", jobs)
    assert run(*command, "--allow-truncated") == 1
    told = capsys.readouterr().err
    assert "are missing" in told
    assert "3 colorized (1 of them incomplete), 0 failed" in told
    result = place / "out" / "scan.jpg"
    before = result.read_bytes(), result.stat().st_mtime_ns
    for more in ((), ("--allow-truncated",)):
        assert run(*command, "--resume", *more) == 1
        told = capsys.readouterr().err
        assert f"'{Path('out/scan.jpg')}' is incomplete, as its input was damaged: rows" in told
        assert "0 colorized, 3 already done (1 of them incomplete), 0 failed" in told
    assert (result.read_bytes(), result.stat().st_mtime_ns) == before
    assert run(*command, "--resume", "--json", "--report", "report") == 1
    rows = [json.loads(line) for line in (place / "report").read_text().splitlines()]
    (row,) = (row for row in rows if row["missing"] is not None)
    assert (Path(row["input"]).name, row["resumed"], row["error"]) == ("scan.jpg", True, None)

    (folder / "scan.jpg").write_bytes(jpeg())
    capsys.readouterr()
    assert run(*command, "--resume") == 0
    assert "1 colorized, 2 already done, 0 failed" in capsys.readouterr().err
    assert run("in/scan.jpg", "-o", "whole.jpg") == 0
    assert result.read_bytes() == (place / "whole.jpg").read_bytes()
    assert run(*command, "--resume") == 0


def test_a_partial_result_that_somebody_edited_is_kept(place: Path) -> None:
    folder = tree(place / "in", "a.png")
    (folder / "scan.jpg").write_bytes(jpeg()[:-3000])
    assert run("in", "-o", "out", "--allow-truncated") == 1
    (folder / "scan.jpg").write_bytes(jpeg())
    result = place / "out" / "scan.jpg"
    result.write_bytes(b"edited")
    assert run("in", "-o", "out", "--resume") == 1
    assert result.read_bytes() == b"edited"


def journal(place: Path) -> Journal:
    return Journal(place / "store", {"plugin": "gray"}, resumes=True)


def test_an_output_that_may_be_partial_is_made_again(place: Path) -> None:
    tree(place, "a.png", "b.png", "c.png", "out/c.png")
    options = BatchOptions(output=Path("out"), allow_truncated=True)
    items = [InputItem(name) for name in ("a.png", "b.png")]
    killed = journal(place)
    tracker = OutputTracker(options, killed)
    plans = OutputPlanner(options, killed).plan(items)
    for planned in plans:
        assert tracker.begin(planned, planned.result("gray"))
    tree(place, "out/a.png", "out/b.png")
    tracker.record_output(plans[0], FileResult("a.png", "out/a.png", "gray"))
    tracker.close()
    later = BatchOptions(output=Path("out"))
    for _ in range(2):  # also after the second run was killed before it wrote anything
        journal_later = journal(place)
        plans = OutputPlanner(later, journal_later).plan([*items, InputItem("c.png")])
        assert (plans[0].target, plans[0].resumed) == (None, True)
        assert plans[1].target is not None
        assert plans[1].target.overwrite
        assert OutputTracker(later, journal_later).begin(plans[1], plans[1].result("gray"))
        assert "exists" in (plans[2].error or "")


def test_lines_of_partial_results_are_checked(place: Path) -> None:
    tree(place, "a.png", "out/a.png")
    first = journal(place)
    first.begin("a.png", Path("out/a.png"))
    first.end("a.png", Path("out/a.png"), success=True, missing=MISSING)
    first.close()
    later = journal(place)
    assert later.done("a.png", Path("out/a.png"))
    missing = later.missing("a.png", Path("out/a.png"))
    assert missing is not None
    assert str(missing) == "rows 5 to 8 (of 0 to 8) are missing"
    assert later.replaceable("a.png", Path("out/a.png"))
    os.utime("out/a.png", ns=(1, 1))
    assert not later.replaceable("a.png", Path("out/a.png")), "somebody has written it since"
    text = later.path.read_text().replace('"lost": [[5, 8]]', '"lost": 3')
    later.path.write_text(text)
    assert not journal(place).done("a.png", Path("out/a.png")), "a line that nobody wrote so"
