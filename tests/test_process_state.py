"""A plugin that changes global process state affects neither results nor the command."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colortk.plugin.process_state import restored
from colortk.plugin.spec import ColorizerSpec
from colortk.runtime.loading import Loaded
from conftest import ORANGE, Run, colorizer_module, photo

MEDDLE = f"""
        import os, signal, sys, threading, time
        os.write(1, b"bytes that are no picture")
        print("text that is no picture", flush=True)
        sys.stdout.buffer.write(b"more")
        sys.stdout.close()
        sys.__stdout__.write("and more")
        sys.stdout = open(os.devnull, "w")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.chdir("/")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        def later():
            for _ in range(6000):
                os.write(1, b"late bytes")
                time.sleep(0.1)
        threading.Thread(target=later).start()
        {ORANGE}
"""


@pytest.fixture
def meddler(distribution: Callable[..., Path]) -> Path:
    source = colorizer_module("meddler", "meddler", MEDDLE.strip())
    return distribution("meddler", 'import os; os.write(1, b"declared"); print("x")\n' + source)


def test_run_writes_pictures_and_ends(meddler: Path, colortk: Run, tmp_path: Path) -> None:
    for number in range(2):
        Image.fromarray(photo(40, 50, number)).save(tmp_path / f"{number}.png")
    start = time.monotonic()
    run = colortk("run", "-p", "meddler", "0.png", "1.png", "-o", "out/", "--json", plugins=meddler)
    assert run.returncode == 0, run.stderr
    assert time.monotonic() - start < 300, "it waited for the plugin's thread"
    assert [line[:9] for line in run.stdout.splitlines()] == ['{"input":'] * 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.png", "1.png"]
    assert "bytes that are no picture" in run.stderr


def test_stdout_contains_only_the_picture(meddler: Path, colortk: Run, tmp_path: Path) -> None:
    Image.fromarray(photo(40, 50)).save(tmp_path / "a.png")
    run = colortk(
        "run", "-p", "meddler", "-", "-o", "-", plugins=meddler, text=False,
        input=(tmp_path / "a.png").read_bytes(),
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(b"\x89PNG")
    assert run.stdout.endswith(b"IEND\xaeB`\x82")
    assert Image.open(io.BytesIO(run.stdout)).size == (50, 40)


class Meddler:
    def __init__(self, other: Path) -> None:
        self.other = other

    def predict_ab(self, lightness: np.ndarray) -> np.ndarray:
        os.chdir(self.other)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.stdout = sys.stderr = io.StringIO()
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 1)
        return np.zeros((*lightness.shape, 2), np.float32)


def test_global_state_changed_by_a_plugin_is_restored(tmp_path: Path) -> None:
    spec = ColorizerSpec(name="x", summary="x", factory="x:x")
    before = os.getcwd(), signal.getsignal(signal.SIGTERM), sys.stdout, sys.stderr, os.fstat(1)
    Loaded(spec, Meddler(tmp_path)).predict(np.zeros((2, 2), np.float32))
    after = os.getcwd(), signal.getsignal(signal.SIGTERM), sys.stdout, sys.stderr, os.fstat(1)
    assert before[:4] == after[:4]
    assert (before[4].st_dev, before[4].st_ino) == (after[4].st_dev, after[4].st_ino)


def test_threads_restore_state_after_the_last_has_finished(tmp_path: Path) -> None:
    before, inside, done = os.getcwd(), threading.Event(), threading.Event()

    def other() -> None:
        with restored():
            inside.set()
            done.wait(240)

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(240)
    with restored():
        os.chdir(tmp_path)
    assert os.getcwd() == str(tmp_path), "the other thread may be using it"
    done.set()
    thread.join()
    assert os.getcwd() == before


def test_an_interrupt_keeps_the_handlers_that_it_set() -> None:
    old = signal.getsignal(signal.SIGTERM)

    def interrupted() -> None:
        with restored():
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            raise KeyboardInterrupt

    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, old)
