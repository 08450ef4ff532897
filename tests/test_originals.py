"""The adapters of published models, compared with the original networks in PyTorch.

Set ``COLORTK_ORIGINALS`` to a folder with checkouts, of any commit since 2024, of
``clibdev/colorization`` (as ``colorization``) and ``piddnad/DDColor`` (as ``DDColor``).
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from colortk.runtime.loading import Loaded, PluginRequest, load
from conftest import photo
from test_torch_checkpoint import zhang2016_tensors

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
        assert expected.std() > 1
        ours = loaded.predict(rgb2lab(pixels)[..., 0].astype(np.float32))
        np.testing.assert_allclose(ours, expected, atol=1e-3)
        print(f"picture {seed}: largest difference {np.abs(ours - expected).max():.2e}")
