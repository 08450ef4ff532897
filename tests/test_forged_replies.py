"""Plugins that forge replies: nothing is executed, and only their own picture fails."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colortk.batch.local_pool import LocalPool
from colortk.batch.options import PictureOptions
from colortk.batch.plan import OutputTarget
from colortk.batch.results import FileResult
from colortk.batch.worker import PictureTask, WorkerConfig
from colortk.errors import PredictionError
from colortk.plugin.registry import registry
from colortk.runtime.isolate import Isolated
from colortk.runtime.loading import PluginRequest
from colortk.testing.isolated_checks import run_checks_isolated
from conftest import COLORIZER, Run, colorizer_module, photo

#: The plugin finds the channel, as any code in its process can, and sends a forgery that the
#: lightness of the picture selects.
FORGER = f"""
import json, os, pickle, socket, stat, struct, sys, time

class Bomb:
    def __reduce__(self):
        return (os.mkdir, (os.environ["BOMB"],))

def connection():
    for descriptor in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                return socket.socket(fileno=os.dup(descriptor))
        except OSError:
            pass

def number_of_the_request():
    frame = sys._getframe()
    while frame:
        if "request" in frame.f_locals:
            return frame.f_locals["request"].number
        frame = frame.f_back

def message(number, fields, arrays, payload=b"", kind="prediction"):
    text = json.dumps({{"kind": kind, "number": number, "fields": fields, "arrays": arrays}}).encode()
    return b"CTK1" + struct.pack("<I", len(text)) + text + payload

def send(data):
    channel = connection()
    channel.settimeout(5)
    channel.sendall(data)

def attack(lightness):
    kind = int(round(float(lightness[0, 0])))
    bomb = pickle.dumps(Bomb())
    number = number_of_the_request()
    memory = {{"peak_memory": None}}
    shape = list(lightness.shape) + [2]
    if kind == 1: send(struct.pack("!i", len(bomb)) + bomb)
    if kind == 2: send(message(number, {{"peak_memory": None}}, [["ab", [1 << 10, 1 << 10, 2], "float32"]]))
    if kind == 3: send(message("0" * 16, memory, []))
    if kind == 4: send(message(number, memory, [["ab", shape, "float32"]], b"\\x00\\x00\\xc0\\x7f" * (shape[0] * shape[1] * 2)))
    if kind == 5: send(message(number, memory, [["ab", [2, 2, 2], "float32"]], bytes(32)))
    if kind == 6: send(message(number, memory, [["ab", shape, "uint8"]], bytes(shape[0] * shape[1] * 2)))
    if kind == 7: send(message(number, {{"peak_memory": -1}}, [["ab", shape, "float32"]], bytes(shape[0] * shape[1] * 8)))
    if kind == 8: send(message(number, {{"error": "__builtins__", "problem": "a", "reason": "", "hint": ""}}, [], kind="failure"))
    if kind == 12: send(2 * message(number, memory, [["ab", shape, "float32"]], b"\\0\\0\\x80?" * (shape[0] * shape[1] * 2)))
    if kind == 9: send(message(number, {{"input": "other.png", "output": "/x", "plugin": "gray", "error": None}}, [], kind="record"))
    if kind == 10: send(b"CTK1"); time.sleep(600)
    if kind == 11: send(message(number, {{"check": "other", "error": None, "ran": True}}, [], kind="outcome"))

