"""Batches under faults: kills, a full disk, a read-only folder, a clock that jumps."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from batches import many, started, whole
from colortk.io.files import process_exists
from conftest import ROOT, Run, leftovers, photo
from test_run_failures import without_override

pytestmark = pytest.mark.slow


def test_a_killed_batch_can_be_resumed() -> None:
    """Kill ``COLORTK_KILLS`` times. ``benchmarks/faults.py`` kills 50 times."""
    kills = os.environ.get("COLORTK_KILLS", "6")
    script = [sys.executable, str(ROOT / "benchmarks" / "faults.py"), "--pictures", "40"]
    run = subprocess.run([*script, "--kills", kills], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("as it should be") == int(kills)


def test_two_runs_can_write_to_one_folder(moody: Path, tmp_path: Path) -> None:
    names = many(tmp_path / "in", 16)
    runs = [started(tmp_path, moody, "--resume", "--json", NAP="0.1") for _ in range(2)]
    rows = []
    for process in runs:
        out, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
        rows.append([json.loads(line) for line in out.splitlines()])
    assert [len(of_one) for of_one in rows] == [16, 16]
    assert whole(tmp_path / "out") == names
    assert leftovers(tmp_path) == []
    for path in (tmp_path / "store" / "runs").iterdir():
        for line in path.read_bytes().splitlines():
            assert not line or json.loads(line)


def test_a_deleted_input_fails_alone(colortk: Run, moody: Path, tmp_path: Path) -> None:
    names = many(tmp_path / "in", 6)
    last = tmp_path / "in" / names[-1]
    run = colortk(
        "run", "-p", "moody", "in", "-r", "-o", "out", "--jobs", "2",
        plugins=moody, env={"GONE": str(last)},
    )  # fmt: skip
    assert run.returncode == 1
    assert f"cannot read 'in/{names[-1]}': there is no such file" in run.stderr
    assert whole(tmp_path / "out") == names[:-1]


def test_a_folder_that_is_read_only(colortk: Run, tmp_path: Path) -> None:
    many(tmp_path / "in", 3)
    (tmp_path / "out").mkdir(mode=0o555)
    run = colortk(
        "run", "-p", "gray", "in", "-r", "-o", "out", "--jobs", "2", preexec_fn=without_override
    )
    assert run.returncode == 1
    assert run.stderr.count("Permission denied") == 3
    assert run.stderr.endswith("colortk: 0 colorized, 3 failed\n")


def test_a_file_size_limit_fails_only_large_results(colortk: Run, tmp_path: Path) -> None:
    """The limit also applies to the journal. Results under the limit are still written."""
    many(tmp_path / "in", 7)
    large = tmp_path / "in" / "large.png"
    Image.fromarray(photo(90, 90)[..., 1]).save(large)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))

    run = colortk("run", "-p", "gray", "in", "-r", "-o", "out", "--jobs", "2", preexec_fn=limit)
    assert run.returncode == 1
    assert "cannot write 'out/large.png': File too large" in run.stderr
    assert "note: --resume will repeat a part of this run" in run.stderr
    assert len(whole(tmp_path / "out")) == 7
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_batch_resumes_after_the_disk_was_full(jobs: int, colortk: Run, tmp_path: Path) -> None:
    """The results, the journal and the report are on the full disk."""
    names = many(tmp_path / "in", 40, (60, 80))
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting needs root")
    try:
        arguments = ["run", "-p", "gray", "in", "-r", "-o", "disk/out", "--jobs", jobs]
        arguments += ["--store", "disk/store", "--report", "disk/report"]
        run = colortk(*arguments)
        assert run.returncode == 1
        found = whole(disk / "out")
        assert 0 < len(found) < 30
        assert f"the disk is full: {len(found)} of 40 done" in run.stderr
        assert 3 <= run.stderr.count("No space left on device\n") < 10, "the others were left"
        assert leftovers(disk) == []
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        resumed = colortk(*arguments, "--resume")
        assert resumed.returncode == 0, resumed.stderr
        before = f"{40 - len(found)} colorized, {len(found)} already done, 0 failed"
        assert resumed.stderr == f"colortk: {before}\n"
        assert whole(disk / "out") == names
        rows = [json.loads(line) for line in (disk / "report").read_text().splitlines()]
        good = [Path(row["output"]) for row in rows if row["error"] is None]
        assert sorted(path.relative_to("disk/out").as_posix() for path in good) == names
    finally:
        subprocess.run(["umount", str(disk)], check=True)


#: A clock that is alternately years ahead and years behind.
CLOCK = """
import time
real, calls = time.time, []

def wrong():
    calls.append(None)
    return real() + {years} * 365 * 86400 * (-1) ** len(calls)

time.time = wrong
time.time_ns = lambda: int(wrong() * 1e9)
"""


@pytest.mark.parametrize("first", [-10, 10])
def test_a_changed_system_clock_does_not_confuse_resume(
    first: int, colortk: Run, moody: Path, tmp_path: Path
) -> None:
    """`--resume` depends on the content of files, not on their times."""
    names = many(tmp_path / "in", 12)
    for number, name in enumerate(names):  # a camera's clock is wrong too
        os.utime(tmp_path / "in" / name, (number * 10**8,) * 2)
    (moody / "sitecustomize.py").write_text(CLOCK.format(years=first))
    twice = "import time; print(abs(time.time() - time.time()) > 1e8)"
    asked = subprocess.run(
        [sys.executable, "-c", twice], env={**os.environ, "PYTHONPATH": str(moody)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert asked.stdout == "True\n", "the clock does jump"
    mark, out = tmp_path / "started", tmp_path / "out"
    process = started(tmp_path, moody, NAP="0.3", STARTED=str(mark), FREE="6")
    until = time.monotonic() + 240
    while time.monotonic() < until and not (mark.exists() and mark.read_text().count(" ") > 6):
        time.sleep(0.02)
    process.kill()
    process.communicate()
    workers = {int(word) for word in mark.read_text().split()}
    while time.monotonic() < until and any(process_exists(worker) for worker in workers):
        time.sleep(0.02)
    found = whole(out)
    assert 2 < len(found) < 12
    for number, name in enumerate(found):
        os.utime(out / name, (4 * 10**9 if number % 2 else 1,) * 2)
    (journal,) = (tmp_path / "store" / "runs").iterdir()
    os.utime(journal, (4 * 10**9,) * 2)
    stamps = {name: (out / name).stat().st_mtime_ns for name in found}
    (moody / "sitecustomize.py").write_text(CLOCK.format(years=-first))
    arguments = ("run", "-p", "moody", "in", "-r", "-o", "out", "--jobs", "2", "--resume")
    for done, before in ((12 - len(found), len(found)), (0, 12)):
        run = colortk(*arguments, plugins=moody)
        assert run.returncode == 0, run.stderr
        assert run.stderr == f"colortk: {done} colorized, {before} already done, 0 failed\n"
    assert whole(out) == names
    assert {name: (out / name).stat().st_mtime_ns for name in found} == stamps
    assert leftovers(tmp_path) == []
