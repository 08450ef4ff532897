"""The adapters of published models, compared with the original networks in PyTorch.

Set ``COLORTK_ORIGINALS`` to a folder with checkouts, of any commit since 2024, of
``clibdev/colorization`` (as ``colorization``), ``piddnad/DDColor`` (as ``DDColor``) and
``jantic/DeOldify`` (as ``DeOldify``).
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.color.cielab import ab_of
from colortk.runtime.loading import Loaded, PluginRequest, load
from conftest import photo
from ddcolor_original import ddcolor, export
from deoldify_original import deoldify
from zhang_tensors import zhang2016_tensors, zhang2017_tensors

ORIGINALS = os.environ.get("COLORTK_ORIGINALS", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ORIGINALS, reason="COLORTK_ORIGINALS names no folder"),
    pytest.mark.filterwarnings("ignore"),
]


def original(folder: str, package: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a package of a checkout."""
    monkeypatch.syspath_prepend(str(Path(ORIGINALS, folder)))
    return importlib.import_module(package)


def randomize(network: Any, seed: int) -> Any:
    """Give a network random weights with which its output varies, and return it."""
    import torch

    torch.manual_seed(seed)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2)
        elif tensor.dim() == 4:
            torch.nn.init.kaiming_normal_(tensor, nonlinearity="relu")
        elif tensor.is_floating_point():
            tensor.uniform_(-0.5, 0.5).add_(float(name.endswith("weight")))
    return network.eval()


def colorizer(plugin: str, weights: Path) -> Loaded:
    return load(PluginRequest(plugin, (), weights))


@pytest.mark.parametrize("old_format", [False, True])
def test_zhang2016(old_format: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    from skimage.color import rgb2lab

    colorizers = original("colorization", "colorizers", monkeypatch)
    network = randomize(colorizers.eccv16(pretrained=False), 1)
    network.model_out.weight.data *= 10  # stronger colors
    names = {n: tuple(t.shape) for n, t in network.state_dict().items() if t.dim()}
    assert names == {name: array.shape for name, array in zhang2016_tensors().items()}
    torch.save(
        network.state_dict(), tmp_path / "w.pth", _use_new_zipfile_serialization=not old_format
    )
    loaded = colorizer("zhang2016", tmp_path / "w.pth")
    for seed in range(1 if old_format else 10):
        pixels = photo(256, 256, seed)
        _, light = colorizers.preprocess_img(pixels)
        with torch.no_grad():
            expected = network(light)[0].permute(1, 2, 0).numpy()
        assert expected.std() > 0.5
        ours = loaded.predict(rgb2lab(pixels)[..., 0].astype(np.float32))
        np.testing.assert_allclose(ours, expected, atol=1e-3)
        print(f"picture {seed}: largest difference {np.abs(ours - expected).max():.2e}")


def test_zhang2017(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    from skimage.color import rgb2lab

    colorizers = original("colorization", "colorizers", monkeypatch)
    network = randomize(colorizers.siggraph17(pretrained=False), 1)
    network.model_out[0].weight.data *= 0.1  # tanh would cut stronger colors
    names = {n: tuple(t.shape) for n, t in network.state_dict().items() if t.dim()}
    assert names == {name: array.shape for name, array in zhang2017_tensors().items()}
    torch.save(network.state_dict(), tmp_path / "w.pth")
    loaded = colorizer("zhang2017", tmp_path / "w.pth")
    engine = loaded.colorizer.engine  # type: ignore[attr-defined]
    for seed in range(10):
        pixels = photo(256, 256, seed)
        lab = rgb2lab(pixels).astype(np.float32)
        _, light = colorizers.preprocess_img(pixels)
        mask = (np.random.default_rng(seed).random((256, 256, 1)) < 0.01).astype(np.float32)
        ab = lab[..., 1:] * mask
        hints = [torch.from_numpy(x.transpose(2, 0, 1))[None] for x in (ab, mask)]
        with torch.no_grad():
            plain, hinted = (
                y[0].permute(1, 2, 0).numpy() for y in (network(light), network(light, *hints))
            )
        assert plain.std() > 0.5
        assert np.abs(hinted - plain).max() > 0.5
        ours = loaded.predict(lab[..., 0])
        np.testing.assert_allclose(ours, plain, atol=1e-3)
        inputs = {"lightness": lab[None, ..., :1], "hint_ab": ab[None], "hint_mask": mask[None]}
        (ours_hinted,) = engine.run(inputs).values()
        np.testing.assert_allclose(ours_hinted[0], hinted, atol=1e-3)
        print(
            f"picture {seed}: largest difference {np.abs(ours - plain).max():.2e},"
            f" with hints {np.abs(ours_hinted[0] - hinted).max():.2e},"
            f" of {np.abs(plain).max():.1f}"
        )


def test_ddcolor_tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    import cv2

    network = ddcolor(Path(ORIGINALS, "DDColor"), "convnext-t", 256, monkeypatch)
    path = tmp_path / "ddcolor-tiny.onnx"
    export(network, 256, path)
    loaded = colorizer("ddcolor_tiny", path)
    for seed in range(10):
        picture = photo(256, 256, seed)[..., ::-1].astype(np.float32) / 255
        light = cv2.cvtColor(picture, cv2.COLOR_BGR2Lab)[..., :1]
        zeros = np.zeros_like(light)
        gray = cv2.cvtColor(np.concatenate([light, zeros, zeros], -1), cv2.COLOR_LAB2RGB)
        with torch.no_grad():
            outputs = network(torch.from_numpy(gray.transpose(2, 0, 1))[None])
        expected = outputs[0].permute(1, 2, 0).numpy()
        assert expected.std() > 0.5
        ours = loaded.predict(light[..., 0])
        print(
            f"picture {seed}: largest difference {np.abs(ours - expected).max():.2e}"
            f" of {np.abs(expected).max():.1f}"
        )
        np.testing.assert_allclose(ours, expected, atol=1e-3)


@pytest.mark.parametrize(("plugin", "kind"), [("artistic", "deep"), ("stable", "wide")])
def test_deoldify(plugin: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The original is compared up to its output, whose chroma we take in CIELAB, not in YUV."""
    torch = pytest.importorskip("torch")
    from skimage.color import rgb2lab

    network = deoldify(Path(ORIGINALS, "DeOldify"), kind, 128, monkeypatch)
    path = tmp_path / f"{plugin}.onnx"
    export(network, 128, path)
    loaded = colorizer(f"deoldify_{plugin}", path)
    for seed in range(10):
        gray = np.asarray(Image.fromarray(photo(128, 128, seed)).convert("LA").convert("RGB"))
        light = rgb2lab(gray)[..., 0].astype(np.float32)
        with torch.no_grad():
            outputs = network(torch.from_numpy(gray.astype(np.float32).transpose(2, 0, 1))[None])
        rgb = (outputs[0].permute(1, 2, 0).numpy() / 255).clip(0, 1)
        expected = ab_of(rgb)
        assert expected.std() > 0.5
        # scikit-image has other digits of sRGB's matrix and of the white point.
        np.testing.assert_allclose(expected, rgb2lab(rgb)[..., 1:], atol=5e-3)
        ours = loaded.predict(light)
        print(
            f"picture {seed}: largest difference {np.abs(ours - expected).max():.2e}"
            f" of {np.abs(expected).max():.1f}"
        )
        # The gray that OpenCV makes of L* differs by up to 0.01 of 255; the rest differs by 1e-4.
        np.testing.assert_allclose(ours, expected, atol=5e-3)
