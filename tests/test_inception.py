"""The network of FID, compared with torchvision's blocks as the package pytorch-fid changes them.

The published weights cannot be downloaded here: the same random weights go into both networks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colortk.errors import ArtifactError
from colortk.harness.inception import build
from colortk.harness.inception.layers import convolutions
from colortk.harness.inception.network import FEATURES, VARIABLE, inception
from colortk.harness.metrics.pair import ScoredPicture
from conftest import photo


def random_weights() -> dict[str, np.ndarray]:
    """Weights whose outputs keep their size from layer to layer."""
    rng = np.random.default_rng(0)
    weights: dict[str, np.ndarray] = {}
    for layer in convolutions():
        shape = (layer.outputs, layer.inputs, *layer.kernel)
        spread = np.sqrt(2 / np.prod(shape[1:]))
        weights[f"{layer.name}.conv.weight"] = rng.normal(0, spread, shape).astype(np.float32)
        for part, low, high in (
            ("weight", 0.8, 1.2), ("bias", -0.1, 0.1), ("running_mean", -0.1, 0.1),
            ("running_var", 0.8, 1.2),
        ):  # fmt: skip
            values = rng.uniform(low, high, layer.outputs)
            weights[f"{layer.name}.bn.{part}"] = values.astype(np.float32)
    return weights


def torch_features(weights: dict[str, np.ndarray], pictures: list[np.ndarray]) -> np.ndarray:
    """Return the features of torchvision's network with the three changes of pytorch-fid."""
    torch = pytest.importorskip("torch")
    torchvision = pytest.importorskip("torchvision")
    functional: Any = torch.nn.functional
    network = torchvision.models.inception_v3(
        weights=None, num_classes=1008, aux_logits=False, init_weights=False
    )
    state = {name: torch.from_numpy(value) for name, value in weights.items()}
    missing, unexpected = network.load_state_dict(state, strict=False)
    assert not unexpected
    left = {name.rpartition(".")[2] for name in missing if not name.startswith("fc")}
    assert left <= {"num_batches_tracked"}
    network.fc = torch.nn.Identity()
    network.eval()
    average = functional.avg_pool2d

    def without_border(x: Any, kernel_size: int, stride: int, padding: int) -> Any:
        if x.shape[1] == 2048:
            return functional.max_pool2d(x, kernel_size, stride, padding)
        return average(x, kernel_size, stride, padding, count_include_pad=False)

    features = []
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(functional, "avg_pool2d", without_border)
        for picture in pictures:
            x = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 255
            x = functional.interpolate(x, size=(299, 299), mode="bilinear", align_corners=False)
            features.append(network(2 * x - 1)[0].numpy())
    return np.array(features)


@pytest.mark.slow
def test_features_are_those_of_the_original_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx")
    weights = random_weights()
    path = tmp_path / "inception.onnx"
    path.write_bytes(build.build_network(weights).SerializeToString())
    monkeypatch.setenv(VARIABLE, str(path))
    pictures = [photo(256, 256, 1), photo(400, 320, 2), photo(64, 48, 3)]
    found = np.array([inception(ScoredPicture(picture)) for picture in pictures])
    assert found.shape == (3, FEATURES)
    assert np.isfinite(found).all()
    assert found.std() > 0.01
    expected = torch_features(weights, pictures)
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


def test_other_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pt_inception.pth").write_bytes(b"no weights")
    with pytest.raises(ArtifactError, match="is not pt_inception-2015-12-05-6726825d.pth"):
        build.write(tmp_path / "pt_inception.pth", tmp_path)
    assert not (tmp_path / "inception.onnx").exists()
    (tmp_path / "inception.onnx").write_bytes(b"no network")
    for path, reason in (
        ("", f"{VARIABLE} is not set"),
        (str(tmp_path / "missing"), "No such file"),
        (str(tmp_path / "inception.onnx"), "is not the Inception network of FID"),
    ):
        monkeypatch.setenv(VARIABLE, path)
        with pytest.raises(ArtifactError, match=reason):
            inception(ScoredPicture(photo(40, 40, 1)))


def test_a_checkpoint_of_another_network_is_refused() -> None:
    with pytest.raises(ArtifactError, match=r"Conv2d_1a_3x3.conv.weight is missing"):
        build.build_network({})
