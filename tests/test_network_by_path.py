"""A network that is given by path: the same results and the same checks as by content."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from colortk.errors import ArtifactError
from colortk.runtime.inference import OnnxNetwork
from test_networks_hostile import network, outside
from tiny_network import A, B, tiny


def test_a_path_gives_the_same_network_as_its_content(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(tiny(A, B))
    x = np.linspace(0, 100, 48, dtype=np.float32).reshape(1, 6, 8, 1)
    expected = np.concatenate([x * A, x * B], -1)
    assert np.allclose(OnnxNetwork(path).predict(x), expected)
    assert np.array_equal(OnnxNetwork(path).predict(x), OnnxNetwork(tiny(A, B)).predict(x))
    path.write_bytes(tiny(A, B, B))  # another content under the same name
    assert OnnxNetwork(path).predict(x).shape == (1, 6, 8, 3)


@pytest.mark.parametrize("content", [b"", b"no network", tiny(A, B)[:-20]])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match="the network cannot be loaded"):
        OnnxNetwork(path)
    with pytest.raises(ArtifactError, match="cannot read the network"):
        OnnxNetwork(tmp_path / "missing.onnx")


def test_weights_in_another_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(bytes(1000))
    path = tmp_path / "net.onnx"
    path.write_bytes(network(outside("data")))
    with pytest.raises(ArtifactError, match="weights in another file"):
        OnnxNetwork(path)
