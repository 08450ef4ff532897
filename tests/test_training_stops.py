"""``colortk fit`` stopped at any point: nothing is lost, half-published or left running."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from colortk.training import manifest
from colortk.training.request import TrainRequest
from colortk_plugins.sift_mlp import epochs, train
from conftest import photo

#: Training without early stopping, so that it does not end before it is stopped.
LONG_FIT = """
from colortk.cli.main import main
from colortk_plugins.sift_mlp import epochs
epochs.PATIENCE = 10**9
main()
"""


def pictures(folder: Path, count: int, height: int = 64, width: int = 72) -> Path:
    folder.mkdir()
    for seed in range(count):
        Image.fromarray(photo(height, width, seed)).save(folder / f"{seed:03}.png")
    return folder


@pytest.mark.slow
def test_existing_output_is_not_overwritten_by_accident(
    tmp_path: Path, colortk: Callable[..., Any]
) -> None:
    pictures(tmp_path / "data", 4)
    fit = ("fit", "-p", "mean_color", "--data", "data", "-o", "w")

    def refused(*more: str) -> str:
        run = colortk(*fit, *more)
        assert run.returncode == 2, run.stderr
        assert run.stderr.count("\n") == 1
        return str(run.stderr)

    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "checkpoint.npz").write_bytes(b"hours of work")
    words = refused()
    assert "holds a stopped run" in words
    assert "--resume" in words
    assert "--force" in words
    assert (tmp_path / "w" / "checkpoint.npz").read_bytes() == b"hours of work"
    (tmp_path / "w" / "checkpoint.npz").unlink()

    first = colortk(*fit, "--resume")  # the first start of a job script
    assert first.returncode == 0, first.stderr
    assert "nothing to resume in 'w': starting from the beginning" in first.stderr
    before = (tmp_path / "w" / "mean.npz").stat().st_mtime_ns
    words = refused()
    assert "already holds weights" in words
    assert "--resume" in words
    assert "--force" in words
    again = colortk(*fit, "--resume")
    assert (again.returncode, again.stderr) == (0, "colortk: the weights in 'w' are complete\n")
    assert "weights of another run" in refused("--resume", "--seed", "5")
    assert "leave one out" in refused("--resume", "--force")
    assert (tmp_path / "w" / "mean.npz").stat().st_mtime_ns == before
    assert colortk(*fit, "--force").returncode == 0
    assert (tmp_path / "w" / "mean.npz").stat().st_mtime_ns > before
    (tmp_path / "file").touch()
    assert "is a file" in refused("-o", "file")


def test_an_export_is_complete_or_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupt the export before each rename, with and without older weights."""
    request = TrainRequest(tmp_path, tmp_path / "out", tmp_path)
    rename, done = os.replace, 0

    def interrupted_at(step: int) -> Callable[..., None]:
        def replace(source: Any, target: Any) -> None:
            nonlocal done
            if done == step:
                raise KeyboardInterrupt
            done += 1
            rename(source, target)

        return replace

    def publish(value: bytes) -> None:
        with manifest.staged_request(request) as stage:
            manifest.publish(stage, {"a.npz": value, "b.npz": value}, [])
            (stage.output / "scores.json").write_bytes(value)

    outcomes = []
    for older in (False, True):
        for step in range(20):
            shutil.rmtree(request.output, ignore_errors=True)
            if older:
                publish(b"old")
            done = 0
            monkeypatch.setattr(os, "replace", interrupted_at(step))
            try:
                publish(b"new")
                whole = True
            except KeyboardInterrupt:
                whole = False
            monkeypatch.setattr(os, "replace", rename)
            assert not (request.output / manifest.STAGING_FOLDER).exists()
            listed = request.output / "manifest.json"
            if listed.exists():  # then all files with its digests exist
                names = ("a.npz", "b.npz")
                values = {(request.output / name).read_bytes() for name in names}
                values.add((request.output / "scores.json").read_bytes())
                assert len(values) == 1
                assert values == {b"new"} or (older and not whole)
                digests = {
                    row["sha256"] for row in json.loads(listed.read_text())["artifacts"].values()
                }
                assert len(digests) == 1
            outcomes.append(whole)
            if whole:
                break
    assert outcomes.count(True) == 2
    assert outcomes.count(False) >= 8


def trained(tmp_path: Path, output: str, resume: bool = False, **more: Any) -> list[str]:
    """Train sift_mlp in this process for two epochs; return the messages."""
    said: list[str] = []
    settings = {"epochs": 2, "batch_size": 128, "jobs": 1, **more}
    train.train(
        TrainRequest(
            tmp_path / "data", tmp_path / output, tmp_path / "store",
            resume=resume, print_message=said.append, **settings,
        )
    )  # fmt: skip
    return said


