"""Many pictures over processes: what a death, a kill, a full disk or a second run costs."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import ORANGE, ROOT, Run, colorizer_module, leftovers, photo
from test_cluster import cluster
from test_run_failures import without_override

pytestmark = pytest.mark.slow
#: Sleeps, dies or removes another picture, as the environment and the picture's lightness say.
BODY = f"""
        import os, time
        value = float(lightness.mean())
        if os.environ.get("STARTED"):
            open(os.environ["STARTED"], "a").write(str(os.getpid()) + " ")
        if os.environ.get("GONE") and os.path.exists(os.environ["GONE"]):
            os.remove(os.environ["GONE"])
        if value > 99 and os.environ.get("DEADLY"):
            os._exit(3)
        if value < 1 and os.environ.get("HANGS"):
            time.sleep(600)
        time.sleep(float(os.environ.get("NAP", 0)))
        {ORANGE}
"""
MAIN = [sys.executable, "-c", "from colortk.cli.main import main; main()"]


@pytest.fixture
def moody(distribution: Callable[..., Path]) -> Path:
    return distribution("moody", colorizer_module("moody", "moody", BODY.strip()))


def many(place: Path, count: int, shape: tuple[int, int] = (20, 30)) -> list[str]:
    """Grey pictures in two folders below ``place``."""
    names = []
    for number in range(count):
        path = place / str(number % 2) / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(*shape, number)[..., 1]).save(path)
        names.append(path.relative_to(place).as_posix())
    return sorted(names)


def whole(folder: Path) -> list[str]:
    """Results, each decoded."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            with Image.open(path) as image:
                image.load()
            found.append(path.relative_to(folder).as_posix())
    return sorted(found)


def test_what_kills_or_hangs_costs_its_picture(colortk: Run, moody: Path, tmp_path: Path) -> None:
    names = many(tmp_path / "in", 4)
    Image.new("L", (9, 9), 255).save(tmp_path / "in" / "white.png")
    Image.new("L", (9, 9), 0).save(tmp_path / "in" / "black.png")
    run = colortk(
        "run", "-p", "moody", "in", "-r", "-o", "out", "--jobs", "2", "--timeout", "15",
        plugins=moody, env={"DEADLY": "1", "HANGS": "1"},
    )  # fmt: skip
    assert run.returncode == 1
    lines = sorted(run.stderr.splitlines())
    assert lines[0] == "colortk: 4 colorized, 2 failed"
    assert "'in/black.png': plugin 'moody' was stopped: not done in 15 s" in lines[1]
    assert "'in/white.png': plugin 'moody' died on it" in lines[2]
    assert "exit code 3" in lines[2]
    assert whole(tmp_path / "out") == names
    resumed = colortk(
        "run", "-p", "moody", "in", "-r", "-o", "out", "--jobs", "2", "--resume", plugins=moody
    )
    assert resumed.stderr == "colortk: 2 colorized, 4 done before, 0 failed\n"


def test_a_plugin_that_cannot_load_is_said_once(
    colortk: Run, distribution: Callable[..., Path], tmp_path: Path
) -> None:
    many(tmp_path / "in", 3)
    for name, body, word in (
        ("sad", "1 / 0", "ZeroDivisionError"),
        ("dead", "import os; os._exit(5)", "exit code 5"),
    ):
        module = colorizer_module(name, name, "pass").replace("self.options = options", body)
        site = distribution(name, module)
        run = colortk("run", "-p", name, "in", "-r", "-o", "out", "--jobs", "2", plugins=site)
        assert run.returncode == 3
        assert run.stderr.count("\n") == 1
        assert word in run.stderr
    assert not (tmp_path / "out").exists()


