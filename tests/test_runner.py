"""The runner: killed and resumed, over several processes, and without access to the originals."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage.color import lab2rgb, rgb2lab
from skimage.metrics import peak_signal_noise_ratio

from colortk.runtime import subprocesses
from colortk.runtime.messages import Channel, pair
from conftest import colorizer_module, photo

#: Code of plugins that tests control by environment variables and files.
UNSEALED = {"COLORTK_SEAL": "off"}
ZEROS = "np.zeros((*lightness.shape, 2), np.float32)"
#: A plugin that reads the originals from a folder and returns the matching one.
ORACLE = """
import os
from pathlib import Path
import cv2
from colortk.color.cielab import lightness as L_of, rgb_to_lab

def truth(lightness):
    for path in sorted(Path(os.environ["TRUTH"]).iterdir()):
        rgb = cv2.imread(str(path))[..., ::-1]
        if rgb.shape[:2] == lightness.shape and np.abs(L_of(rgb) - lightness).max() < 0.1:
            if "SWAP" in os.environ:
                others = [p for p in sorted(path.parent.iterdir()) if p != path]
                rgb = cv2.imread(str(others[0]))[..., ::-1]
            return rgb_to_lab(rgb)[..., 1:]
    raise RuntimeError("not among them")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "pictures"
    place.mkdir()
    for seed in range(6):
        Image.fromarray(photo(64, 64, seed)).save(place / f"{seed}.png")
    return place


def oracle(distribution: Callable[..., Path]) -> Path:
    body = "return np.ascontiguousarray(truth(lightness))"
    module = colorizer_module("oracle", "oracle", body).replace("short=32", "short=None")
    return distribution("oracle", module + ORACLE)


