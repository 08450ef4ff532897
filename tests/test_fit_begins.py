"""``colortk fit --init-from``: trainings that start with other weights, or with a mean of weights."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colortk.errors import UsageError
from colortk.training import backend
from colortk.training.request import TrainRequest
from tiny_fits import SMALL, fit, pictures, three_epochs
from training_recipes import RECIPE

onnx = pytest.importorskip("onnx")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="needs Keras"),
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="needs TensorFlow"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pictures(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def mean(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training of mean_chrominance over three epochs."""
    output = tmp_path_factory.mktemp("mean") / "weights"
    three_epochs(data, output)
    return output


def test_a_training_can_start_from_other_weights(mean: Path, data: Path, tmp_path: Path) -> None:
    # With Keras' initialization the output is 0 and the target about 1/2, so the loss is 1/4.
    line = ["-p", "mean_chrominance", "--data", data, "--epochs", 1, *SMALL]
    line += ["--option", "start=keras"]
    out = fit(*line, "-o", tmp_path / "a", "--init-from", mean)
    assert "16 of 16 arrays of weights taken" in out.stderr
    first = json.loads((mean / "manifest.json").read_text())["loss"]["validation"]
    found = json.loads((tmp_path / "a" / "manifest.json").read_text())
    assert found["init_from"] == [mean.name]
    assert first < 1e-2
    assert found["loss"]["validation"] < 1e-2
    fit(*line, "-o", tmp_path / "cold")
    cold = json.loads((tmp_path / "cold" / "manifest.json").read_text())
    assert cold["loss"]["validation"] > 0.1
    wrong = fit(*line, "-o", tmp_path / "b", "--init-from", "nobody", check=False)
    assert wrong.returncode == 2
    assert "nobody" in wrong.stderr
    empty = fit(*line, "-o", tmp_path / "c", "--init-from", tmp_path, check=False)
    assert empty.returncode == 4
    assert len(empty.stderr.splitlines()) == 1
    other = fit(
        "-p", "autoencoder", "--data", data, "-o", tmp_path / "d", "--init-from", mean, check=False
    )
    assert other.returncode == 2
    assert "no layer in it" in other.stderr


def test_init_from_averages_two_trainings(mean: Path, data: Path, tmp_path: Path) -> None:
    line = ["-p", "mean_chrominance", "--data", data]
    other, soup = tmp_path / "other", tmp_path / "soup"
    fit(*line, "--epochs", 1, *SMALL, "-o", other, "--init-from", mean)
    nothing = fit(*line, "--epochs", 0, "-o", soup, check=False)
    assert nothing.returncode == 2
    assert "name them with --init-from" in nothing.stderr
    sources = ["--init-from", mean, "--init-from", other]
    fit(*line, "--epochs", 0, "-o", soup, *sources)
    one, two, both = (
        {
            item.name: onnx.numpy_helper.to_array(item).astype(np.float64)
            for item in onnx.load(folder / "network.onnx").graph.initializer
        }
        for folder in (mean, other, soup)
    )
    apart = 0.0
    for name, array in both.items():
        np.testing.assert_allclose(array, (one[name] + two[name]) / 2, rtol=2e-3, atol=1e-4)
        apart = max(apart, float(np.abs(one[name] - two[name]).max()))
    assert apart > 1e-3
    told = json.loads((soup / "manifest.json").read_text())
    assert told["init_from"] == [mean.name, other.name]
    assert (told["epochs"], told["kept_epoch"]) == (0, 0)
    assert told["command"].endswith(f"--init-from {mean.name} --init-from other --epochs 0")
    assert (soup / "curve.csv").read_text().splitlines()[1].startswith("0,")
    again = fit(*line, "--epochs", 0, "-o", soup, *sources, "--resume")
    assert "are complete" in again.stderr
    few = ["-p", "autoencoder", "--data", data, "--epochs", 0, "-o", tmp_path / "d"]
    few = fit(*few, *sources, check=False)
    assert few.returncode == 2
    assert "no layer in it" in few.stderr
    eight = ["-p", "effnet_bins", "--data", data, "--epochs", 0, "-o", tmp_path / "e"]
    eight += ["--init-from", "effnet_bins", "--init-from", "effnet_bins"]
    refused = fit(*eight, check=False)
    assert refused.returncode == 2
    assert "8-bit weights include batch normalization" in refused.stderr
    features = fit(
        "-p", "sift_mlp", "--data", data, "--epochs", 0, "-o", tmp_path / "f", check=False
    )
    assert features.returncode == 2
    assert "this plugin does not support --epochs 0" in features.stderr


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_layer_that_cannot_be_exported_is_refused_before_the_training(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from colortk.training.loop import fit as fitting

    def network() -> Any:
        layers = backend.import_keras().layers
        picture = backend.import_keras().Input((None, None, 1))
        features = layers.LayerNormalization(name="norm")(
            layers.Conv2D(2, 3, padding="same")(picture)
        )
        return backend.import_keras().Model(picture, features)

    def train(*_: Any) -> None:
        raise AssertionError("it begins to train")

    monkeypatch.setattr(fitting, "load_dataset", train)
    output = tmp_path / "weights"
    request = TrainRequest(data, output, tmp_path)
    with pytest.raises(UsageError, match="norm"):
        fitting.fit(request, replace(RECIPE, network=network))
    assert not output.exists()
    exportable = replace(RECIPE, network=lambda: _without_last_layer(network()))
    with pytest.raises(AssertionError, match="it begins to train"):
        fitting.fit(request, exportable)


def _without_last_layer(network: Any) -> Any:
    return backend.import_keras().Model(network.inputs[0], network.layers[-2].output)
