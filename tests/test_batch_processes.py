"""Batches over processes and a cluster: crashes, hangs and interrupts."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from batches import many, started, whole
from conftest import ORANGE, Run, colorizer_module, leftovers, wait_for_end
from test_cluster import cluster

pytestmark = pytest.mark.slow


def test_a_picture_that_crashes_or_hangs_a_worker_fails_alone(
    colortk: Run, moody: Path, tmp_path: Path
) -> None:
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
    assert "'in/black.png': plugin 'moody' was stopped: it took over 15 s" in lines[1]
    assert "'in/white.png': plugin 'moody' crashed" in lines[2]
    assert "exit code 3" in lines[2]
    assert whole(tmp_path / "out") == names
    resumed = colortk(
        "run", "-p", "moody", "in", "-r", "-o", "out", "--jobs", "2", "--resume", plugins=moody
    )
    assert resumed.stderr == "colortk: 2 colorized, 4 already done, 0 failed\n"


def test_a_plugin_is_not_blamed_for_reading_and_writing(
    colortk: Run, distribution: Callable[..., Path], tmp_path: Path
) -> None:
    many(tmp_path / "in", 1)
    for name in ("read", "write", "read-dies", "write-dies"):
        Image.new("L", (9, 9), 99).save(tmp_path / "in" / f"{name}.png")
    body = """
        import os, time
        from pathlib import Path
        from colortk.batch import process_file
        def wrapped(function, word):
            def run(path, *arguments):
                if Path(path).stem == word:
                    time.sleep(100)
                if Path(path).stem == f"{word}-dies":
                    os._exit(9)
                return function(path, *arguments)
            return run
        process_file.read_bytes = wrapped(process_file.read_bytes, "read")
        process_file.write_atomic = wrapped(process_file.write_atomic, "write")
    """
    module = colorizer_module("slow", "slow", ORANGE)
    module = module.replace("self.options = options", body.strip())
    run = colortk(
        "run", "-p", "slow", "in", "-r", "-o", "out/", "--jobs", "2", "--timeout", "15",
        plugins=distribution("slow", module),
    )  # fmt: skip
    assert run.returncode == 1
    errors = {line.split("'")[1]: line.split("': ", 1)[1] for line in run.stderr.splitlines()[:-1]}
    late = "was stopped: it took over 15 s (raise --timeout if it is only slow)"
    dead = "its process ended (exit code 9)"
    assert errors == {
        "in/read.png": f"reading the file {late}",
        "in/write.png": f"writing the result {late}",
        "in/read-dies.png": f"the worker crashed while reading the file: {dead}",
        "in/write-dies.png": f"the worker crashed while writing the result: {dead}",
    }


def test_a_plugin_that_cannot_load_is_reported_once(
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


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_an_interrupted_batch_leaves_no_temporary_files(
    name: str, code: int, colortk: Run, moody: Path, tmp_path: Path
) -> None:
    names = many(tmp_path / "in", 8)
    mark = tmp_path / "started"
    process = started(tmp_path, moody, NAP="0.2", STARTED=str(mark), FREE="4")
    until = time.monotonic() + 240
    while time.monotonic() < until and not (mark.exists() and mark.read_text().count(" ") > 4):
        time.sleep(0.05)
    process.send_signal(getattr(signal, name))
    _, errors = process.communicate(timeout=240)
    assert process.returncode == code
    first, last = errors.splitlines()
    assert "of 8 done. Run the same command with --resume to finish." in first
    assert last in ("colortk: interrupted", "colortk: terminated")
    for number in {int(word) for word in mark.read_text().split()}:
        wait_for_end(number)
    assert leftovers(tmp_path) == []
    assert set(whole(tmp_path / "out")) < set(names)
    run = colortk("run", "-p", "moody", "in", "-r", "-o", "out", "--resume", plugins=moody)
    assert run.returncode == 0, run.stderr
    assert whole(tmp_path / "out") == names


def test_a_dask_cluster_gives_the_same_results(colortk: Run, moody: Path, tmp_path: Path) -> None:
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
        assert "white.png': plugin 'moody' crashed: its process ended (exit code 3)" in first
        assert last == "colortk: 10 colorized, 1 failed"
        assert all(worker.poll() is None for worker in workers)
        arguments = ("run", "-p", "moody", "in", "-r", "-o", "out", "--resume")
        again = colortk(*arguments, *where, plugins=moody)
        assert "0 colorized, 10 already done, 1 failed" in again.stderr
    assert whole(tmp_path / "out") == names
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()
