"""``colortk fit``: split by picture, resumed after a kill, and used by ``run``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from colortk.errors import UsageError
from colortk.io.discovery import find_pictures
from colortk.training.data.split import split_pictures
from conftest import photo


def pictures(folder: Path, count: int, sub: str = "") -> Path:
    place = folder / sub
    place.mkdir(parents=True, exist_ok=True)
    for seed in range(count):
        Image.fromarray(photo(64, 72, seed)).save(place / f"{seed:03}.png")
    return folder


def test_split_is_by_picture_stable_and_balanced(tmp_path: Path) -> None:
    pictures(tmp_path, 90, "many")
    pictures(tmp_path, 10, "few")
    paths = find_pictures(tmp_path)
    assert len(paths) == 100
    split = split_pictures(paths, tmp_path)
    assert not set(split.train) & set(split.held_out)
    assert len(split.train) + len(split.held_out) == 100
    assert 3 <= len(split.held_out) <= 20
    assert sum(split.weights) == pytest.approx(1)
    mass = {
        name: sum(
            w for p, w in zip(split.train, split.weights, strict=True) if p.parent.name == name
        )
        for name in ("many", "few")
    }
    sizes = {name: sum(p.parent.name == name for p in split.train) for name in ("many", "few")}
    assert mass["many"] / mass["few"] == pytest.approx((sizes["many"] / sizes["few"]) ** 0.5)
    assert split_pictures(paths, tmp_path) == split
    more = split_pictures([*paths, tmp_path / "few" / "new.png"], tmp_path)
    assert set(split.held_out) <= set(more.held_out), "a new picture moves none"
    assert split_pictures(paths, tmp_path, seed=1).held_out != split.held_out


def test_emphasis_multiplies_the_share_of_a_folder(tmp_path: Path) -> None:
    pictures(tmp_path, 20, "a")
    pictures(tmp_path, 20, "b")
    paths = find_pictures(tmp_path)
    split = split_pictures(paths, tmp_path, emphasis={"a": 0.0})
    assert all(
        w == 0 for p, w in zip(split.train, split.weights, strict=True) if p.parent.name == "a"
    )
    with pytest.raises(UsageError, match="weight of 0"):
        split_pictures(paths, tmp_path, emphasis={"a": 0.0, "b": 0.0})
    with pytest.raises(UsageError, match="no folder 'c'"):
        split_pictures(paths, tmp_path, emphasis={"c": 2.0})


def test_too_few_pictures_are_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        find_pictures(tmp_path / "none")
    with pytest.raises(UsageError, match="no pictures"):
        find_pictures(tmp_path)
    with pytest.raises(UsageError, match="not enough"):
        split_pictures(find_pictures(pictures(tmp_path, 1)), tmp_path)


def test_mean_color_is_the_mean(tmp_path: Path, colortk: Callable[..., Any]) -> None:
    data = pictures(tmp_path / "data", 12)
    run = colortk("fit", "-p", "mean_color", "--data", data, "-o", "weights")
    assert run.returncode == 0, run.stderr
    split = split_pictures(find_pictures(data), data)
    expected = np.mean(
        [rgb2lab(np.asarray(Image.open(p)))[..., 1:].mean((0, 1)) for p in split.train], 0
    )
    stored = np.load(tmp_path / "weights" / "mean.npz")["ab"]
    np.testing.assert_allclose(stored, expected, atol=1e-3)
    manifest = json.loads((tmp_path / "weights" / "manifest.json").read_text())
    assert manifest["command"] == "colortk fit --plugin mean_color --data data"
    assert manifest["data"]["train"] == len(split.train)
    assert str(tmp_path) not in json.dumps(manifest), "no path of this machine"


def fit(folder: Path, output: str, *more: str) -> list[str]:
    code = "from colortk.cli.main import main; main()"
    return [
        sys.executable, "-c", code, "fit", "-p", "sift_mlp", "--data", str(folder / "data"),
        "-o", str(folder / output), "--store", str(folder / "store"),
        "--epochs", "3", "--batch-size", "128", "--jobs", "1", *more,
    ]  # fmt: skip


@pytest.mark.slow
def test_gray_pictures_cannot_train_sift_mlp(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for number in range(12):
        gray = np.random.default_rng(number).integers(0, 256, (64, 64), np.uint8)
        Image.fromarray(gray).save(tmp_path / "data" / f"{number}.png")
    run = subprocess.run(fit(tmp_path, "weights"), capture_output=True, text=True, timeout=900)
    assert run.returncode == 2
    assert "all pictures are gray" in run.stderr.splitlines()[-1]
    assert not (tmp_path / "weights" / "manifest.json").exists()


@pytest.mark.slow
def test_sift_mlp_learns_and_is_used(tmp_path: Path, colortk: Callable[..., Any]) -> None:
    data = pictures(tmp_path / "data", 14)
    (data / "bad.png").write_bytes(b"not a picture")
    run = subprocess.run(fit(tmp_path, "weights"), capture_output=True, text=True, timeout=900)
    assert run.returncode == 0, run.stderr
    assert "left out: cannot read" in run.stderr
    manifest = json.loads((tmp_path / "weights" / "manifest.json").read_text())
    assert set(manifest["artifacts"]) == {"a.npz", "b.npz"}
    curve = (tmp_path / "weights" / "curve.csv").read_text().splitlines()
    assert curve[0] == "epoch,train_a,train_b,held_out_a,held_out_b"
    assert len(curve) == 4
    assert len(list((tmp_path / "store" / "sift_mlp").rglob("*.pkl"))) == 14
    refinements = json.loads((tmp_path / "weights" / "refinement.json").read_text())
    assert set(refinements) == {"ratio", "slide", "none"}
    picture = data / "000.png"
    used = colortk(
        "run", "-p", "sift_mlp", picture, "--weights", tmp_path / "weights", "-o", "x.png"
    )
    assert used.returncode == 0, used.stderr
    (tmp_path / "weights" / "a.npz").write_bytes(b"altered")
    refused = colortk(
        "run", "-p", "sift_mlp", picture, "--weights", tmp_path / "weights", "-o", "y.png"
    )
    assert refused.returncode == 4
    assert not (tmp_path / "y.png").exists()


#: Training that stops after its first checkpoint until it is killed.
HELD = """
import time
from colortk_plugins.sift_mlp import epochs
save = epochs.save
def save_and_wait(*arguments):
    save(*arguments)
    time.sleep(600)
