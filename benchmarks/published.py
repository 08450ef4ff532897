"""Time and memory of published networks with random weights, against the default plugin.

DDColor is measured if ``COLORTK_ORIGINALS`` names a folder with a checkout of ``piddnad/DDColor`` (as
``DDColor``) and PyTorch is installed. DeOldify has no public checkout that can be built without its weights.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from measurement import Effort, Row, Skipped, default_plugin, ran, require

#: Pixels of the picture: a usual photograph of the web.
HEIGHT, WIDTH = 480, 640
#: DDColor by plugin: its encoder and the side of its input.
DDCOLOR = {"ddcolor_tiny": ("convnext-t", 512), "ddcolor_paper": ("convnext-l", 512)}
TESTS = Path(__file__).resolve().parent.parent / "tests"


def rows(effort: Effort, folder: Path) -> Iterator[Row]:
    count = effort.times(7, 3)
    default = measured(default_plugin(), None, count)
    for plugin in ("zhang2016", "zhang2017", *DDCOLOR):
        try:
            seconds, peak = measured(plugin, weights_of(plugin, folder), count)
        except Skipped as reason:
            yield Row(plugin, missing=str(reason))
            continue
        peer = f"{default_plugin()}, "
        yield Row(f"{plugin}: {WIDTH} × {HEIGHT}", seconds, "s", f"{peer}s", default[0])
        yield Row(f"{plugin}: peak memory", peak, "MB", f"{peer}MB", default[1])


def weights_of(plugin: str, folder: Path) -> Path:
    """Write random weights of a network as ONNX."""
    sys.path.insert(0, str(TESTS))
    path = folder / f"{plugin}.onnx"
    if plugin in DDCOLOR:
        originals = os.environ.get("COLORTK_ORIGINALS")
        if not originals:
            raise Skipped("COLORTK_ORIGINALS names no folder")
        require("torch", "pytest")
        import pytest

        from ddcolor_original import ddcolor, export

        encoder, side = DDCOLOR[plugin]
        with pytest.MonkeyPatch.context() as patch:
            export(ddcolor(Path(originals, "DDColor"), encoder, side, patch), side, path)
        return path
    require("onnx", "pytest")
    import numpy as np

    import zhang_tensors

    tensors = getattr(zhang_tensors, f"{plugin}_tensors")()
    rng = np.random.default_rng(0)
    for tensor in tensors.values():
        if tensor.ndim == 4:
            spread = (2 / tensor[0].size) ** 0.5
            tensor += rng.normal(0, spread, tensor.shape).astype(np.float32)
    network = import_module(f"colortk_plugins.{plugin}.network")
    path.write_bytes(network.to_onnx(tensors))
    return path


def measured(plugin: str, weights: Path | None, count: int) -> tuple[float, float]:
    """Return the median seconds of a prediction, and the peak memory of the process in MB."""
    command = [sys.executable, __file__, plugin, str(weights or ""), str(count)]
    process = ran(command)
    return float(json.loads(process.output)), process.peak


def child(plugin: str, weights: str, count: int) -> float:
    """Predict ``count`` pictures and one more; return the median seconds."""
    import numpy as np

    from colortk.runtime.loading import PluginRequest, load

    lightness = np.random.default_rng(0).uniform(0, 100, (HEIGHT, WIDTH)).astype(np.float32)
    loaded = load(PluginRequest(plugin, (), Path(weights) if weights else None))
    loaded.predict(lightness)
    times = []
    for _ in range(count):
        start = time.perf_counter()
        loaded.predict(lightness)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


if __name__ == "__main__":
    print(json.dumps(child(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
