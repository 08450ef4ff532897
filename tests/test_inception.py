"""The network of FID, compared with torchvision's blocks as the package pytorch-fid changes them.

The published weights cannot be downloaded here: the same random weights go into both networks.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.api.plugins import list_plugins
from colortk.cli.doctor import _metrics
from colortk.cli.main import invoke
from colortk.cli.weights_rows import all_weights_files, weights_files
from colortk.errors import ArtifactError, Notice, PluginError
from colortk.harness.inception import build
from colortk.harness.inception.layers import convolutions
from colortk.harness.inception.layout import FEATURES, INPUT, OUTPUT
from colortk.harness.inception.network import VARIABLE, inception
from colortk.harness.metric_weights import weights_digest
from colortk.harness.metrics.pair import ScoredPicture
from colortk.harness.requested_specs import prepared_metrics
from colortk.plugin.builtin_artifacts import INCEPTION
from colortk.plugin.registry import registry
from colortk.plugin.spec import Artifact, MetricSpec
from colortk.store.artifact_folder import ArtifactFolder
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
    monkeypatch.setenv("COLORTK_WEIGHTS", str(tmp_path / "weights"))
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
    monkeypatch.setenv("COLORTK_WEIGHTS", str(tmp_path / "weights"))
    (tmp_path / "inception.onnx").write_bytes(b"no network")
    for path, reason in (
        ("", "colortk weights get fid"),
        (str(tmp_path / "missing"), "No such file"),
        (str(tmp_path / "inception.onnx"), "is not the Inception network of FID"),
    ):
        monkeypatch.setenv(VARIABLE, path)
        with pytest.raises(ArtifactError, match=reason):
            inception(ScoredPicture(photo(40, 40, 1)))


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Artifact:
    """A small network that ``fid`` and ``kid`` declare in place of the published weights."""
    weights = np.random.default_rng(1).normal(0, 0.01, (3, FEATURES)).astype(np.float32)
    content = mean_color_network(weights)
    artifact = Artifact(
        INCEPTION.name, hashlib.sha256(content).hexdigest(), size=len(content),
        url="https://example.org/weights.pth", license="Apache-2.0",
    )  # fmt: skip
    (tmp_path / "weights.pth").write_bytes(content)
    monkeypatch.setenv("COLORTK_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("COLORTK_STORE", str(tmp_path / "store"))
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(
        registry(), "plugins",
        [
            dataclasses.replace(row, spec=dataclasses.replace(row.spec, artifacts=(artifact,)))
            if isinstance(row.spec, MetricSpec) and row.spec.artifacts
            else row
            for row in registry().plugins
        ],
    )  # fmt: skip
    return artifact


def mean_color_network(weights: np.ndarray) -> bytes:
    """A network with the inputs and outputs of Inception: mean R, G and B times a matrix."""
    onnx = pytest.importorskip("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    nodes = [
        helper.make_node("Cast", [INPUT], ["x"], to=kinds.FLOAT),
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], [OUTPUT]),
    ]
    graph = helper.make_graph(
        nodes, "stand_in",
        [helper.make_tensor_value_info(INPUT, kinds.UINT8, ["N", "H", "W", 3])],
        [helper.make_tensor_value_info(OUTPUT, kinds.FLOAT, ["N", FEATURES])],
        [onnx.numpy_helper.from_array(weights, "weights")],
    )  # fmt: skip
    opset = helper.make_opsetid("", build.OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=build.IR)
    return bytes(model.SerializeToString())


def test_the_weights_folder_holds_the_network(
    stand_in: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    need = f"needs {stand_in.name} (25 kB): colortk weights get fid"
    picture = ScoredPicture(photo(40, 40, 1))
    status = {row.name: (row.status, row.summary) for row in list_plugins("metric")}
    assert (status["fid"], status["kid"]) == (("needs weights", need),) * 2
    assert invoke(["plugins", "show", "kid", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["status"], shown["reason"]) == ("needs weights", need)
    rows = {row["what"]: (row["status"], row["detail"]) for row in _metrics()}
    assert rows["metric fid"] == ("needs weights", need)
    assert "fid" not in registry().set_metrics()
    with pytest.raises(ArtifactError, match="metric 'kid' cannot be computed: it needs"):
        registry().metric("kid")
    # Both metrics share the file, so that it is listed and stored once.
    assert [file.plugin for file in all_weights_files()].count("fid") == 1
    assert invoke(["weights", "verify", "kid"]) == 4
    (tmp_path / "other.pth").write_bytes(b"other")
    assert invoke(["weights", "add", "fid", str(tmp_path / "other.pth")]) == 4
    assert "--weights" not in capsys.readouterr().err
    assert invoke(["weights", "add", "kid", str(tmp_path / "weights.pth")]) == 0
    assert invoke(["weights", "verify", "fid", "kid"]) == 0
    stored = weights_files("kid")[0].path
    assert stored.relative_to(tmp_path / "weights").parts[0] == "fid"
    assert {"fid", "kid"} <= set(registry().set_metrics())
    # The folder comes first: the file of the variable, which does not exist, is not read.
    monkeypatch.setenv(VARIABLE, str(tmp_path / "missing.onnx"))
    features = inception(picture)
    weights = np.random.default_rng(1).normal(0, 0.01, (3, FEATURES)).astype(np.float32)
    np.testing.assert_allclose(
        features, picture.pixels.mean((0, 1)) @ weights, rtol=1e-3, atol=1e-4
    )
    digest = weights_digest(registry().metric("fid"))
    assert digest == weights_digest(registry().metric("kid")) != ""
    assert invoke(["weights", "remove", "kid"]) == 0
    assert not stored.exists()
    with pytest.raises(ArtifactError, match=r"missing\.onnx"):
        inception(picture)


def test_a_damaged_file_in_the_weights_folder_is_refused(stand_in: Artifact) -> None:
    path = weights_files("fid")[0].path
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(stand_in.size))
    with pytest.raises(ArtifactError, match=r"is not trusted.*colortk weights get fid"):
        inception(ScoredPicture(photo(40, 40, 1)))


@pytest.mark.slow
def test_compare_uses_the_network_in_the_weights_folder(
    stand_in: Artifact, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for seed in range(4):
        Image.fromarray(photo(64, 64, seed)).save(pictures / f"{seed}.png")
    command = ["compare", str(pictures), "-p", "gray", "-m", "fid", "-m", "kid", "--jobs", "1"]
    assert invoke(command) == 4
    error = capsys.readouterr().err.strip().splitlines()
    assert error == [
        f"colortk: metric 'fid' cannot be computed: it needs {stand_in.name} (25 kB): "
        "colortk weights get fid"
    ]
    assert invoke(["weights", "add", "fid", str(tmp_path / "weights.pth")]) == 0
    capsys.readouterr()
    assert invoke([*command, "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["plugins"]}
    assert rows["gray"]["metrics"]["fid"]["n"] == 4
    assert rows["gray"]["metrics"]["fid"]["mean"] > 0


@pytest.mark.slow
def test_a_published_checkpoint_is_converted_once(
    tmp_path: Path, stand_in: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    state = {name: torch.from_numpy(value) for name, value in random_weights().items()}
    torch.save(state, tmp_path / "weights.pth")
    digest = hashlib.sha256((tmp_path / "weights.pth").read_bytes()).hexdigest()
    artifact = dataclasses.replace(stand_in, sha256=digest, size=0)
    path = tmp_path / "weights" / "fid" / digest[:16] / artifact.name
    path.parent.mkdir(parents=True)
    (tmp_path / "weights.pth").rename(path)
    folder = ArtifactFolder("fid", path.parent, (artifact,), paths={artifact.name: path})
    network = build.converted_network(folder)
    assert isinstance(network, Path)
    expected = build.build_network(random_weights()).SerializeToString(deterministic=True)
    assert network.read_bytes() == expected
    monkeypatch.setattr(build, "network_content", None)  # would fail if it was called again
    assert build.converted_network(folder) == network


def test_a_checkpoint_of_another_network_is_refused() -> None:
    with pytest.raises(ArtifactError, match=r"Conv2d_1a_3x3.conv.weight is missing"):
        build.build_network({})


def test_without_onnx_nothing_is_scored(
    stand_in: Artifact,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The weights are there, but cannot be converted: one line, and not one for each picture."""
    assert invoke(["weights", "add", "fid", str(tmp_path / "weights.pth")]) == 0
    monkeypatch.setattr(build, "is_checkpoint", lambda path: True)
    monkeypatch.setattr(build, "read_checkpoint", lambda path: {})
    monkeypatch.setattr(build, "find_spec", lambda name: None)
    Image.fromarray(photo(40, 40, 1)).save(tmp_path / "a.png")
    capsys.readouterr()
    for name in ("fid", "kid"):
        assert invoke(["compare", str(tmp_path / "a.png"), "-p", "gray", "-m", name]) == 4
        assert capsys.readouterr().err.splitlines() == [
            "colortk: the network of FID cannot be converted: the package onnx is missing"
            " (pip install onnx)"
        ]
    metrics = registry().set_metrics()
    assert {"fid", "kid"} < set(metrics)
    with pytest.warns(Notice, match=r"without fid and kid: .*the package onnx is missing"):
        left = prepared_metrics(metrics, named=False)
    assert set(left) == set(metrics) - {"fid", "kid"}


def test_a_metric_that_cannot_be_prepared_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Any error of its code, which may also print: stdout is for results."""

    def prepare() -> None:
        print("loading")
        raise ValueError("no such\nfile")

    monkeypatch.setattr(inception, "prepare", prepare)
    function = "colortk.harness.inception.network:inception"
    specs = {"fid": MetricSpec("fid", "for tests", function, False)}
    with pytest.raises(PluginError, match="fid cannot be prepared: ValueError: no such file"):
        prepared_metrics(specs, named=True)
    with pytest.warns(Notice, match="without fid: metric fid cannot be prepared"):
        assert prepared_metrics(specs, named=False) == {}
    assert capsys.readouterr().out == ""
