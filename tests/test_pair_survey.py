"""A survey of pairs: its plan, its folder, many raters at once, and its report."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colortk.cli.main import invoke
from colortk.color.cielab import lightness
from colortk.errors import UsageError
from colortk.report.pair_tables import CHOICE_CODEBOOK
from colortk.survey.open_survey import open_survey
from colortk.survey.pairs.checks import check_versions
from colortk.survey.pairs.description import DEFAULT_CONSENT
from colortk.survey.pairs.exclusion import allowed_failures, guesser_share
from colortk.survey.pairs.findings import pair_findings
from colortk.survey.pairs.plan import PairDesign, plan_pairs, round_robin
from colortk.survey.pairs.session import PairSurvey
from colortk.survey.session import Survey
from conftest import Run, photo
from pair_surveys import answer_pairs, make_pair_survey
from surveys import make_survey


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_a_round_robin_has_every_pair_once(count: int) -> None:
    pairs = round_robin(range(count))
    assert sorted(pairs) == [(i, j) for i in range(count) for j in range(i + 1, count)]
    size = count // 2
    for start in range(0, len(pairs), size):
        players = [player for pair in pairs[start : start + size] for player in pair]
        assert len(set(players)) == len(players)


@pytest.mark.parametrize(("pictures", "each"), [(6, 6), (7, 5), (12, 4)])
def test_the_plan_is_balanced(pictures: int, each: int) -> None:
    """Over a whole plan, every picture is compared equally often in every pair of versions."""
    design = PairDesign(5, pictures, (0, 1, 2, 3), each, 3, 2)
    raters = np.lcm(each, 6 * pictures) // each
    counts: Counter[tuple[int, int, int]] = Counter()
    left: Counter[bool] = Counter()
    for number in range(raters):
        trials = plan_pairs(design, number)
        compared = [t for t in trials if not t.check]
        assert len({t.picture for t in compared}) == len(compared) == each
        checks = [t for t in trials if t.check]
        assert {t.picture for t in checks} == {0, 1}
        assert all(sorted((t.left, t.right)) in ([0, 1], [0, 2]) for t in checks)
        counts.update((t.picture, *sorted((t.left, t.right))) for t in compared)
        flipped = sum(t.left > t.right for t in compared)
        assert abs(2 * flipped - each) <= 1
        left.update(t.left > t.right for t in compared)
    assert len(counts) == 6 * pictures
    assert set(counts.values()) == {raters * each // (6 * pictures)}
    assert plan_pairs(design, 1) == plan_pairs(design, 1)
    assert {t.left == 0 for n in range(9) for t in plan_pairs(design, n) if t.check} == {
        True, False,
    }  # fmt: skip


def test_check_versions_differ_in_color_only() -> None:
    original = photo(20, 30, 3)
    first, gray, rotated = check_versions(original)
    assert first is original
    assert np.ptp(gray, 2).max() == 0
    for version in (gray, rotated):
        assert np.abs(lightness(version) - lightness(original)).max() < 0.6
    assert np.abs(rotated.astype(int) - original).max() > 20


def test_exclusion(tmp_path: Path) -> None:
    """Raters who fail checks or always choose a side are excluded, unless they are kept."""
    assert [allowed_failures(n) for n in (0, 1, 3, 4, 8)] == [0, 0, 0, 1, 2]
    assert guesser_share(4) == pytest.approx(5 / 16)
    survey = make_pair_survey(tmp_path / "survey", pictures=12, checks=2)
    answer_pairs(survey, survey.rater(), [1, 0, -1], 1)
    answer_pairs(survey, survey.rater(), [1, 0, -1], 2, attentive=False)
    lazy = survey.rater()
    while question := lazy.next():
        lazy.answer(question.id, False)
    found = pair_findings(survey)
    assert found.raters.excluded[0].failed_checks == 2
    assert [row.rater for row in found.raters.excluded] == [2, 3]
    assert (found.raters.counted, found.choices) == (1, 12)
    assert found.missing == "only one rater: how raters differ is not known"
    assert pair_findings(survey, keep_excluded=True).choices == 36


def test_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The order of the true strengths is found; every output holds the same numbers."""
    survey = make_pair_survey(tmp_path / "survey", pictures=12, checks=4, exposure_ms=1000)
    for number in range(24):
        assert answer_pairs(survey, survey.rater(), [1.5, 0, -1.5], number) == 16
    folder = str(tmp_path / "survey")
    assert invoke(["survey", "report", folder, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in found["strengths"]] == ["real", "a", "b"]
    assert (found["choices"], found["exposure_ms"]) == (24 * 12, 1000)
    assert [row["ranks"] for row in found["strengths"]] == [[1, 1], [2, 2], [3, 3]]
    matrix = np.array(found["win_matrix"])
    assert matrix.sum() == 24 * 12
    assert sum(row["wins"] for row in found["strengths"]) == 24 * 12
    assert found["pairs"][0]["wins"] == matrix[0, 1]
    assert found["strengths"][0]["elo"] == pytest.approx(
        1500 + 400 / np.log(10) * found["strengths"][0]["score"]
    )
    assert invoke(["survey", "report", folder]) == 0
    out, err = capsys.readouterr()
    assert "real > b" in out
    assert "Krippendorff's alpha" in err + out
    paths = {kind: str(tmp_path / kind) for kind in ("csv", "codebook", "html")}
    arguments = [part for kind, path in paths.items() for part in (f"--{kind}", path)]
    assert invoke(["survey", "report", folder, "--per-answer", *arguments]) == 0
    rows = list(csv.DictReader(io.StringIO(Path(paths["csv"]).read_text())))
    assert len(rows) == 24 * 16
    book = csv.DictReader(io.StringIO(Path(paths["codebook"]).read_text()))
    assert list(rows[0]) == [row["column"] for row in book] == list(CHOICE_CODEBOOK)
    wins = Counter(row["chosen"] for row in rows if row["kind"] == "comparison")
    assert wins == {row["name"]: row["wins"] for row in found["strengths"]}
    page = Path(paths["html"]).read_text()
    assert "Which looks more natural?" in page
    assert "<script" not in page
    assert invoke(["survey", "report", folder, "--csv", str(tmp_path / "scores")]) == 0
    scores = list(csv.DictReader(io.StringIO((tmp_path / "scores").read_text())))
    assert [row["version"] for row in scores] == ["real", "a", "b"]


def test_designs_are_not_confused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_pair_survey(tmp_path / "pairs")
    make_survey(tmp_path / "real")
    assert isinstance(open_survey(tmp_path / "pairs"), PairSurvey)
    assert isinstance(open_survey(tmp_path / "real"), Survey)
    with pytest.raises(UsageError, match="another design"):
        Survey.open(tmp_path / "pairs")
    codebook = ["--codebook", str(tmp_path / "book.csv")]
    assert invoke(["survey", "report", str(tmp_path / "real"), *codebook]) == 2
    create = ["survey", "create", "--pictures", str(tmp_path), "-p", "gray", "-o", "new"]
    assert invoke([*create, "--checks", "2"]) == 2
    assert "--checks needs --design pairs" in capsys.readouterr().err
    assert invoke([*create, "--design", "pairs", "--no-original"]) == 2
    assert "needs two versions" in capsys.readouterr().err


def test_an_empty_survey_has_a_report(tmp_path: Path) -> None:
    survey = make_pair_survey(tmp_path / "survey")
    found = pair_findings(survey)
    assert (found.choices, found.missing) == (0, "no choices")
    rater = survey.rater()
    question = rater.next()
    assert question is not None
    assert rater.next() == question
    assert rater.answer(question.id, True)
    assert not rater.answer(question.id, False)
    assert pair_findings(survey, per_answer=True).records[0].views == 2  # type: ignore[index]
    with pytest.raises(UsageError, match="no such question"):
        rater.answer("another", True)


@pytest.mark.slow
def test_create(colortk: Run, site: Path, tmp_path: Path) -> None:
    """Create a survey of pairs with plugins and check its pictures."""
    images = tmp_path / "images"
    images.mkdir()
    for seed in range(7):
        Image.fromarray(photo(40, 50, seed)).save(images / f"{seed}.png")
    (tmp_path / "consent.txt").write_text("I take part.\n", "utf-8")
    made = colortk(
        "survey", "create", "--design", "pairs", "--pictures", images, "--plugins", "orange,gray",
        "--checks", "2", "--exposure", "1000", "--consent", "consent.txt", "-o", "survey", "--json",
        plugins=site,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["pictures"] == 5
    survey = PairSurvey.open(tmp_path / "survey")
    about = survey.description
    assert (about.consent, about.exposure_ms) == ("I take part.", 1000)
    assert about.compared_names == ["real", "orange", "gray"]
    used = {row.sha256 for row in about.pictures} | {row.sha256 for row in about.checks}
    assert len(used) == 7
    files = list((tmp_path / "survey" / "pictures").iterdir())
    assert len(files) == 3 * 7
    assert len({(f.stat().st_size, f.stat().st_mtime) for f in files}) == 1
    assert answer_pairs(survey, survey.rater(), [0, 0, 0], 1) == 7
    assert about.consent != DEFAULT_CONSENT


PROCESSES, RATERS_EACH = 4, 50
LOAD = """
import sys
from concurrent.futures import ThreadPoolExecutor
from colortk.survey.pairs.session import PairSurvey

def answer_all(number):
    rater, count = survey.rater(), 0
    while question := rater.next():
        count += rater.answer(question.id, bool((number + count) % 2))
    return rater.id, count

with PairSurvey.open(sys.argv[1]) as survey, ThreadPoolExecutor(int(sys.argv[2])) as threads:
    for name, count in threads.map(answer_all, range(int(sys.argv[2]))):
        print(name, count)
"""


@pytest.mark.slow
def test_200_raters_at_once_lose_nothing(tmp_path: Path) -> None:
    """Four processes of 50 threads answer; every confirmed answer is in the file, in WAL mode."""
    survey = make_pair_survey(tmp_path / "survey", pictures=6, checks=2)
    with survey.answers._open() as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    command = [sys.executable, "-c", textwrap.dedent(LOAD), str(tmp_path / "survey")]
    running = [
        subprocess.Popen([*command, str(RATERS_EACH)], stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    lines = [line.split() for process in running for line in process.communicate()[0].splitlines()]
    assert [process.returncode for process in running] == [0] * PROCESSES
    raters = PROCESSES * RATERS_EACH
    assert len({name for name, _ in lines}) == len(lines) == raters
    assert {count for _, count in lines} == {"8"}
    choices = survey.answers.choices()
    assert len(choices) == 8 * raters
    assert survey.answers.raters() == dict.fromkeys(range(raters), (8, 8))
    assert pair_findings(survey, keep_excluded=True).choices == 6 * raters
