"""Hostile networks: no file is read except the ONNX file whose digest is known."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colortk.errors import ArtifactError
from colortk.runtime import inference
from colortk.store import onnx_file
from conftest import Run, one_line
from fuzz_seeds import seeds

onnx = pytest.importorskip("onnx")
helper = onnx.helper


def outside(path: str, name: str = "kernel") -> Any:
    """Return a tensor whose data is in the file ``path``."""
    tensor = onnx.TensorProto(name=name, data_type=1, dims=[2, 1, 1, 1])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=path)
    return tensor


def inside(name: str = "kernel") -> Any:
    return onnx.numpy_helper.from_array(np.ones((2, 1, 1, 1), np.float32), name)


def network(kernel: Any = None, *nodes: Any, **more: Any) -> bytes:
    graph = helper.make_graph(
        [*nodes, helper.make_node("Conv", ["input", "kernel"], ["output"])],
        "tiny",
        [helper.make_tensor_value_info("input", 1, ["N", 1, "H", "W"])],
        [helper.make_tensor_value_info("output", 1, ["N", 2, "h", "w"])],
        [kernel] if kernel is not None else [],
        **more,
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    content: bytes = model.SerializeToString()
    return content


def constant(tensor: Any) -> Any:
    return helper.make_node("Constant", [], ["kernel"], value=tensor)


def in_a_branch(tensor: Any) -> Any:
    branch = helper.make_graph(
        [helper.make_node("Identity", ["inner"], ["out"])],
        "branch", [], [helper.make_tensor_value_info("out", 1, [2, 1, 1, 1])], [tensor],
    )  # fmt: skip
    node = helper.make_node("If", ["yes"], ["kernel"], then_branch=branch, else_branch=branch)
    return node


def sparse(path: str) -> bytes:
    values = outside(path, "kernel")
    one = onnx.SparseTensorProto(values=values, indices=inside("at"), dims=[2, 1, 1, 1])
    return network(sparse_initializer=[one])


def in_a_function(path: str) -> bytes:
    model = onnx.load_model_from_string(network(inside()))
    function = helper.make_function(
        "own", "f", [], ["kernel"], [constant(outside(path))], [helper.make_opsetid("", 17)]
    )
    model.functions.append(function)
    content: bytes = model.SerializeToString()
    return content


def long_way_round(path: str) -> bytes:
    """Return the same message with overlong varints, which protobuf accepts."""
    tensor = outside(path).SerializeToString()
    key = bytes([14 << 3])
    assert key + b"\x01" in tensor
    tensor = tensor.replace(key + b"\x01", bytes([14 << 3 | 128, 0x80, 0x00, 0x81, 0x00]))
    tensor = tensor.replace(bytes([13 << 3 | 2]), bytes([13 << 3 | 2 | 128, 0x00]), 1)
    graph = bytes([5 << 3 | 2, len(tensor)]) + tensor
    return b"\x08\x08" + bytes([7 << 3 | 2 | 128, 0x00, len(graph)]) + graph


PATHS = ["../../etc/passwd", "/etc/passwd", "beside.bin", "link.bin", "file:///etc/passwd", ""]
WAYS: dict[str, Callable[[str], bytes]] = {
    "initializer": lambda path: network(outside(path)),
    "constant": lambda path: network(None, constant(outside(path))),
    "branch": lambda path: network(None, in_a_branch(outside(path, "inner"))),
    "sparse": sparse,
    "function": in_a_function,
    "long way round": long_way_round,
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("way", WAYS)
def test_weights_in_other_files_are_refused(
    way: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "beside.bin").write_bytes(np.ones(2, np.float32).tobytes())
    (tmp_path / "link.bin").symlink_to("/etc/passwd")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArtifactError, match="has weights in another file") as caught:
        inference.OnnxNetwork(WAYS[way](path), device="cpu")
    assert "\n" not in str(caught.value)


def test_harmless_names_in_a_network_are_accepted() -> None:
    good = network(onnx.numpy_helper.from_array(np.ones((2, 1, 1, 1), np.float32), "kernel"))
    onnx_file.check(good.replace(b"tiny", b"loca"))
    assert (
        inference.OnnxNetwork(good, device="cpu").predict(np.ones((1, 2, 2, 1), np.float32)).min()
        == 1
    )


def shape(*dims: int) -> bytes:
    tensor = inside()
    tensor.dims[:] = dims
    return network(tensor)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"nonsense", b"\x3a\xff\xff\xff\xff\x0f", b"\x3a" + b"\xff" * 9 + b"\x01x",
        b"\xff" * 100, b"\x3b\x3c", b"\x3a\x02" * 1000, network(inside())[:-20],
        shape(2**40, 1, 1, 1), shape(2**31, 2**31, 1, 1), shape(-1, 1, 1, 1), shape(2, 1, 1, 2**62),
        b"\x08\x08" + b"\x3a\x00" * 1_100_000,
    ],
)  # fmt: skip
def test_a_file_without_a_network_is_one_line(content: bytes) -> None:
    with pytest.raises(ArtifactError, match="cannot be loaded") as caught:
        inference.OnnxNetwork(content, device="cpu")
    assert "\n" not in str(caught.value)


def test_nested_graphs_have_a_maximum_depth() -> None:
    content = b""
    for _ in range(150):
        for number in (6, 5, 1):  # a graph inside an attribute of a node
            size = len(content)
            head = bytes([number << 3 | 2, size & 127 | 128, size >> 7 & 127 | 128, size >> 14])
            content = head + content
    size = len(content)
    head = bytes([7 << 3 | 2, size & 127 | 128, size >> 7 & 127 | 128, size >> 14])
    with pytest.raises(ValueError, match="it is not a network"):
        onnx_file.check(head + content)


def test_shipped_networks_have_no_external_data() -> None:
    root = Path(__file__).resolve().parents[1]
    found = [*root.glob("plugins/*/artifacts/*.onnx"), *root.glob("colortk/**/*.onnx")]
    assert len(found) > 3
    for path in found:
        onnx_file.check(path.read_bytes())


def weights(folder: Path, content: bytes, digest: str = "") -> Path:
    folder.mkdir()
    digest = digest or hashlib.sha256(content).hexdigest()
    (folder / "network.onnx").write_bytes(content)
    rows = {"network.onnx": {"sha256": digest}}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": rows}))
    return folder


def test_the_command_refuses_hostile_networks_in_one_line(
    tmp_path: Path, picture: Path, colortk: Run
) -> None:
    before = set(tmp_path.iterdir())
    verb = ("run", "-p", "mean_chrominance", picture, "--weights")
    planted = weights(tmp_path / "planted", network(outside("/etc/passwd")))
    one_line(colortk(*verb, planted), 4, "has weights in another file")
    altered = weights(tmp_path / "altered", network(inside()), "0" * 64)
    one_line(colortk(*verb, altered), 4, "not trusted", "SHA-256")
    assert set(tmp_path.iterdir()) - before <= {planted, altered, tmp_path / "store"}


def test_onnx_runtime_sends_no_telemetry_and_leaves_no_file(tmp_path: Path) -> None:
    """Wheels of ONNX Runtime write and send an identifier unless telemetry is disabled."""
    network = tmp_path / "network"
    network.write_bytes(seeds()["network:convolution"])
    empty = tmp_path / "empty"
    empty.mkdir()
    code = (
        "import pathlib, sys, colortk; from colortk.runtime.inference import OnnxNetwork;"
        "OnnxNetwork(pathlib.Path(sys.argv[1]).read_bytes(), device='cpu')"
    )
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    environment |= {name: str(empty) for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME")}
    subprocess.run(
        [sys.executable, "-c", code, str(network)], env=environment, cwd=empty, check=True
    )
    assert list(empty.iterdir()) == []