def started(place: Path, site: Path, *arguments: str, **environment: str) -> Any:
    return subprocess.Popen(
        [*MAIN, "run", "-p", "moody", "in", "-r", "-o", "out", "--jobs", "2", *arguments],
        cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(site), "COLORTK_STORE": str(place / "store"), **environment},
    )  # fmt: skip


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_an_interrupt_leaves_nothing(
    name: str, code: int, colortk: Run, moody: Path, tmp_path: Path
) -> None:
    names = many(tmp_path / "in", 8)
    mark = tmp_path / "started"
    process = started(tmp_path, moody, NAP="1", STARTED=str(mark))
    until = time.monotonic() + 90
    while time.monotonic() < until and not (mark.exists() and mark.read_text().count(" ") > 2):
        time.sleep(0.05)
    process.send_signal(getattr(signal, name))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    first, last = errors.splitlines()
    assert "of 8 are done: the same with --resume does the rest" in first
    assert last in ("colortk: interrupted", "colortk: terminated")
    for number in {int(word) for word in mark.read_text().split()}:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)
    assert leftovers(tmp_path) == []
    assert set(whole(tmp_path / "out")) < set(names)
    run = colortk("run", "-p", "moody", "in", "-r", "-o", "out", "--resume", plugins=moody)
    assert run.returncode == 0, run.stderr
    assert whole(tmp_path / "out") == names


def test_killed_at_any_moment_it_goes_on() -> None:
    """Shortened: as many as ``COLORTK_KILLS`` says. ``benchmarks/faults.py`` does 50."""
    kills = os.environ.get("COLORTK_KILLS", "6")
    script = [sys.executable, str(ROOT / "benchmarks" / "faults.py"), "--pictures", "40"]
    run = subprocess.run([*script, "--kills", kills], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("as it should be") == int(kills)


def test_two_runs_share_a_folder(moody: Path, tmp_path: Path) -> None:
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


def test_a_picture_that_vanishes_costs_itself(colortk: Run, moody: Path, tmp_path: Path) -> None:
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


def test_files_that_may_not_be_large(colortk: Run, tmp_path: Path) -> None:
    """Nor may the journal: the pictures that are small enough are done all the same."""
    many(tmp_path / "in", 7)
    large = tmp_path / "in" / "large.png"
    Image.fromarray(photo(90, 90)[..., 1]).save(large)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))

    run = colortk("run", "-p", "gray", "in", "-r", "-o", "out", "--jobs", "2", preexec_fn=limit)
    assert run.returncode == 1
    assert "cannot write 'out/large.png': File too large" in run.stderr
    assert "note: --resume will not know of all of this" in run.stderr
    assert len(whole(tmp_path / "out")) == 7
    assert leftovers(tmp_path) == []


def test_a_disk_that_is_full_and_then_is_not(colortk: Run, tmp_path: Path) -> None:
    names = many(tmp_path / "in", 12, (60, 80))
    out = tmp_path / "out"
    out.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", str(out)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting needs root")
    try:
        arguments = ("run", "-p", "gray", "in", "-r", "-o", "out", "--jobs", "2")
        run = colortk(*arguments)
        assert run.returncode == 1
        assert "No space left" in run.stderr
        found = whole(out)
        assert 0 < len(found) < 12
        subprocess.run(["mount", "-o", "remount,size=4m", str(out)], check=True)
        resumed = colortk(*arguments, "--resume")
        assert resumed.returncode == 0, resumed.stderr
        assert f"{12 - len(found)} colorized, {len(found)} done before" in resumed.stderr
        assert whole(out) == names
    finally:
        subprocess.run(["umount", str(out)], check=True)


def test_a_cluster_does_the_same(colortk: Run, moody: Path, tmp_path: Path) -> None:
    names = many(tmp_path / "in", 10)
    Image.new("L", (9, 9), 255).save(tmp_path / "in" / "white.png")
    local = colortk("run", "-p", "moody", "in", "-r", "-o", "local", plugins=moody)
    assert local.returncode == 0, local.stderr
    environment = {"PYTHONPATH": str(moody), "DEADLY": "1"}
    with cluster(tmp_path, environment) as (address, workers):
        where = ("--backend", "dask", "--scheduler", address)
        run = colortk("run", "-p", "moody", "in", "-r", "-o", "out", *where, plugins=moody)
        assert run.returncode == 1, run.stderr
        first, last = run.stderr.splitlines()
        assert "white.png': plugin 'moody' died on it: its process ended (exit code 3)" in first
        assert last == "colortk: 10 colorized, 1 failed"
        assert all(worker.poll() is None for worker in workers)
        arguments = ("run", "-p", "moody", "in", "-r", "-o", "out", "--resume")
        again = colortk(*arguments, *where, plugins=moody)
        assert "0 colorized, 10 done before, 1 failed" in again.stderr
    assert whole(tmp_path / "out") == names
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()