epochs.save = save_and_wait
from colortk.cli.main import main
main()
"""


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_weights(tmp_path: Path) -> None:
    pictures(tmp_path / "data", 12)
    undisturbed = subprocess.run(fit(tmp_path, "one"), capture_output=True, text=True, timeout=900)
    assert undisturbed.returncode == 0, undisturbed.stderr
    command = [sys.executable, "-c", HELD, *fit(tmp_path, "two")[3:]]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 240
    while not (tmp_path / "two" / "checkpoint.npz").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "two" / "a.npz").exists(), "killed too late to show anything"
    resumed = subprocess.run(
        fit(tmp_path, "two", "--resume"), capture_output=True, text=True, timeout=900
    )
    assert resumed.returncode == 0, resumed.stderr
    assert "epoch 1/3" not in resumed.stderr
    for name in ("a.npz", "b.npz"):
        one, two = np.load(tmp_path / "one" / name), np.load(tmp_path / "two" / name)
        for key in one.files:
            np.testing.assert_allclose(two[key], one[key], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-p", "sift_mlp", "--data", "nowhere"], "no folder 'nowhere'"),
        (["-p", "gray", "--data", "."], "cannot be trained"),
        (["-p", "mean_color", "--data", "data", "--emphasis", "x"], "FOLDER=FACTOR"),
        (["-p", "mean_color", "--data", "data", "--emphasis", "x=2"], "no folder 'x'"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], words: str, tmp_path: Path, colortk: Callable[..., Any]
) -> None:
    pictures(tmp_path / "data", 3)
    run = colortk("fit", *arguments)
    assert run.returncode == 2
    assert words in run.stderr
    assert run.stderr.count("\n") == 1


def test_the_stored_command_names_no_folders(tmp_path: Path) -> None:
    from colortk.cli.fit_checks import canonical_command, without_folders

    weights = tmp_path / "vgg16.ckpt"
    weights.touch()
    option = without_folders(f"encoder_weights={weights}")
    assert option == "encoder_weights=vgg16.ckpt"
    assert without_folders("loss=mse") == "loss=mse"
    told = canonical_command("resnet18", tmp_path, [("--option", option), ("--epochs", None)])
    assert told == f"colortk fit --plugin resnet18 --data {tmp_path.name} --option {option}"
