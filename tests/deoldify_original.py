"""The original networks of DeOldify with random weights, from a checkout of ``jantic/DeOldify``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

#: Mean and standard deviation of ImageNet, by which the original normalizes (fastai's
#: ``imagenet_stats``).
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def _modules(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import the networks of the checkout with its fastai, but without what only training needs."""

    def stub(name: str, **values: Any) -> ModuleType:
        module = ModuleType(name)
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, name, module)
        return module

    for name in ("scipy", "pandas", "yaml", "requests", "matplotlib"):
        pytest.importorskip(name)
    monkeypatch.syspath_prepend(str(folder))
    stub("fastprogress")
    bars = dict.fromkeys(("master_bar", "progress_bar", "format_time", "IN_NOTEBOOK"))
    stub("fastprogress.fastprogress", MasterBar=object, ProgressBar=object, **bars)
    stub("pkg_resources", require=lambda *names: None)
    stub("fastai.vision", __all__=[])
    stub("fastai.sixel", plot_sixel=None)
    for name in ("fastai.callbacks", "deoldify"):  # without their __init__, which import the rest
        stub(name).__path__ = [str(folder.joinpath(*name.split(".")))]
    return importlib.import_module("deoldify.unet")


def _resnet34() -> Any:
    """Return the encoder: ResNet-34 (He et al. 2016) without its last two layers."""
    from torch import nn

    class Block(nn.Module):
        def __init__(self, before: int, after: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(after)
            self.relu = nn.ReLU(inplace=True)
            self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(after)
            self.downsample = None
            if stride > 1:
                shortcut = nn.Conv2d(before, after, 1, stride, bias=False)
                self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(after))

        def forward(self, x: Any) -> Any:
            y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
            return self.relu(y + (x if self.downsample is None else self.downsample(x)))

    parts = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True)]
    parts.append(nn.MaxPool2d(3, 2, 1))
    before = 64
    for after, count in ((64, 3), (128, 4), (256, 6), (512, 3)):
        blocks = [Block(before, after, 1 if after == 64 else 2)]
        blocks += [Block(after, after, 1) for _ in range(count - 1)]
        parts.append(nn.Sequential(*blocks))
        before = after
    return nn.Sequential(*parts)


def deoldify(folder: Path, kind: str, side: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the network with its normalization: sRGB from 0 to 255 in and out, (N, 3, H, W).

    Parameters
    ----------
    folder : Path
        The checkout.
    kind : str
        "deep", as published for artistic; or "wide", as published for stable and video, but with
        ResNet-34 and half the filters.
    side : int
        Side of the pictures by which its statistics are estimated, in pixels.
    monkeypatch : MonkeyPatch
        Undoes what the import changes.
    """
    import torch

    unet = _modules(folder, monkeypatch)
    spectral = importlib.import_module("fastai.layers").NormType.Spectral
    torch.manual_seed(1)
    builder, factor = {"deep": (unet.DynamicUnetDeep, 1.5), "wide": (unet.DynamicUnetWide, 1)}[kind]
    network = builder(
        _resnet34().eval(), n_classes=3, blur=True, blur_final=True, self_attention=True,
        y_range=(-3.0, 3.0), norm_type=spectral, last_cross=True, bottle=False, nf_factor=factor,
    )  # fmt: skip
    with torch.no_grad():
        for name, tensor in network.named_parameters():
            if name.endswith("gamma"):  # zero would turn self-attention off
                tensor.fill_(0.5)
        network.train()
        for _ in range(3):  # spectral norms and batch statistics are estimated during training
            network(torch.randn(2, 3, side, side))
        network.eval()

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network
            for name, values in (("mean", MEAN), ("deviation", DEVIATION)):
                self.register_buffer(name, torch.tensor(values)[:, None, None])

        def forward(self, x: Any) -> Any:
            y = self.network((x / 255 - self.mean) / self.deviation)
            return (y * self.deviation + self.mean) * 255

    return Whole().eval()
