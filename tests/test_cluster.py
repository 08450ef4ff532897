"""`run` and `compare` on a Dask cluster of a scheduler and two workers on this machine."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import colorizer_module, photo


@contextlib.contextmanager
def cluster(
    folder: Path, environment: dict[str, str]
) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a scheduler with two workers of one thread each."""
    contact = folder / "scheduler.json"
    options = {
        "env": {**os.environ, **environment},
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    start = "import sys; from dask.__main__ import main; sys.argv[0] = 'dask'; main()"
    scheduler = subprocess.Popen(
        [sys.executable, "-c", start, "scheduler", "--host", "127.0.0.1", "--port", "0",
         "--no-dashboard", "--scheduler-file", str(contact)], **options,
    )  # fmt: skip
    workers = []
    try:
        until = time.monotonic() + 240
        address = ""
        while not address and time.monotonic() < until:
            time.sleep(0.1)
            with contextlib.suppress(OSError, ValueError):  # missing, or not complete yet
                address = json.loads(contact.read_text())["address"]
        workers = [
            subprocess.Popen(
                [sys.executable, "-c", start, "worker", address, "--nthreads", "1", "--no-dashboard",
                 "--no-nanny", "--local-directory", str(folder / f"w{k}")], **options,
            )
            for k in range(2)
        ]  # fmt: skip
        yield address, workers
    finally:
        for process in [*workers, scheduler]:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_a_killed_dask_worker_changes_no_result(
    tmp_path: Path, colortk: Callable[..., Any], distribution: Callable[..., Path]
) -> None:
    place = tmp_path / "pictures"
    place.mkdir()
    for seed in range(24):
        Image.fromarray(photo(40, 40, seed)).save(place / f"{seed:02}.png")
    body = """
        import os, time
        open(os.environ["COUNT"], "a").write("x")
        time.sleep(0.2)
        return np.repeat(lightness[..., None] / 10, 2, 2)
    """
    site = distribution("slow", colorizer_module("slow", "slow", body.strip()))
    count = tmp_path / "count"
    environment = {"COUNT": str(count), "PYTHONPATH": str(site), "COLORTK_SEAL": "off"}
    arguments = ("compare", place, "-p", "slow", "-m", "psnr", "-m", "ab_rmse", "--json")
    local = colortk(*arguments, env={**environment, "COLORTK_STORE": str(tmp_path / "local")})
    assert local.returncode == 0, local.stderr
    count.unlink()
    with cluster(tmp_path, environment) as (address, workers):
        spread = subprocess.Popen(
            [sys.executable, "-c", "from colortk.cli.main import main; main()", *map(str, arguments),
             "--backend", "dask", "--scheduler", address],
            env={**os.environ, **environment, "COLORTK_STORE": str(tmp_path / "spread")},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        until = time.monotonic() + 240
        while (not count.exists() or count.stat().st_size < 8) and time.monotonic() < until:
            time.sleep(0.05)
        workers[0].send_signal(signal.SIGKILL)
        out, err = spread.communicate(timeout=400)
    assert spread.returncode == 0, err.decode()
    assert count.stat().st_size < 24 * 1.5
    reports = [json.loads(local.stdout), json.loads(out)]
    for report in reports:
        for entry in report["plugins"]:
            del entry["seconds"], entry["peak_memory"]
        del report["loading_seconds"]
    assert reports[0] == reports[1]


@pytest.mark.slow
@pytest.mark.parametrize("address", ["127.0.0.1:x", "tcp://127.0.0.1:1", "nowhere"])
def test_a_missing_scheduler_is_one_line(
    address: str, tmp_path: Path, colortk: Callable[..., Any]
) -> None:
    Image.fromarray(photo()).save(tmp_path / "x.png")
    where = ("--backend", "dask", "--scheduler", address)
    run = colortk("compare", "x.png", "-p", "gray", "-m", "psnr", *where)
    assert run.returncode == 3
    assert f"no Dask scheduler at '{address}'" in run.stderr
    assert run.stderr.count("\n") == 1