{COLORIZER.format(
    module="forger", name="forger", more="",
    body="attack(lightness); return np.zeros((*lightness.shape, 2), np.float32)",
)}
"""  # fmt: skip
WHY = {
    1: "its bytes are not a message",
    2: "bytes of arrays",
    3: "not belong to an open request",
    4: "not finite",
    5: "shape (2, 2, 2), not (8, 8, 2)",
    6: "uint8, not float32",
    7: "impossible amount of memory",
    8: "unknown error",
}


@pytest.fixture
def forger(
    distribution: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Path]:
    """Install the plugin ``forger``; return the folder that its pickle would create."""
    site = distribution("forger", FORGER)
    monkeypatch.setenv("BOMB", str(tmp_path / "bomb"))
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.syspath_prepend(str(site))
    registry.cache_clear()
    yield tmp_path / "bomb"
    monkeypatch.undo()
    registry.cache_clear()
    sys.modules.pop("forger", None)


def plane(kind: int) -> np.ndarray:
    return np.full((8, 8), kind, np.float32)


def test_a_forged_prediction_fails_only_its_picture(forger: Path) -> None:
    with Isolated(PluginRequest("forger"), timeout=60) as plugin:
        for kind, why in WHY.items():
            with pytest.raises(PredictionError) as caught:
                plugin.predict(plane(kind))
            assert why in str(caught.value), kind
            assert "forger" in str(caught.value)
        assert not plugin.predict(plane(0)).any(), "the next picture has a new process"
    assert not forger.exists(), "a pickle was loaded"


@pytest.mark.slow
def test_a_late_reply_is_not_used_for_the_next_picture(forger: Path) -> None:
    """A well-formed forged reply is accepted; the real reply after it must not be used for the next picture."""
    with Isolated(PluginRequest("forger"), timeout=60) as plugin:
        plugin.predict(plane(12))
        deadline = time.monotonic() + 30
        while plugin.alive and time.monotonic() < deadline:
            try:
                ab = plugin.predict(plane(0))
                assert not ab.any(), "the reply for the picture before"
            except PredictionError as error:
                assert "request" in str(error)  # noqa: PT017
        assert not plugin.predict(plane(0)).any()


@pytest.mark.slow
def test_an_incomplete_reply_times_out(forger: Path) -> None:
    with Isolated(PluginRequest("forger"), timeout=3) as plugin:
        with pytest.raises(PredictionError, match="no reply on a picture within 3 s"):
            plugin.predict(plane(10))
        assert plugin.late


@pytest.mark.slow
def test_a_worker_that_does_not_read_is_stopped(forger: Path) -> None:
    """The picture is larger than the buffer of a socket, so that sending it would never end without a limit."""
    with Isolated(PluginRequest("forger"), timeout=60) as plugin:
        assert plugin._worker is not None
        number = plugin._worker.process.pid
        os.kill(number, signal.SIGSTOP)
        os.waitpid(number, os.WUNTRACED)  # until it has stopped
        plugin.timeout = 3
        with pytest.raises(PredictionError, match="no reply on a picture within 3 s"):
            plugin.predict(np.zeros((2000, 2000), np.float32))
        plugin.timeout = 60
        assert not plugin.predict(plane(0)).any()


@pytest.mark.slow
def test_a_batch_worker_cannot_forge_records(forger: Path, tmp_path: Path) -> None:
    """One worker gets all pictures, so a forged record could be used for another picture."""
    kinds = {
        1: "not a message",
        2: "bytes of arrays",
        3: "not belong to an open request",
        9: "other fields",
    }
    tasks = []
    for kind in (*kinds, 0):
        path = tmp_path / f"{kind}.png"
        level = {1: 4, 2: 7, 3: 11, 9: 25, 0: 0}[
            kind
        ]  # an 8-bit picture; its L* selects the forgery
        Image.new("L", (32, 32), level).save(path)
        target = OutputTarget(str(tmp_path / "out" / path.name), make_folder=True)
        tasks.append(PictureTask(str(path), str(path), target))
    pool = LocalPool(WorkerConfig(PluginRequest("forger"), PictureOptions("none")), 1, 1, 60)
    records: dict[str, FileResult] = {}
    with pool:
        waiting = list(tasks)
        while waiting or pool.is_busy:
            while waiting and pool.has_capacity:
                pool.submit(waiting.pop(0))
            for task, record in pool.collect():
                assert record.input == task.name
                assert record.plugin == "forger"
                records[Path(task.name).stem] = record
    for kind, why in kinds.items():
        assert why in (records[str(kind)].error or "no error"), kind
    assert records["0"].error is None
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["0.png"]
    assert not forger.exists(), "a pickle was loaded"


@pytest.mark.slow
def test_check_results_cannot_be_forged(
    forger: Path, distribution: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = FORGER.replace("attack(lightness);", "attack(np.full((1, 1), 1.0));")
    (tmp_path / "site" / "forger.py").write_text(source)
    outcomes = list(run_checks_isolated("forger", 60))
    assert (
        outcomes[-1].error == "the process that checks it was stopped: its bytes are not a message"
    )
    assert not forger.exists(), "a pickle was loaded"


@pytest.mark.slow
def test_compare_keeps_no_forged_score(
    colortk: Run, distribution: Callable[..., Path], tmp_path: Path
) -> None:
    """Scores are computed in the parent process; a plugin cannot send scores."""
    body = "attack(np.full((1, 1), 1.0)); return np.zeros((*lightness.shape, 2), np.float32)"
    source = FORGER.replace("attack(lightness); return", body.partition(" return")[0] + " return")
    site = distribution(
        "forger", source.replace('os.environ["BOMB"]', repr(str(tmp_path / "bomb")))
    )
    Image.fromarray(photo(64, 64)).save(tmp_path / "a.png")
    run = colortk("compare", "a.png", "-p", "forger", "--json", "-m", "psnr", plugins=site)
    assert run.returncode == 1, run.stderr
    assert "its bytes are not a message" in run.stderr + run.stdout
    rows = {row["name"]: row for row in json.loads(run.stdout)["plugins"]}
    assert rows["forger"]["metrics"].get("psnr", {}).get("n", 0) == 0
    assert not (tmp_path / "bomb").exists(), "a pickle was loaded"


HEAVY = """
import os, time
if os.getpid() != TESTS:  # a process that serves a plugin
    time.sleep(600)
""" + colorizer_module("heavy", "heavy", "return np.zeros((*lightness.shape, 2), np.float32)")


def test_a_slow_declaration_does_not_affect_other_plugins(
    distribution: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = distribution("heavy", HEAVY.replace("TESTS", str(os.getpid())))
    monkeypatch.syspath_prepend(str(site))
    registry.cache_clear()
    try:
        with Isolated(PluginRequest("gray"), timeout=60) as plugin:
            assert not plugin.predict(plane(50)).any()
    finally:
        monkeypatch.undo()
        registry.cache_clear()
        sys.modules.pop("heavy", None)
