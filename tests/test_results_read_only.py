"""A read-only store can be read, including results that are only in the write-ahead log."""

from __future__ import annotations

import ctypes
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from colortk.cli.main import invoke
from colortk.errors import EnvironmentProblem
from colortk.harness.plugin_variants import parse_variant
from colortk.harness.protocol import load_protocol
from colortk.harness.records import PictureRow, Repeat, ResultRow
from colortk.harness.results import RESULTS_FILE, Results
from colortk.harness.runner import metric_digests
from colortk.survey.answers import Answers

NOW = load_protocol()
CAPABILITIES_3 = 0x20080522
DAC = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: open what permissions forbid
ROOT = os.name == "posix" and os.geteuid() == 0
pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="permissions are of POSIX"),
    pytest.mark.skipif(ROOT and sys.platform != "linux", reason="root may write everything"),
]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path


def fill(store: Path, names: tuple[str, ...] = ("p0", "p1")) -> Results:
    results = Results(store)
    for number, name in enumerate(names):
        rows = []
        for plugin in ("gray", "mean_color"):
            row = ResultRow(name, parse_variant(plugin).key, {"psnr": 20.0 + number})
            row.repeat = Repeat(3.0 if plugin == "mean_color" else 0.0)
            rows.append(row)
        picture = PictureRow(name, f"{name}.png", 9, 9, 30.0, 40.0, False)
        results.add(NOW, picture, rows, metric_digests(["psnr"]))
    return results


@contextmanager
def without_the_rights_of_root() -> Iterator[None]:
    """Make root obey permissions: change the effective capabilities of this thread."""
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_3, 0)
    kept = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice
    library = ctypes.CDLL(None, use_errno=True)
    assert library.capget(header, kept) == 0
    dropped = type(kept)(kept[0] & ~DAC, *kept[1:])
    assert library.capset(header, dropped) == 0
    try:
        yield
    finally:
        assert library.capset(header, kept) == 0


@contextmanager
def read_only(store: Path) -> Iterator[None]:
    """Remove the permission to write, also for root."""
    modes = {path: path.stat().st_mode for path in (store, *store.iterdir())}
    for path in modes:
        os.chmod(path, 0o555 if path.is_dir() else 0o444)
    try:
        with without_the_rights_of_root() if ROOT else nullcontext():
            yield
    finally:
        for path, mode in modes.items():
            os.chmod(path, mode)


def closed(store: Path) -> None:
    fill(store).close()


def with_a_log_that_nobody_merged(store: Path) -> None:
    """Return a store as a killed process leaves it: without the index of the log."""
    results = fill(store)
    for name in (RESULTS_FILE, f"{RESULTS_FILE}-wal"):
        shutil.copy(store / name, store / f"kept-{name}")
    results.close()
    for name in (RESULTS_FILE, f"{RESULTS_FILE}-wal"):
        os.replace(store / f"kept-{name}", store / name)
    assert (store / f"{RESULTS_FILE}-wal").stat().st_size > 0


def of_an_older_colortk(store: Path) -> None:
    closed(store)
    db = sqlite3.connect(store / RESULTS_FILE)
    for table in ("pixels", "sealed"):
        db.execute(f"DROP TABLE {table}")
    db.commit()
    db.execute("PRAGMA journal_mode = DELETE")
    db.close()


@pytest.mark.parametrize("prepare", [closed, with_a_log_that_nobody_merged, of_an_older_colortk])
def test_leaderboard_and_diff_read_a_read_only_store(
    store: Path, prepare: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(store)
    before = sorted(os.listdir(store))
    with read_only(store):
        assert invoke(["leaderboard", "--store", str(store)]) == 0
        text = capsys.readouterr().out
        assert "mean_color †" in text
        assert "2 pictures" in text
        command = ["diff", "gray", "mean_color", "-m", "psnr", "--store", str(store)]
        assert invoke(command) == 0
        assert "2 pictures scored with both" in capsys.readouterr().out
    assert sorted(os.listdir(store)) == before


def test_unstored_results_are_reported(store: Path) -> None:
    closed(store)
    with read_only(store), Results(store) as results:
        row = ResultRow("p2", parse_variant("gray").key, {"psnr": 1.0})
        results.store(NOW, PictureRow("p2", "p2", 9, 9, 30.0, 1.0, False), [row], {})
        assert "cannot be written" in results.problem
        assert set(results.pictures(NOW.hash, ["p0", "p2"])) == {"p0"}


def test_a_store_in_use_is_read_including_its_write_ahead_log(store: Path) -> None:
    results = fill(store)
    with read_only(store), Results(store) as reading:
        assert set(reading.pictures(NOW.hash)) == {"p0", "p1"}
    results.close()


def test_a_missing_database_in_a_read_only_folder(store: Path) -> None:
    with read_only(store), pytest.raises(EnvironmentProblem, match="cannot be used"):
        Results(store)


def test_answers_of_a_survey_are_read_and_not_lost(store: Path) -> None:
    answers = Answers(store / "answers.sqlite")
    Answers.create(answers.path, "digest")
    rater = answers.rater(None, lambda number: [(0, 0)])
    question = answers.show(rater)
    assert question is not None
    answers.answer(rater, question.id, True)
    answers.close()
    with read_only(store):
        answers.check("digest")
        assert [answer.real for answer in answers.all_answers()] == [True]
        with pytest.raises(EnvironmentProblem, match="readonly"):
            answers.rater(None, lambda number: [(0, 0)])
        answers.close()
