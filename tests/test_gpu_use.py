"""A plugin that runs on the processor is reported if the user asked for a GPU."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from colortk.errors import Notice
from colortk.runtime import device_notes, gpu_use
from colortk.runtime.loading import PluginRequest, load

LINE = "--device gpu: plugin 'gray' runs on the processor"


@pytest.fixture(autouse=True)
def _no_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_notes, "_known", set())
    monkeypatch.setattr(device_notes, "_waiting", [])
    monkeypatch.setattr(device_notes, "_held", False)


@pytest.mark.parametrize(
    ("wanted", "device", "networks", "is_noted"),
    [
        ("gpu", None, 0, True),
        ("gpu", "cpu", 0, True),
        ("gpu", "cpu:0", 0, True),
        ("gpu", "cuda:0", 0, False),
        ("gpu", "mps", 0, False),
        ("gpu", None, 1, False),
        ("auto", None, 0, False),
        ("cpu", "cpu", 0, False),
    ],
)
def test_a_plugin_without_anything_on_a_gpu_is_noted(
    wanted: str, device: str | None, networks: int, is_noted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORTK_DEVICE", wanted)
    before = gpu_use.networks_on_gpu()
    for _ in range(networks):
        gpu_use.count_network()
    colorizer = SimpleNamespace() if device is None else SimpleNamespace(device=device)
    gpu_use.note_processor("gray", colorizer, before)
    assert list(device_notes.take()) == ([LINE] if is_noted else [])


def test_loading_reports_it(monkeypatch: pytest.MonkeyPatch) -> None:
    load(PluginRequest("gray"))  # a Notice would be an error
    monkeypatch.setenv("COLORTK_DEVICE", "gpu")
    with pytest.warns(Notice, match=LINE):
        load(PluginRequest("gray"))