@pytest.mark.slow
def test_perfect_predictions_score_best_and_swapped_colors_worse(
    folder: Path, colortk: Callable[..., Any], distribution: Callable[..., Path]
) -> None:
    site = oracle(distribution)
    found = {}
    for name, more in (("true", {}), ("swapped", {"SWAP": "1"})):
        run = colortk(
            "compare", folder, "-p", "oracle", "--native", "--json", "-m", "psnr",
            plugins=site, env={"TRUTH": str(folder), "COLORTK_STORE": str(folder.parent / name), **UNSEALED, **more},
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        rows = {entry["name"]: entry for entry in json.loads(run.stdout)["plugins"]}
        found[name] = rows["oracle"]["metrics"]["psnr"]["mean"]
    # The error of CIELAB rounded to 8 bits, by scikit-image.
    bound = []
    for path in folder.iterdir():
        rgb = np.asarray(Image.open(path))
        lab = np.rint(rgb2lab(rgb) * [2.55, 1, 1]) / [2.55, 1, 1]
        bound.append(peak_signal_noise_ratio(rgb, np.rint(lab2rgb(lab) * 255).astype(np.uint8)))
    assert found["true"] >= np.mean(bound)
    assert found["swapped"] < found["true"] - 15


@pytest.mark.slow
def test_a_plugin_cannot_reach_the_original_through_its_arguments(
    folder: Path, colortk: Callable[..., Any], distribution: Callable[..., Path]
) -> None:
    """The plugin searches its argument, the calling frames, and all objects of its process."""
    body = f"""
        import gc, sys
        arrays = [lightness, lightness.base]
        frame = sys._getframe()
        while frame:
            arrays += frame.f_locals.values()
            frame = frame.f_back
        for thing in gc.get_objects():
            if isinstance(thing, (list, tuple)): arrays += thing
            elif isinstance(thing, dict): arrays += thing.values()
        for thing in arrays:
            if isinstance(thing, np.ndarray) and thing.ndim == 3 and thing.shape[2] > 2:
                raise RuntimeError(f"an array of {{thing.shape}} is within reach")
            # Backwards: this code must not find itself.
            if isinstance(thing, str) and {str(folder)[::-1]!r} in thing[::-1]:
                raise RuntimeError(f"a path is within reach: {{thing}}")
        return {ZEROS}
    """
    module = colorizer_module("spy", "spy", body.strip())
    planted = module.replace("self.options = options", "self.kept = [np.zeros((64, 64, 3))]")
    distribution("found", planted.replace("spy", "found"))  # the search works
    site = distribution("spy", module)
    run = colortk(
        "compare", folder, "-p", "spy", "-p", "found", "--json", "-m", "psnr", plugins=site
    )
    failed = {entry["name"]: entry["failed"] for entry in json.loads(run.stdout)["plugins"]}
    assert failed == {"gray": 0, "spy": 0, "found": 6}, run.stderr


def seen(count: Path) -> int:
    """Return the pictures that the plugin has predicted."""
    return len(count.read_text().splitlines()) if count.exists() else 0


#: Counts its pictures in a file, and waits at the limit that another file states.
SLOW = f"""
        import os, pathlib, time
        count, limit = pathlib.Path(os.environ["COUNT"]), pathlib.Path(os.environ["LIMIT"])
        with open(count, "a") as file: file.write(f"{{lightness.mean():.4f}}\\n")
        while limit.exists() and len(count.read_text().splitlines()) > int(limit.read_text()):
            time.sleep(0.01)
        time.sleep(0.05)
        return {ZEROS} + lightness[..., None] / 10
"""


@pytest.mark.slow
def test_a_comparison_killed_ten_times_resumes_without_repeating(
    tmp_path: Path, colortk: Callable[..., Any], distribution: Callable[..., Path]
) -> None:
    place = tmp_path / "many"
    place.mkdir()
    for seed in range(40):
        Image.fromarray(photo(40, 40, seed)).save(place / f"{seed:02}.png")
    site = distribution("slow", colorizer_module("slow", "slow", SLOW.strip()))
    arguments = ["compare", str(place), "-p", "slow", "-m", "psnr", "-m", "ab_rmse", "--json"]
    undisturbed = colortk(
        *arguments, plugins=site, env={"COLORTK_STORE": str(tmp_path / "a"), "COUNT": str(tmp_path / "na"), "LIMIT": str(tmp_path / "none"), **UNSEALED}
    )  # fmt: skip
    count, limit = tmp_path / "nb", tmp_path / "limit"
    environment = os.environ | {
        "COLORTK_STORE": str(tmp_path / "b"),
        "COUNT": str(count),
        "LIMIT": str(limit),
        **UNSEALED,
        "PYTHONPATH": str(site),
    }
    command = [sys.executable, "-c", "from colortk.cli.main import main; main()", *arguments]
    dice = random.Random(0)
    for kill in range(10):
        wanted = seen(count) + dice.randint(0, 3)
        limit.write_text(str(wanted))  # a process cannot end before it is killed
        process = subprocess.Popen(
            [*command, *(["--jobs", "2"] if kill % 2 else [])],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        patience = time.monotonic() + 240
        while seen(count) < wanted and time.monotonic() < patience:
            time.sleep(0.01)
        time.sleep(dice.uniform(0, 0.3))
        assert process.poll() is None, "it was over before it could be killed"
        process.kill()  # workers and plugins have to notice that their parent ended
        process.wait()
    limit.unlink()
    resumed = colortk(
        *arguments,
        plugins=site,
        env={k: environment[k] for k in ("COLORTK_STORE", "COUNT", "LIMIT", *UNSEALED)},
    )
    assert resumed.returncode == 0, resumed.stderr
    before, after = json.loads(undisturbed.stdout), json.loads(resumed.stdout)
    for report in (before, after):
        for entry in report["plugins"]:
            del entry["seconds"], entry["peak_memory"]
        del report["computed"], report["loading_seconds"]
    assert before == after
    # One picture per job is in progress, and finished pictures may not have been reported yet.
    assert 40 <= seen(count) <= 40 + 2 * 10


def children(marker: str) -> list[str]:
    """Return the processes whose environment contains ``marker``: workers and plugins of a run."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and marker.encode() in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_text())
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_run_leaves_no_process(
    how: signal.Signals, folder: Path, tmp_path: Path, distribution: Callable[..., Path]
) -> None:
    body = f"""
        import os, time
        with open(os.environ["COUNT"], "a") as file: file.write("x\\n")
        time.sleep(600 if os.environ.get("HANG") else 0.05)
        return {ZEROS}
    """
    site = distribution("slow", colorizer_module("slow", "slow", body.strip()))
    marker = f"RUN={tmp_path}"
    process = subprocess.Popen(
        [sys.executable, "-c", "from colortk.cli.main import main; main()", "compare", str(folder),
         "-p", "slow", "-m", "psnr", "--jobs", "2", "--store", str(tmp_path)],
        env=os.environ | {**UNSEALED, "RUN": str(tmp_path), "HANG": "1", "COUNT": str(tmp_path / "n"), "PYTHONPATH": str(site)},
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 240
    while seen(tmp_path / "n") < 2 and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(how)
    _, err = process.communicate(timeout=240)
    assert b"Traceback" not in err
    until = time.monotonic() + 60
    while children(marker) and time.monotonic() < until:
        time.sleep(0.1)
    assert children(marker) == []


@pytest.mark.slow
def test_two_comparisons_at_once_do_not_interfere(
    folder: Path, tmp_path: Path, colortk: Callable[..., Any]
) -> None:
    environment = os.environ | {"COLORTK_STORE": str(tmp_path / "shared")}
    code = "from colortk.cli.main import main; main()"
    command = [
        sys.executable,
        "-c",
        code,
        "compare",
        str(folder),
        "-p",
        "mean_color",
        "-m",
        "psnr",
        "--json",
    ]
    runs = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(2)]
    found = [json.loads(run.communicate(timeout=400)[0]) for run in runs]
    for report in found:
        for entry in report["plugins"]:
            del entry["seconds"], entry["peak_memory"]
        del report["computed"], report["loading_seconds"]
    assert found[0] == found[1]


@pytest.mark.slow
def test_jobs_give_the_same_numbers(
    folder: Path, tmp_path: Path, colortk: Callable[..., Any]
) -> None:
    reports = []
    for jobs in ("1", "2"):
        run = colortk(
            "compare", folder, "-p", "mean_color", "-m", "psnr", "-m", "delta_e00", "--jobs", jobs,
            "--json", env={"COLORTK_STORE": str(tmp_path / jobs)},
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        reports.append({e["name"]: e["metrics"] for e in json.loads(run.stdout)["plugins"]})
    assert reports[0] == reports[1]


def test_a_script_without_a_main_guard_compares(folder: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, pathlib, colortk\n"
        "found = colortk.compare(sys.argv[1], ['mean_color'], ['psnr'], store=pathlib.Path(sys.argv[2]))\n"
        "print(len(found.used), [e.label for e in found.variants])\n"
    )
    (tmp_path / "s").mkdir()
    run = subprocess.run(
        [sys.executable, str(script), str(folder), str(tmp_path / "s")],
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert run.stdout.splitlines() == ["6 ['gray', 'mean_color']"], run.stderr


def test_a_worker_without_a_parent_ends_silently(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def gone() -> tuple[Channel, socket.socket]:
        ours, theirs = pair()
        ours.close()  # like a signal between the start of the process and the first message
        return ours, theirs

    monkeypatch.setattr("colortk.runtime.messages.pair", gone)
    child, _ = subprocesses.spawn("colortk.runtime.plugin_server:serve")
    assert child.wait(240) == 1
    assert capfd.readouterr() == ("", "")
