"""``colortk fit`` of all networks as a process: tiny but complete trainings."""

from __future__ import annotations

import csv
import importlib.util
import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from colortk.io.discovery import find_pictures
from colortk.training.data.split import split_pictures
from tiny_fits import ENVIRONMENT, SMALL, fit, pictures, three_epochs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="needs Keras"),
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="needs TensorFlow"),
]
#: The plugins that are trained here, with or without shipped weights.
PLUGINS = (
    "mean_chrominance",
    "acharya_relu",
    "acharya_tanh_natural",
    "autoencoder",
    "effnet_bins",
    "resnet18",
    "vgg16_residual",
)


@pytest.fixture(scope="module", autouse=True)
def declared(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Plugins without shipped weights are declared by a distribution of the test."""
    shipped = {point.name for point in entry_points(group="colortk")}
    site = tmp_path_factory.mktemp("site")
    info = site / "unreleased-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: unreleased\nVersion: 1.0\n")
    lines = [f"{n} = colortk_plugins.{n}.spec" for n in PLUGINS if n not in shipped]
    (info / "entry_points.txt").write_text("\n".join(["[colortk]", *lines, ""]))
    ENVIRONMENT["PYTHONPATH"] = str(site)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pictures(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def mean(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training of mean_chrominance over three epochs, without interruption."""
    output = tmp_path_factory.mktemp("mean") / "weights"
    out = three_epochs(data, output)
    assert out.stdout == ""
    assert "left out: cannot read" in out.stderr
    assert "broken03.png" in out.stderr
    assert "pictures/s" in out.stderr
    assert "waiting for data" in out.stderr
    assert "ONNX Runtime equals Keras" in out.stderr
    return output


def test_a_training_leaves_network_curve_manifest_and_card(mean: Path) -> None:
    names = {path.name for path in mean.iterdir()}
    wanted = {"network.onnx", "manifest.json", "curve.csv", "MODEL_CARD.md"}
    assert names - {"curve.png"} == wanted, "and no checkpoint"
    manifest = json.loads((mean / "manifest.json").read_text())
    assert manifest["parameters"] == manifest["trainable_parameters"] == 43830
    assert manifest["epochs"] == 3
    assert manifest["backend"] == "tensorflow"
    assert manifest["data"]["train"] + manifest["data"]["held_out"] == 16
    assert manifest["differences"]["float32"] < 1e-4
    assert set(manifest["scores"]) == {"mean_chrominance", "gray"}
    assert manifest["scores"]["mean_chrominance"]["psnr"] > 0
    rows = list(csv.DictReader((mean / "curve.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    card = (mean / "MODEL_CARD.md").read_text()
    assert "43,830" in card
    assert "colortk fit --plugin mean_chrominance" in card
    assert "/" not in manifest["command"], "nothing of this machine"


def test_a_trained_network_colorizes(
    mean: Path, colortk: Callable[..., Any], picture: Path, tmp_path: Path
) -> None:
    result = tmp_path / "out.png"
    line = ("run", "-p", "mean_chrominance", "--weights", mean, "-o", result, picture)
    out = colortk(*line, env=ENVIRONMENT)
    assert out.returncode == 0, out.stderr
    lab = rgb2lab(np.asarray(Image.open(result)))
    gray = rgb2lab(np.asarray(Image.open(picture).convert("RGB")))
    assert np.abs(lab[..., 0] - gray[..., 0]).max() < 1
    middle = (lab[..., 0] > 40) & (lab[..., 0] < 70)
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))[middle]
    assert np.hypot(lab[..., 1], lab[..., 2])[middle].mean() > 3
    assert hue.std() < 15, "one tint"


#: A training that waits after its first epoch until it is killed.
HELD = """
import time
from colortk.training.loop import fit
save = fit.save_checkpoint
def save_and_wait(*arguments):
    save(*arguments)
    time.sleep(600)
fit.save_checkpoint = save_and_wait
from colortk.cli.main import main
main()
"""


def test_a_killed_and_resumed_training_gives_the_same_weights(
    mean: Path, data: Path, tmp_path: Path
) -> None:
    output = tmp_path / "weights"
    line = ["-p", "mean_chrominance", "--data", data, "-o", output, "--epochs", 3, *SMALL]
    process = subprocess.Popen(
        [sys.executable, "-c", HELD, "fit", *map(str, line)],
        stderr=subprocess.DEVNULL,
        env={**os.environ, **ENVIRONMENT},
    )
    deadline = time.monotonic() + 900
    while not (output / "checkpoint.npz").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert not (output / "manifest.json").exists()
    refused = fit(*line, check=False)
    assert refused.returncode == 2
    assert "use --resume to continue" in refused.stderr
    plugin = fit("-p", "autoencoder", *line[2:], "--resume", check=False)
    assert plugin.returncode == 4
    other = fit(*line[:-2], "--jobs", 1, "--seed", 5, "--resume", check=False)
    assert other.returncode == 4
    assert "other pictures or settings" in other.stderr
    fit(*line, "--resume")
    for one, two in zip(
        csv.DictReader((mean / "curve.csv").read_text().splitlines()),
        csv.DictReader((output / "curve.csv").read_text().splitlines()),
        strict=True,
    ):
        for name in ("loss", "validation", "rate"):
            assert float(one[name]) == pytest.approx(float(two[name]), rel=1e-5)
    again = fit(*line, "--resume")
    assert "are complete" in again.stderr


def test_wrong_fit_options_are_one_line(data: Path, tmp_path: Path) -> None:
    def line(*more: str) -> subprocess.CompletedProcess[str]:
        wish = ["-p", "resnet18", "--data", data, "-o", tmp_path / "x", *more]
        return fit(*wish, check=False, KERAS_BACKEND=more_backend)

    more_backend = "tensorflow"
    for words, told in (
        (["--option", "loss=mae"], "mse or cms_ssim"),
        (["--option", "lose=mse"], "did you mean 'loss'"),
        (["--option", "encoder_weights=/nowhere.npz"], "nowhere.npz"),
        (["--side", "48"], "multiples of 32"),
        (["--init-from", "gray"], "no network.onnx"),
    ):
        out = line(*words)
        assert out.returncode in (2, 4), out.stderr
        assert told in out.stderr.splitlines()[-1]
        assert "Traceback" not in out.stderr
    out = fit(
        "-p", "mean_chrominance", "--data", data, "--side", 64, "-o", tmp_path / "x", check=False
    )
    assert out.returncode == 2
    assert "only pictures of 128 pixels" in out.stderr
    out = fit("-p", "mean_color", "--data", data, "--samples", 9, check=False)
    assert out.returncode == 2
    assert "does not support --samples" in out.stderr
    out = fit("-p", "mean_chrominance", "--data", data, "--aging", check=False)
    assert out.returncode == 2
    assert "does not support --aging" in out.stderr
    out = fit("-p", "gray", "--data", data, check=False)
    assert out.returncode == 2
    assert "cannot be trained" in out.stderr
    for number in range(12):
        Image.new("L", (140, 140), 20 * number).save(tmp_path / f"{number}.png")
    out = fit("-p", "mean_chrominance", "--data", tmp_path, "-o", tmp_path / "x", check=False)
    assert out.returncode == 2
    assert "all pictures are gray" in out.stderr.splitlines()[-1]
    more_backend = "nonsense"
    out = line()
    assert out.returncode == 3
    assert "nonsense" in out.stderr
    assert len(out.stderr.splitlines()) == 1
    if not _gpu():
        more_backend = "tensorflow"
        out = line("--device", "gpu")
        assert out.returncode == 2
        assert "no GPU found" in out.stderr


def _gpu() -> bool:
    return Path("/dev/nvidia0").exists()


def test_every_other_network_is_trained_and_served(data: Path, tmp_path: Path) -> None:
    """All networks are trained in one process, because importing TensorFlow takes longest."""
    code = """if True:
        import sys
        from pathlib import Path
        import numpy as np
        from colortk.cli.main import invoke
        from colortk.runtime.loading import PluginRequest, load

        data, out = Path(sys.argv[1]), Path(sys.argv[2])
        small = ["--epochs", "1", "--batch-size", "4", "--jobs", "1"]
        few = ["--samples", "8"]
        for name, more, shape in (
            ("autoencoder", ["--side", "32", "--teacher", "mean_color=0.7"], (64, 48)),
            ("acharya_relu", [*few, "--rate", "0.0002"], (128, 128)),
            ("acharya_tanh_natural", few, (128, 128)),
            ("effnet_bins", [*few, "--side", "64", "--aging", "--option", "perceptual=1"], (64, 96)),
            ("resnet18", [*few, "--side", "32", "--option", "loss=cms_ssim"], (64, 96)),
            ("vgg16_residual", [*few, "--side", "32", "--option", "encoder_weights=none",
                                "--option", "encoder=tuned"], (64, 32)),
        ):
            code = invoke(["fit", "-p", name, "--data", str(data), "-o", str(out / name),
                           *small, *more])
            assert code == 0, name
            found = load(PluginRequest(name, weights=out / name))
            lightness = np.linspace(0, 100, shape[0] * shape[1], dtype=np.float32).reshape(shape)
            # Not through the host, which refuses the chroma of a network that learned nothing yet.
            answer = found.colorizer.predict_ab(lightness)
            assert answer.shape == (*shape, 2) and answer.dtype == np.float32, name
            batch = found.colorizer.predict_ab_batch(np.stack([lightness, lightness / 2]))
            largest = np.abs(answer).max()
            assert 0 < largest < np.inf, name
            assert np.abs(batch[0] - answer).max() < 1e-3 * max(1, largest), name
        print("SERVED")
    """
    out = subprocess.run(
        [sys.executable, "-c", code, str(data), str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, **ENVIRONMENT},
        timeout=600,
    )
    assert out.stdout.splitlines()[-1:] == ["SERVED"], out.stderr[-3000:]
    told = json.loads((tmp_path / "autoencoder" / "manifest.json").read_text())
    assert told["samples"] == len(split_pictures(find_pictures(data), data).train), (
        "a pass, not thousands"
    )
    relu = tmp_path / "acharya_relu"
    assert json.loads((relu / "manifest.json").read_text())["rate"] == 0.0002
    assert float((relu / "curve.csv").read_text().splitlines()[1].split(",")[3]) == 0.0002
    rows = (tmp_path / "resnet18" / "delta_e94.csv").read_text().splitlines()
    pixels = sum(int(row.split(",")[1]) for row in rows[1:])
    note = json.loads((tmp_path / "resnet18" / "manifest.json").read_text())["scores"]["note"]
    assert pixels == note["pictures"] * 256 * 256
    assert note["mean_delta_e94"] > 0


def test_the_network_of_the_guide_can_be_trained(data: Path, tmp_path: Path) -> None:
    """The code of docs/training.md works as a third-party plugin."""
    text = (Path(__file__).parents[1] / "docs" / "training.md").read_text("utf-8")
    package = tmp_path / "site" / "my_package"
    package.mkdir(parents=True)
    for block in re.findall(r"```python\n# my_package/(\w+\.py)[^\n]*(.*?)```", text, re.DOTALL):
        (package / block[0]).write_text(block[1])
    (package / "__init__.py").write_text("")
    (package / "spec.py").write_text(
        "from colortk import ColorizerSpec, WorkingSize, hookimpl\n\n\n@hookimpl\n"
        "def colortk_colorizers():\n    return [ColorizerSpec(\n"
        "        name='mine', summary='a network', factory='my_package.colorizer:colorizer',\n"
        "        trainer='my_package.train:train', package='my_package',\n"
        "        working_size=WorkingSize(short=64))]\n"
    )
    info = tmp_path / "site" / "my_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[colortk]\nmine = my_package.spec\n")
    line = ["-p", "mine", "--data", data, "-o", tmp_path / "out", *SMALL, "--side", 32]
    fit(*line, "--epochs", 2, PYTHONPATH=str(tmp_path / "site"))
    recipe = package / "train.py"
    recipe.write_text(recipe.read_text().replace('Recipe("mine"', 'Recipe("yours"'))
    wrong = fit(*line, "--force", check=False, PYTHONPATH=str(tmp_path / "site"))
    assert wrong.returncode == 3
    assert "plugin 'mine' trains the recipe 'yours'" in wrong.stderr
    assert "epoch" not in wrong.stderr, "before anything is learned in vain"
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    sizes = [1, 32, 64, 64, 32, 2]
    wanted = sum(9 * a * b + b for a, b in itertools.pairwise(sizes))
    assert manifest["parameters"] == wanted
    assert set(manifest["scores"]) == {"mine", "gray"}
