"""The survey: from a folder of pictures to a report, and failures on the way."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.cli.main import invoke
from colortk.errors import ColortkError, EnvironmentProblem, UsageError
from colortk.harness.sources import Source
from colortk.survey.create import draw, parse_plugin_list
from colortk.survey.session import Survey
from conftest import Run, colorizer_module, leftovers, photo
from surveys import answer_all, condition_of, make_survey


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.info == {}
        return np.asarray(image, float)


@pytest.mark.slow
def test_a_survey_from_creation_to_report(
    colortk: Run,
    site: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Create a survey, give 20 answers of two raters, and write a report."""
    images = tmp_path / "images"
    images.mkdir()
    for seed in range(12):
        Image.fromarray(photo(70, 90, seed)).save(images / f"{seed}.jpg", quality=80)
    Image.fromarray(photo(70, 90)).convert("L").save(images / "gray.png")
    (images / "broken.png").write_bytes(b"no picture")
    exif = Image.Exif()
    exif[0x010E] = "the real one"
    Image.fromarray(photo(70, 90, 13)).save(images / "told.png", exif=exif)

    made = colortk(
        "survey", "create", "--pictures", images, "--plugins", "orange,gray", "--count", 13,
        "--each", 10, "--seed", 4, "-o", "survey", "--json", plugins=site,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    said = json.loads(made.stdout)
    assert said["conditions"] == ["real", "orange", "gray"]
    assert (said["pictures"], said["each"]) == (13, 10)
    why = {row["name"]: row["why"] for row in said["left_out"]}
    assert "nearly gray: mean chroma 0.0, under 2" in why["gray.png"]
    assert "broken.png" in why
    assert "colortk: left out: " in made.stderr
    assert leftovers(tmp_path) == []

    survey = Survey.open(tmp_path / "survey")
    files = sorted((tmp_path / "survey" / "pictures").iterdir())
    assert len(files) == 39
    assert len({(f.stat().st_size, f.stat().st_mtime, len(f.name)) for f in files}) == 1
    for subject in survey.description.pictures:
        real, orange, gray = (pixels_of(survey.path(shown)) for shown in subject.versions)
        assert real.shape == (256, 256, 3)
        assert np.ptp(gray, 2).max() == 0
        assert (orange[..., 0] - orange[..., 2]).mean() > 30
        luminance = real @ [0.2126, 0.7152, 0.0722]
        assert np.corrcoef(luminance.ravel(), gray[..., 0].ravel())[0, 1] > 0.97

    for number in range(2):
        rater = survey.rater()
        assert answer_all(survey, rater, {"real": 1, "orange": 0, "gray": 0}, number) == 10
        assert rater.next() is None
        assert rater.progress == (10, 10)
    survey.close()
    monkeypatch.chdir(tmp_path)
    outputs = ["--html", "r.html", "--csv", "r.csv", "--json", "--per-answer"]
    assert invoke(["survey", "report", "survey", *outputs]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["answers"] == 20 == len(found["records"])
    assert {row["name"]: row["share"] for row in found["conditions"]} == {
        "real": 1.0, "orange": 0.0, "gray": 0.0,
    }  # fmt: skip
    assert sum(row["answers"] for row in found["conditions"]) == 20
    assert (tmp_path / "r.html").read_text("utf-8").count("data:image/jpeg") == 39
    assert len((tmp_path / "r.csv").read_text().splitlines()) == 21
    assert invoke(["survey", "report", "survey"]) == 0
    assert "orange\t5\t0.0 %" in capsys.readouterr().out


def test_the_seed_selects_pictures_by_content() -> None:
    found = [Source(f"{k}.jpg", f"{k:064x}") for k in range(20)]
    renamed = [Source(f"{k}.png", f"{k:064x}") for k in reversed(range(20))]
    first = [source.picture for source in draw(found, 1)]
    assert first == [source.picture for source in draw(renamed, 1)]
    assert first != [source.picture for source in draw(found, 2)]
    assert sorted(first) == [source.picture for source in found]


def test_a_comma_between_options_is_no_comma_between_plugins() -> None:
    assert parse_plugin_list(["a:x=1,y=2,b", " a , c,"]) == ["a:x=1,y=2", "b", "a", "c"]


def test_a_rater_continues_and_answers_each_picture_once(tmp_path: Path) -> None:
    survey = make_survey(tmp_path / "s")
    rater = survey.rater()
    assert rater.id.replace("-", "").replace("_", "").isalnum()
    first = rater.next()
    assert first is not None
    assert (first.number, first.total, first.text) == (1, 6, "Is the shown image real?")
    assert rater.next() == first
    assert rater.answer(first.id, True)
    again = Survey.open(tmp_path / "s").rater(rater.id)
    assert again.id == rater.id
    second = again.next()
    assert second is not None
    assert (second.number, again.progress) == (2, (1, 6))
    assert not rater.answer(first.id, False)
    assert [a.real for a in survey.answers.all_answers()] == [True]
    assert answer_all(survey, again, dict.fromkeys(("real", "a", "b"), 0.5), 0) == 5
    assert rater.next() is None


def test_invalid_raters_and_answers_are_refused(tmp_path: Path) -> None:
    survey = make_survey(tmp_path / "s")
    mine, other = survey.rater("'; DROP TABLE raters; --"), survey.rater("nobody")
    assert mine.id not in ("nobody", other.id)
    question = other.next()
    assert question is not None
    for name in (question.id, "nothing"):
        with pytest.raises(UsageError, match="this rater was not asked"):
            mine.answer(name, True)
    with pytest.raises(UsageError, match="True"):
        other.answer(question.id, 1)  # type: ignore[arg-type]
    assert survey.answers.all_answers() == []
    with sqlite3.connect(tmp_path / "s" / "survey.sqlite") as db:
        unseen = db.execute("SELECT id FROM questions WHERE shown IS NULL LIMIT 1").fetchone()[0]
        row = db.execute("SELECT rater, picture FROM questions LIMIT 1").fetchone()
        with pytest.raises(sqlite3.IntegrityError):
            db.execute("INSERT INTO questions VALUES ('x', ?, 99, ?, 0, 1, 1, 1)", row)
    db.close()
    with pytest.raises(UsageError):
        other.answer(unseen, True)


def test_raters_see_every_condition_equally_often(tmp_path: Path) -> None:
    survey = make_survey(tmp_path / "s", pictures=5, labels=("a", "b"))
    seen: dict[str, int] = {}
    for _ in range(8):
        rater = survey.rater()
        names = set()
        while question := rater.next():
            names.add(question.picture.name.partition("-")[0])
            kind = question.picture.name
            seen[kind] = seen.get(kind, 0) + 1
            rater.answer(question.id, condition_of(survey, question) == "real")
        assert len(names) == 5
    assert {count for kind, count in seen.items() if kind.endswith("-0.png")} == {4}
    assert {count for kind, count in seen.items() if not kind.endswith("-0.png")} == {2}
    assert all(a.shown <= a.answered for a in survey.answers.all_answers())


RATE = """
import sys
from colortk.survey.session import Survey
survey = Survey.open(sys.argv[1])
for _ in range(8):
    rater = survey.rater()
    while question := rater.next():
        assert rater.answer(question.id, True)
"""


def test_two_processes_answer_one_survey(tmp_path: Path) -> None:
    survey = make_survey(tmp_path / "s", each=5)
    command = [sys.executable, "-c", RATE, str(tmp_path / "s")]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    for process in running:
        assert process.communicate(timeout=400)[1] == b""
        assert process.returncode == 0
    given = survey.answers.all_answers()
    assert len(given) == 80
    assert len({(a.rater, a.picture) for a in given}) == 80
    assert survey.answers.raters() == dict.fromkeys(range(16), (5, 5))


def test_threads_share_a_survey(tmp_path: Path) -> None:
    survey = make_survey(tmp_path / "s")
    with ThreadPoolExecutor(8) as pool:
        shares = dict.fromkeys(("real", "a", "b"), 0.5)
        counts = list(pool.map(lambda n: answer_all(survey, survey.rater(), shares, n), range(8)))
    assert counts == [6] * 8
    survey.close()
    assert len(survey.answers.all_answers()) == 48


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_creation_leaves_no_survey(
    how: signal.Signals, distribution: Callable[..., Path], folder: Path, tmp_path: Path
) -> None:
    site = distribution("slow", colorizer_module("slow", "slow", "import time; time.sleep(600)"))
    code = "from colortk.cli.main import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "survey", "create", "--pictures", folder, "-p", "slow", "-o", "s"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(site)}, stderr=subprocess.PIPE,
    )  # fmt: skip
    patience = time.monotonic() + 240
    while not list(tmp_path.glob(".s-*.part/pictures")) and time.monotonic() < patience:
        time.sleep(0.02)
    assert not (tmp_path / "s").exists()
    process.send_signal(how)
    said = process.communicate(timeout=240)[1].splitlines()
    there = sorted(p.name for p in tmp_path.iterdir() if not p.name.endswith(".part"))
    assert there == ["pictures", "site"]
    if how == signal.SIGTERM:
        assert (process.returncode, said[-1]) == (143, b"colortk: terminated")
        assert leftovers(tmp_path) == []


def test_damaged_answers_are_one_line(tmp_path: Path) -> None:
    survey = make_survey(tmp_path / "s")
    rater = survey.rater()
    question = rater.next()
    assert question is not None
    rater.answer(question.id, True)
    for value in ("'text'", "1e999", "x'00'"):
        with sqlite3.connect(tmp_path / "s" / "survey.sqlite") as db:
            db.execute(f"UPDATE questions SET answered = {value} WHERE answered IS NOT NULL")
        db.close()
        with pytest.raises(EnvironmentProblem, match="are damaged: an answer holds"):
            survey.answers.all_answers()
    survey.close()


def damage(survey: Path, how: str) -> None:
    if how == "no folder":
        survey.rename(survey.with_name("elsewhere"))
    elif how == "no description":
        (survey / "survey.json").unlink()
    elif how == "half a description":
        (survey / "survey.json").write_bytes((survey / "survey.json").read_bytes()[:300])
    elif how == "another description":
        text = (survey / "survey.json").read_text()
        (survey / "survey.json").write_text(text.replace('"seed": 3', '"seed": 4'))
    elif how == "no list":
        (survey / "survey.json").write_text("[]")
    elif how == "a later format":
        (survey / "survey.json").write_text('{"format": 3}')
    elif how == "no answers":
        (survey / "survey.sqlite").unlink()
    elif how == "damaged answers":
        (survey / "survey.sqlite").write_bytes(b"no database, but long enough to be taken for one")
    elif how == "empty answers":
        (survey / "survey.sqlite").write_bytes(b"")
    elif how == "no picture":
        (survey / "pictures" / "0-1.png").unlink()
    elif how == "another picture":
        data = (survey / "pictures" / "0-1.png").read_bytes()
        (survey / "pictures" / "0-0.png").write_bytes(data)


@pytest.mark.parametrize(
    "how, kind, words",
    [
        ("no folder", UsageError, "no such folder"),
        ("no description", UsageError, "survey create"),
        ("half a description", UsageError, "damaged"),
        ("another description", UsageError, "another survey"),
        ("no list", UsageError, "damaged"),
        ("a later format", UsageError, "format 3"),
        ("no answers", UsageError, "missing"),
        ("damaged answers", EnvironmentProblem, "not a database"),
        ("empty answers", UsageError, "version 0"),
        ("no picture", UsageError, "0-1.png' is missing"),
        ("another picture", UsageError, "damaged"),
    ],
)
def test_a_damaged_survey_folder_is_one_line(
    how: str, kind: type[ColortkError], words: str, tmp_path: Path
) -> None:
    make_survey(tmp_path / "s")
    damage(tmp_path / "s", how)
    with pytest.raises(kind, match=words) as caught:
        Survey.open(tmp_path / "s")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("s/*-wal"))


