"""The results database: complete additions, several writers, clear errors."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from colortk.errors import EnvironmentProblem, UsageError
from colortk.harness.protocol import load_protocol
from colortk.harness.records import Key, PictureRow, ResultRow
from colortk.harness.results import RESULTS_FILE, Results

KEY = Key("gray", "", "{}", "code")
V1 = load_protocol()


def picture(sha: str) -> PictureRow:
    return PictureRow(
        sha, f"{sha}.png", 10, 20, 30.0, 40.0, True, b"h", b"t", b"g", f"pixels {sha}"
    )


def result(sha: str, **more: object) -> ResultRow:
    return ResultRow(
        sha, KEY, {"psnr": 20.0}, {"bad": "why"}, "1.0", 0.5, result=b"r", heat=b"q", **more
    )  # type: ignore[arg-type]


def test_stored_results_are_read_back(tmp_path: Path) -> None:
    codes = {"psnr": "a", "bad": "b"}
    with Results(tmp_path) as results:
        results.add(V1, picture("x"), [result("x")], codes)
    with Results(tmp_path) as results:
        (row,) = results.results(V1.hash, KEY, codes).values()
        assert (row.values, row.errors, row.seconds) == ({"psnr": 20.0}, {"bad": "why"}, 0.5)
        found = results.pictures(V1.hash)["x"]
        assert (found.name, found.chroma, found.enlarged) == ("x.png", 30.0, True)
        assert found.pixels == "pixels x"
        assert results.thumbnails(V1, "x") == (b"t", b"g")
        assert results.result_thumbnails(V1, "x", KEY) == (b"r", b"q")
        assert results.protocols() == {V1.hash: V1.definition}
        assert [(key, n) for key, n, _ in results.keys(V1.hash)] == [(KEY, 1)]


def test_results_of_other_code_or_keys_are_not_returned(tmp_path: Path) -> None:
    with Results(tmp_path) as results:
        results.add(V1, picture("x"), [result("x")], {"psnr": "a", "bad": "b"})
        (row,) = results.results(V1.hash, KEY, {"psnr": "changed", "bad": "b"}).values()
        assert (row.values, row.errors) == ({}, {"bad": "why"})
        for change in ("plugin", "artifact", "options", "code"):
            other = Key(**{**KEY.__dict__, change: "other"})
            assert results.results(V1.hash, other) == {}
        assert results.results(V1.varied(refine="none").hash, KEY) == {}


def test_a_result_is_replaced_as_a_whole(tmp_path: Path) -> None:
    with Results(tmp_path) as results:
        results.add(V1, picture("x"), [result("x", error="failed")], {})
        results.add(V1, picture("x"), [ResultRow("x", KEY, {"psnr": 30.0})], {})
        (row,) = results.results(V1.hash, KEY).values()
        assert (row.values["psnr"], row.error) == (30.0, None)


def test_a_failure_never_replaces_a_result(tmp_path: Path) -> None:
    with Results(tmp_path) as results:
        results.add(V1, picture("x"), [result("x")], {})
        results.add(V1, picture("x"), [ResultRow("x", KEY, error="too slow", limit=1.0)], {})
        (row,) = results.results(V1.hash, KEY).values()
        assert (row.values, row.error) == ({"psnr": 20.0}, None)
        later = ResultRow("x", KEY, {"ssim": 0.5}, seconds=9.0)
        results.add(V1, picture("x"), [later], {})
        (row,) = results.results(V1.hash, KEY).values()
        assert row.values == {"psnr": 20.0, "ssim": 0.5}
        assert row.seconds == 0.5  # of the first addition


def test_only_requested_results_are_read(tmp_path: Path) -> None:
    with Results(tmp_path) as results:
        for sha in "abc":
            results.add(V1, picture(sha), [result(sha)], {})
        assert set(results.results(V1.hash, KEY, None, ["a", "c", "z"])) == {"a", "c"}
        assert set(results.pictures(V1.hash, ["b"])) == {"b"}
        assert set(results.pictures(V1.hash)) == {"a", "b", "c"}


def test_names_that_are_not_unicode(tmp_path: Path) -> None:
    with Results(tmp_path) as results:
        row = picture("x")
        row.name = "b\udcff.png"  # as Python gives the byte 0xff of a file name
        results.add(V1, row, [result("x")], {})
        assert results.pictures(V1.hash)["x"].name == "b\\udcff.png"


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with Results(tmp_path) as results:
        results._db.execute("PRAGMA max_page_count = 20")
        row = result("x")
        row.result = bytes(1_000_000)
        with pytest.raises(EnvironmentProblem, match="cannot be written: database or disk is full"):
            results.add(V1, picture("x"), [row], {})
        assert results.results(V1.hash, KEY) == {}
        results.add(V1, picture("y"), [result("y")], {})  # and it still works


def test_an_addition_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with Results(tmp_path) as results:
        broken = result("x")
        broken.values["psnr"] = object()  # type: ignore[assignment]
        with pytest.raises(sqlite3.Error):
            results.add(V1, picture("x"), [broken], {})
        assert results.pictures(V1.hash) == {}
        assert results.results(V1.hash, KEY) == {}


@pytest.mark.slow
def test_two_processes_write_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "sys.path[:0] = [sys.argv[3]]\n"
        "from test_results import V1, Results, picture, result\n"
        "with Results(Path(sys.argv[1])) as results:\n"
        "    for k in range(50): results.add(V1, picture(sys.argv[2] + str(k)), [result(sys.argv[2] + str(k))], {})"
    )
    here = str(Path(__file__).parent)
    runs = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name, here]) for name in "ab"
    ]
    assert [run.wait(240) for run in runs] == [0, 0]
    with Results(tmp_path) as results:
        assert len(results.results(V1.hash, KEY)) == 100


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / RESULTS_FILE)
    other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(UsageError, match="of version 99"):
        Results(tmp_path)