@pytest.mark.slow
def test_an_interrupted_export_is_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupt while the finished networks are scored, plotted and exported."""
    pictures(tmp_path / "data", 6)
    trained(tmp_path, "whole")
    files = {p.name for p in (tmp_path / "whole").iterdir()}
    assert {"a.npz", "b.npz", "curve.csv", "refinement.json", "manifest.json"} <= files
    assert not [name for name in files if name.startswith(("checkpoint", "."))]

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    for place, name in (
        (train, "assess"), (train, "save_curve"), (train, "publish"),
    ):  # fmt: skip
        with monkeypatch.context() as patch:
            patch.setattr(place, name, interrupt)
            with pytest.raises(KeyboardInterrupt):
                trained(tmp_path, "stopped", resume=True)
        assert not (tmp_path / "stopped" / "manifest.json").exists()
        assert (tmp_path / "stopped" / "checkpoint.npz").exists()
    said = trained(tmp_path, "stopped", resume=True)
    assert not [line for line in said if line.startswith("epoch")], "nothing is trained twice"
    assert {p.name for p in (tmp_path / "stopped").iterdir()} == files
    for name in ("a.npz", "b.npz", "manifest.json", "refinement.json"):
        one, two = (tmp_path / folder / name for folder in ("whole", "stopped"))
        assert one.read_bytes() == two.read_bytes(), name


@pytest.mark.slow
def test_early_stopping_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(tmp_path / "data", 6)
    monkeypatch.setattr(epochs, "PATIENCE", 1)
    monkeypatch.setattr(epochs, "_rate", lambda *_: 0.0)  # no epoch is better than the first
    said = trained(tmp_path, "w", epochs=9)
    assert "stopped early, kept epoch 1" in said
    assert len([line for line in said if line.startswith("epoch")]) == 2
    monkeypatch.undo()
    assert not [line for line in trained(tmp_path, "v") if "early" in line]


def processes(marker: str) -> list[int]:
    """Return the running processes whose environment has ``marker``."""
    numbers = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z" and marker.encode() in (entry / "environ").read_bytes():
                numbers.append(int(entry.name))
    return numbers


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    ("name", "everyone", "when", "code", "line"),
    [
        ("SIGTERM", False, "features", 143, "colortk: terminated\n"),
        ("SIGTERM", True, "features", 143, "colortk: terminated\n"),
        ("SIGINT", True, "features", 130, "colortk: interrupted\n"),
        ("SIGKILL", False, "features", -9, ""),
        ("SIGTERM", False, "training", 143, "colortk: terminated\n"),
    ],
)
def test_a_signal_ends_every_process(
    name: str, everyone: bool, when: str, code: int, line: str, tmp_path: Path
) -> None:
    """Send a signal; with ``everyone`` to the whole process group, as a terminal or scheduler does."""
    early = when == "features"
    pictures(tmp_path / "data", 12, *((500, 500) if early else (64, 72)))
    if early:  # enough epochs to stop in the middle
        for number in range(12, 400):
            os.link(tmp_path / "data" / "000.png", tmp_path / "data" / f"{number}.png")
    process = subprocess.Popen(
        [sys.executable, "-c", LONG_FIT, "fit", "-p", "sift_mlp", "--data", "data", "-o", "w", "--store", "store",
         "--epochs", "500", "--batch-size", "64", "--jobs", "2" if early else "1"],
        stderr=subprocess.PIPE, text=True, cwd=tmp_path, start_new_session=True,
        env=os.environ | {"MARKER": f"training-{tmp_path}"},
    )  # fmt: skip
    marker = f"MARKER=training-{tmp_path}"
    sign = "store/sift_mlp/*/*.json" if early else "w/checkpoint.npz"
    deadline = time.monotonic() + 240
    while not any(tmp_path.glob(sign)) and time.monotonic() < deadline:
        time.sleep(0.02)
    running = len(processes(marker))
    (os.killpg if everyone else os.kill)(process.pid, getattr(signal, name))
    try:
        process.wait(timeout=240)
        deadline = time.monotonic() + 60
        while processes(marker) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert processes(marker) == []
    finally:
        process.kill()
    assert running > (2 if early else 0)
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    assert process.returncode == code
    assert not (tmp_path / "w" / "manifest.json").exists()
    if code > 0:  # a killed training prints nothing and may leave a temporary file
        assert said == line if early else said.endswith("\n" + line)
        assert not list(tmp_path.rglob("*.part"))
    assert early or (tmp_path / "w" / "checkpoint.npz").exists()
