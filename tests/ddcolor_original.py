"""The original network of DDColor with random weights, from a checkout of ``piddnad/DDColor``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def ddcolor(folder: Path, encoder: str, side: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the network, whose random weights give colors of usual strength.

    Parameters
    ----------
    folder : Path
        The checkout.
    encoder : str
        "convnext-t" or "convnext-l".
    side : int
        Side of its input in pixels.
    monkeypatch : MonkeyPatch
        Undoes what the import changes.
    """
    import torch

    for name in ("torchvision", "torchvision.utils"):  # its helpers for pictures import make_grid
        module = ModuleType(name)
        module.make_grid = None  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.syspath_prepend(str(folder))
    architecture = importlib.import_module("basicsr.archs.ddcolor_arch")
    torch.manual_seed(1)
    network = architecture.DDColor(
        encoder, input_size=(side, side), num_output_channels=2, last_norm="Spectral",
        num_queries=100,
    ).eval()  # fmt: skip
    noise = torch.rand(1, 3, side, side)
    with torch.no_grad():
        network.train()
        for _ in range(3):  # spectral norms are estimated during training
            network(noise)
        network.eval()
        # Random queries give colors of several thousand. Colors are linear in the queries.
        peak = float(network(noise).abs().max())
        for tensor in network.decoder.color_decoder.color_embed.layers[-1].parameters():
            tensor *= 150 / peak
    return network


def export(network: Any, side: int, path: Path) -> None:
    """Write the network as the published ONNX files are written."""
    import torch

    torch.onnx.export(
        network, torch.rand(1, 3, side, side), str(path), opset_version=17, dynamo=False,
        input_names=["input"], output_names=["output"],
    )  # fmt: skip
