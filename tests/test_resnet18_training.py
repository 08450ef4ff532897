"""`resnet18` with a pretrained encoder: trained and frozen layers, and refused options."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exported_resnet18 import folded_resnet18
from tiny_fits import SMALL, fit, pictures

pytest.importorskip("keras")
pytest.importorskip("onnx")

from colortk_plugins.resnet18.train import build_network
from colortk_plugins.resnet18.training import Training

# Keras converts its variables to arrays in a way that NumPy 2 deprecates.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def trained(network: object) -> set[str]:
    return {layer.name for layer in network.layers if layer.trainable_weights}  # type: ignore[attr-defined]


def test_only_the_selected_layers_are_trained() -> None:
    everything = trained(build_network(Training(frozen=5), has_encoder_weights=False))
    assert {"conv1", "bn1", "layer4_1_bn2", "layer2_0_downsample_1", "decoder_ab"} <= everything
    decoder = {name for name in everything if name.startswith("decoder")}
    assert trained(build_network(Training(frozen=5), has_encoder_weights=True)) == decoder
    some = trained(build_network(Training(frozen=2, encoder_rate=1), has_encoder_weights=True))
    assert some == everything - {"conv1", "bn1"} - {n for n in everything if n.startswith("layer1")}
    gentle = trained(build_network(Training(), has_encoder_weights=True))
    assert "conv1" in gentle
    assert gentle - decoder == {n for n in everything - decoder if n == "conv1" or "conv" in n or n.endswith("downsample_0")}  # fmt: skip


def test_an_exported_encoder_is_trained_slowly_or_frozen(tmp_path: Path) -> None:
    """Frozen layers stay the same to 16 bits, convolutions change, and other options are refused."""
    from onnx import load_model, numpy_helper

    data = tmp_path / "data"
    data.mkdir()
    pictures(data)
    weights = tmp_path / "resnet18.onnx"
    folded_resnet18(weights)
    arguments = ["-p", "resnet18", "--data", data, "--epochs", 1, "--side", 32, *SMALL]
    arguments += ["--option", f"encoder_weights={weights}"]
    whole = ["--option", "encoder_rate=1"]
    refused = fit(*arguments, "-o", tmp_path / "none", *whole, check=False)
    assert refused.returncode == 2
    assert "encoder_rate=0.02" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "none" / "network.onnx").exists()
    out = tmp_path / "out"
    fit(*arguments, "-o", out, "--option", "encoder_rate=0.2", "--option", "frozen=2")
    before = {one.name: one for one in load_model(weights).graph.initializer}
    after = {one.name: one for one in load_model(out / "network.onnx").graph.initializer}

    def moved(name: str, theirs: str) -> float:
        mine = numpy_helper.to_array(after[name]).astype(np.float32)
        reference = numpy_helper.to_array(before[theirs])
        assert mine.shape == reference.shape
        return float(np.abs(mine - reference).max() / np.abs(reference).max())

    assert moved("layer1_0_conv1/kernel", "layer1.0.conv1.weight") < 1e-3
    assert moved("layer3_0_conv1/kernel", "layer3.0.conv1.weight") > 1e-3
    assert moved("layer3_0_bn1/beta", "layer3.0.conv1.weight_bias") < 1e-3


@pytest.mark.parametrize("wish", [{"frozen": 6}, {"frozen": -1}, {"encoder_rate": 1.5}, {"encoder_rate": float("nan")}, {"loss": "l1"}])  # fmt: skip
def test_invalid_training_options_are_refused(wish: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=": use "):
        Training(**wish)  # type: ignore[arg-type]
