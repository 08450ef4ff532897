"""LPIPS on VGG16: the built network against a forward pass in NumPy, and the file that it needs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colortk.errors import ArtifactError, PictureError
from colortk.harness.lpips.network import VGG_VARIABLE
from colortk.metrics import score
from colortk.plugin.registry import registry
from conftest import one_line, photo
from pairs import pairs

BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


@pytest.fixture(scope="module")
def tree() -> dict[str, Any]:
    """Return random weights in the form of the checkpoint."""
    rng = np.random.default_rng(0)
    convolutions: dict[str, Any] = {}
    incoming = 3
    for block in BLOCKS:
        for channels in block:
            kernel = rng.normal(0, np.sqrt(2 / (9 * incoming)), (3, 3, incoming, channels))
            bias = rng.normal(0, 0.1, channels).astype(np.float32)
            # The file stores weights in 16 bits.
            halves = kernel.astype(np.float16).astype(np.float32)
            convolutions[f"Conv_{len(convolutions)}"] = {"kernel": halves, "bias": bias}
            incoming = channels
    heads = {
        f"NetLinLayer_{k}": {
            "Conv_0": {"kernel": rng.uniform(0, 1, (1, 1, block[-1], 1)).astype(np.float32)}
        }
        for k, block in enumerate(BLOCKS)
    }
    return {"VGG16_0": convolutions} | heads


@pytest.fixture(scope="module")
def built(tree: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the network with these weights, as build.py writes it."""
    pytest.importorskip("onnx")
    from colortk.harness.lpips.build import VGG, build_network

    path = tmp_path_factory.mktemp("vgg") / "vgg16.onnx"
    path.write_bytes(build_network(tree, VGG).SerializeToString())
    return path


def features(tree: dict[str, Any], picture: np.ndarray) -> list[np.ndarray]:
    """Compute the features of LPIPS with NumPy alone: nine products per convolution."""
    x = picture / 127.5 - 1
    x = (x - [-0.030, -0.088, -0.188]) / [0.458, 0.448, 0.450]
    found, number = [], 0
    for k, block in enumerate(BLOCKS):
        if k:
            height, width = x.shape[0] // 2 * 2, x.shape[1] // 2 * 2
            x = x[:height, :width].reshape(height // 2, 2, width // 2, 2, -1).max((1, 3))
        for _ in block:
            layer = tree["VGG16_0"][f"Conv_{number}"]
            padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
            x = layer["bias"] + sum(
                padded[i : i + x.shape[0], j : j + x.shape[1]] @ layer["kernel"][i, j].astype(float)
                for i in range(3)
                for j in range(3)
            )
            x = np.maximum(x, 0)
            number += 1
        found.append(x)
    return found


def distance(tree: dict[str, Any], first: np.ndarray, second: np.ndarray) -> float:
    total = 0.0
    for k, (x, y) in enumerate(zip(features(tree, first), features(tree, second), strict=True)):
        x = x / (np.linalg.norm(x, axis=-1, keepdims=True) + 1e-10)
        y = y / (np.linalg.norm(y, axis=-1, keepdims=True) + 1e-10)
        head = tree[f"NetLinLayer_{k}"]["Conv_0"]["kernel"].ravel()
        total += float(((x - y) ** 2 @ head).mean())
    return total


@pytest.mark.slow
@pytest.mark.parametrize(("height", "width"), [(16, 16), (19, 37)])
def test_the_network_is_vgg16(
    height: int, width: int, tree: dict[str, Any], built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VGG_VARIABLE, str(built))
    first, second = photo(height, width), photo(height, width, 1)[::-1]
    found = score(second, first, ["lpips_vgg"])["lpips_vgg"]
    assert found == pytest.approx(distance(tree, first, second), rel=1e-3)
    assert found > 0.1
    assert score(first, first, ["lpips_vgg"]) == {"lpips_vgg": 0}
    assert "lpips_vgg" in registry().metrics()
    with pytest.raises(PictureError, match="at least 16 × 16 are needed"):
        score(first[:15], first[:15], ["lpips_vgg"])


def test_lpips_vgg_needs_its_file(
    folder: Path, colortk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VGG_VARIABLE, raising=False)
    assert "lpips_vgg" not in registry().metrics()
    with pytest.raises(ArtifactError, match=f"set {VGG_VARIABLE} to the path"):
        registry().metric("lpips_vgg")
    run = colortk("compare", folder, "-p", "gray", "-m", "lpips_vgg")
    one_line(run, 4, "metric 'lpips_vgg' cannot be computed", VGG_VARIABLE)


@pytest.mark.slow
def test_lpips_vgg_refuses_another_file(
    tmp_path: Path, folder: Path, colortk: Callable[..., Any]
) -> None:
    path = tmp_path / "vgg.onnx"
    arguments = ("compare", folder / "1.png", "-p", "gray", "-m", "lpips_vgg")
    one_line(colortk(*arguments, env={VGG_VARIABLE: str(path)}), 4, "cannot read", "vgg.onnx")
    path.write_bytes(b"no network")
    run = colortk(*arguments, env={VGG_VARIABLE: str(path)})
    one_line(run, 1, "is not the VGG16 network of LPIPS", "vgg.onnx", "docs/metrics.md")


@pytest.mark.skipif(not os.environ.get(VGG_VARIABLE), reason=f"{VGG_VARIABLE} is not set")
def test_lpips_vgg_equals_the_package_lpips() -> None:
    """Compare with values of `tests/calibrate.py`; docs/metrics.md describes how to build the network."""
    kept = json.loads((Path(__file__).parent / "data" / "metrics.json").read_text("utf-8"))["pairs"]
    for sample in list(pairs())[::7]:
        assert kept[sample.name]["sha256"] == sample.digest
        expected = kept[sample.name]["values"]["lpips_vgg"]
        found = score(sample.result, sample.truth, ["lpips_vgg"])["lpips_vgg"]
        assert found == pytest.approx(expected, abs=1e-3), sample.name