def test_wrong_options_are_one_line(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    make_survey(tmp_path / "made")
    (tmp_path / "r.html").write_text("mine")

    def refused(code: int, words: str, *arguments: Any) -> None:
        assert invoke(["survey", *map(str, arguments)]) == code
        said = capsys.readouterr().err
        assert said.startswith("colortk: ")
        assert said.count("\n") == 1, said
        assert words in said

    create = ("create", "--pictures", folder, "-o", "s")
    refused(2, "did you mean 'gray'", *create, "-p", "gra")
    refused(2, "needs plugins", *create, "-p", ",")
    refused(2, "survey of 9: 4 of 4", *create, "-p", "gray", "--count", 9)
    refused(2, "--each 3", *create, "-p", "gray", "--count", 2, "--each", 3)
    refused(2, "'nowhere'", "create", "--images", "nowhere", "-o", "s", "-p", "gray")
    refused(2, "no such folder", "create", "--pictures", folder, "-o", "no/s", "-p", "gray")
    refused(2, "already exists", "create", "--pictures", folder, "-o", folder, "-p", "gray")
    refused(2, "no survey 's'", "report", "s")
    refused(2, "--force", "report", "made", "--html", "r.html")
    refused(2, "--json or --csv", "report", "made", "--per-answer")
    assert leftovers(tmp_path) == []
    assert (tmp_path / "r.html").read_text() == "mine"


@pytest.mark.slow
def test_a_plugin_that_fails_leaves_its_pictures_out(
    colortk: Run, distribution: Callable[..., Path], folder: Path, tmp_path: Path
) -> None:
    body = "assert lightness.mean() < 60; return np.zeros((*lightness.shape, 2), np.float32)"
    site = distribution("picky", colorizer_module("picky", "picky", body))
    Image.fromarray(np.maximum(photo(70, 90, 9), 200)).save(folder / "bright.png")
    Image.fromarray(255 - photo(70, 90, 9) // 3).save(folder / "bright too.png")
    for seed in range(4):
        Image.fromarray(photo(70, 90, seed) // 2).save(folder / f"{seed}.png")
    create = ("survey", "create", "--pictures", folder, "-p", "picky", "-o", "s")
    made = colortk(*create, plugins=site)
    assert made.returncode == 0, made.stderr
    assert "'picky' failed: AssertionError" in made.stderr
    assert len(Survey.open(tmp_path / "s").description.pictures) == 4
