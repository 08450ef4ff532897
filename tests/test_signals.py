"""SIGHUP ends a command as SIGTERM does; a stdout that is closed or full stops no work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batches import results, tree
from conftest import colorizer_module, leftovers

Run = Callable[..., "subprocess.CompletedProcess[Any]"]
CODE = "from colortk.cli.main import main; main()"


def ignore_hang_up() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@pytest.mark.slow
@pytest.mark.parametrize("more", [[], ["--jobs", "2"]])
@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM"])
def test_a_terminated_run_prints_how_to_continue(
    name: str, more: list[str], tmp_path: Path, distribution: Callable[..., Path]
) -> None:
    tree(tmp_path / "in", *(f"{k:02}.png" for k in range(30)))
    body = """import time
        self.count = getattr(self, "count", 0) + 1
        time.sleep(0.1 if self.count < 3 else 600)  # the run cannot end before the signal
        return np.repeat(lightness[..., None] / 10, 2, 2)"""
    site = distribution("slow", colorizer_module("slow", "slow", body))
    environment = {"PYTHONPATH": str(site), "COLORTK_STORE": str(tmp_path / "store")}
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, "run", "-p", "slow", "in", "-o", "out", *more],
        cwd=tmp_path, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 240
    while not list(tmp_path.glob("out/*.png")) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(getattr(signal, name))
    if name == "SIGHUP":  # a closing terminal sends one signal, and its shell another
        process.send_signal(signal.SIGHUP)
    lines = process.communicate(timeout=240)[1].splitlines()
    number = getattr(signal, name)
    assert process.returncode == 128 + number, lines
    assert "--resume" in lines[-2]
    assert lines[-1].startswith("colortk: terminated")
    assert ("SIGHUP" in lines[-1]) == (name == "SIGHUP")
    assert leftovers(tmp_path / "out") == []


def test_nohup_is_respected(tmp_path: Path) -> None:
    body = "import signal; from colortk.cli.startup import handle_signals; handle_signals();"
    check = "print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)"
    outputs = [
        subprocess.run(
            [sys.executable, "-c", body + check], preexec_fn=how, capture_output=True, text=True
        ).stdout
        for how in (None, ignore_hang_up)
    ]
    assert outputs == ["False\n", "True\n"]


@pytest.mark.slow
@pytest.mark.parametrize("stdout", ["closed", "full", "gone"])
def test_a_closed_stdout_stops_no_picture(stdout: str, tmp_path: Path) -> None:
    tree(tmp_path / "in", "a.png", "b.png")
    words = [sys.executable, "-c", CODE, "run", "-p", "gray", "in", "-o", "out"]
    environment = {**os.environ, "COLORTK_STORE": str(tmp_path / "store")}
    options: dict[str, Any] = {"cwd": tmp_path, "env": environment, "stderr": subprocess.PIPE}
    if stdout == "closed":
        run = subprocess.run(words, preexec_fn=lambda: os.close(1), **options)
    elif stdout == "full":
        with open("/dev/full", "wb") as full:
            run = subprocess.run(words, stdout=full, **options)
    else:
        reader, writer = os.pipe()
        os.close(reader)
        run = subprocess.run(words, stdout=writer, **options)
        os.close(writer)
    assert run.returncode == 1
    assert results(tmp_path / "out") == ["a.png", "b.png"]
    first, second = run.stderr.decode().splitlines()
    assert first.startswith("colortk: cannot print the results to standard output: ")
    assert second == "colortk: 2 colorized, 0 failed"


def test_opened_files_never_get_the_number_of_a_closed_stream(
    picture: Path, tmp_path: Path
) -> None:
    """Without `prepare_streams`, an output file could get descriptor 1 or 2 and receive printed text."""
    code = (
        "import os; from colortk.cli.startup import prepare_streams; prepare_streams();"
        "print(os.open('x', os.O_WRONLY | os.O_CREAT) > 2, file=__import__('sys').stderr)"
    )
    for number in (0, 1):
        run = subprocess.run(
            [sys.executable, "-c", code], preexec_fn=lambda n=number: os.close(n), cwd=tmp_path,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert run.stderr == "True\n"


@pytest.mark.slow
def test_the_page_deletes_its_files_on_sighup(tmp_path: Path) -> None:
    from pages import Page, missing_gradio

    if why := missing_gradio():
        pytest.skip(why)
    page = Page("-p", "gray", folder=tmp_path)
    try:
        (folder,) = (tmp_path / "tmp").glob("colortk-ui-*")
        page.process.send_signal(signal.SIGHUP)
        assert page.process.wait(timeout=240) == 128 + signal.SIGHUP
        assert not folder.exists()
    finally:
        page.close()
