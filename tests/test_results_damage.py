"""A store that is damaged, locked, full, read-only or edited: one line, and no score is lost."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from colortk.errors import EnvironmentProblem, Notice, UsageError
from colortk.harness import results_file
from colortk.harness.results import RESULTS_FILE, Results
from conftest import QUICK, photo
from test_results import KEY, V1, picture, result

Run = Callable[..., "subprocess.CompletedProcess[Any]"]


def filled(folder: Path, count: int = 3) -> Path:
    """Create a store with results of ``count`` pictures; return its file."""
    with Results(folder) as results:
        for k in range(count):
            results.add(V1, picture(str(k)), [result(str(k))], {})
    return folder / RESULTS_FILE


def edited(path: Path, *statements: str) -> None:
    db = sqlite3.connect(path)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def asides(folder: Path) -> list[Path]:
    return [
        p for p in folder.glob(f"{RESULTS_FILE}.damaged-*") if p.suffix[-4:] not in ("-wal", "-shm")
    ]


@pytest.mark.parametrize(
    "content", [b"no database" * 100, b"SQLite format 3\0" + bytes(4096), b"x" * 5000]
)
def test_a_file_that_is_no_database_is_renamed(content: bytes, tmp_path: Path) -> None:
    (tmp_path / RESULTS_FILE).write_bytes(content)
    with pytest.warns(Notice, match="are damaged .* renamed to 'results.sqlite.damaged-"):
        results = Results(tmp_path)
    with results:
        results.add(V1, picture("x"), [result("x")], {})
        assert set(results.results(V1.hash, KEY)) == {"x"}
    (aside,) = asides(tmp_path)
    assert aside.read_bytes() == content


def test_pages_that_are_damaged_are_found_when_they_are_read(tmp_path: Path) -> None:
    path = filled(tmp_path, 40)
    data = bytearray(path.read_bytes())
    for page in range(4096, len(data) - 4096, 4096):
        data[page : page + 2000] = b"\xff" * 2000
    path.write_bytes(data)
    with Results(tmp_path) as results:
        with pytest.warns(Notice, match="are damaged"):
            assert results.results(V1.hash, KEY) == {}
        results.store(V1, picture("new"), [result("new")], {})
        assert results.problem == ""
        assert set(results.pictures(V1.hash)) == {"new"}
    (aside,) = asides(tmp_path)
    assert aside.read_bytes()[:4096] == data[:4096]


def test_tables_of_another_shape_are_renamed(tmp_path: Path) -> None:
    path = filled(tmp_path)
    edited(path, "DROP TABLE scores", "CREATE TABLE scores (id INTEGER)")
    with pytest.warns(Notice, match="table scores lacks"), Results(tmp_path) as results:
        assert results.results(V1.hash, KEY) == {}
    assert len(asides(tmp_path)) == 1


def test_the_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    edited(tmp_path / RESULTS_FILE, "CREATE TABLE addresses (name TEXT)")
    before = (tmp_path / RESULTS_FILE).read_bytes()
    with pytest.raises(UsageError, match=r"are of another program.*--store"):
        Results(tmp_path)
    db = sqlite3.connect(tmp_path / RESULTS_FILE)
    assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("addresses",)]
    db.close()
    assert len(before) == (tmp_path / RESULTS_FILE).stat().st_size
    (tmp_path / RESULTS_FILE).unlink()
    (tmp_path / RESULTS_FILE).mkdir()
    with pytest.raises(UsageError, match="it is not a file"):
        Results(tmp_path)


@pytest.mark.parametrize("value", ["'text'", "1e999", "-1e999", "NULL", "x'00ff'"])
def test_values_that_are_not_numbers_are_computed_again(value: str, tmp_path: Path) -> None:
    path = filled(tmp_path)
    with Results(tmp_path) as results:
        whole = results.results(V1.hash, KEY)
    (metric,) = list(whole["0"].values)[:1]
    edited(
        path,
        f"UPDATE scores SET value = {value} WHERE metric = '{metric}' AND result ="
        " (SELECT id FROM results WHERE picture = '0')",
    )
    with Results(tmp_path) as results:
        found = results.results(V1.hash, KEY)
    assert metric not in found["0"].values
    assert found["1"] == whole["1"]
    if value != "NULL":
        edited(path, f"UPDATE results SET seconds = {value} WHERE picture = '1'",
               f"UPDATE pictures SET chroma = {value} WHERE picture = '2'")  # fmt: skip
        with Results(tmp_path) as results:
            assert set(results.results(V1.hash, KEY)) == {"0", "2"}
            assert set(results.pictures(V1.hash)) == {"0", "1"}


def test_edited_definitions_are_ignored(tmp_path: Path) -> None:
    path = filled(tmp_path)
    edited(path, "INSERT INTO protocols VALUES ('h', 'no JSON'), ('i', '[1]'), ('j', x'ff')")
    with Results(tmp_path) as results:
        assert list(results.protocols()) == [V1.hash]


def test_a_locked_file_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results_file, "DATABASE_TIMEOUT", 0.1)
    path = filled(tmp_path, 1)
    with Results(tmp_path) as results:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        results.store(V1, picture("a"), [result("a")], {})
        assert "database is locked" in results.problem
        other.execute("ROLLBACK")
        other.close()
        results.store(V1, picture("b"), [result("b")], {})
        assert results.problem == ""
        assert set(results.results(V1.hash, KEY)) == {"0", "a", "b"}
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(EnvironmentProblem, match="cannot be used: database is locked"):
        Results(tmp_path)
    other.close()


def test_on_a_full_disk_the_last_results_are_kept_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("colortk.harness.results.MAX_WAITING", 3)
    with Results(tmp_path) as results:
        (pages,) = results._db.execute("PRAGMA page_count").fetchone()
        results._db.execute(f"PRAGMA max_page_count = {pages}")
        for k in range(6):
            row = replace(result(str(k)), result=bytes(100_000))
            results.store(V1, picture(str(k)), [row], {})
        assert "disk is full" in results.problem
        results._db.execute("PRAGMA max_page_count = 100000")
        results.flush()
        assert set(results.results(V1.hash, KEY)) == {"3", "4", "5"}
        assert "disk is full" in results.problem, "some were dropped"


@pytest.mark.slow
def test_scores_are_printed_though_they_cannot_be_stored(tmp_path: Path, colortk: Run) -> None:
    Image.fromarray(photo()).save(tmp_path / "a.png")
    command = ("compare", "a.png", "-p", "gray", *QUICK, "--json")
    assert colortk(*command).returncode == 0
    path = tmp_path / "store" / RESULTS_FILE
    path.write_bytes(b"damaged" * 1000)
    run = colortk(*command)
    assert run.returncode == 0
    assert json.loads(run.stdout)["images"] == 1
    assert run.stderr.startswith("colortk: note: the results")
    assert run.stderr.count("\n") == 1
    (aside,) = asides(tmp_path / "store")
    assert aside.read_bytes() == b"damaged" * 1000
    code = (
        "from colortk.harness import results, results_file\n"
        "results_file.DATABASE_TIMEOUT = 0.2\n"
        "import sqlite3\n"
        "add = results.Results.add\n"
        "def locked(self, *more):\n"
        "    other = sqlite3.connect(self.path, isolation_level=None)\n"
        "    other.execute('BEGIN IMMEDIATE')\n"
        "    try:\n        add(self, *more)\n"
        "    finally:\n        other.close()\n"
        "results.Results.add = locked\n"
        "from colortk.cli.main import main\n"
        "main()"
    )
    path.unlink()
    run = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "COLORTK_STORE": str(tmp_path / "store")}, timeout=400,
    )  # fmt: skip
    assert run.returncode == 1
    assert json.loads(run.stdout)["images"] == 1
    assert "some scores could not be stored: the results" in run.stderr
    assert "database is locked" in run.stderr
    assert run.stderr.count("\n") == 1
