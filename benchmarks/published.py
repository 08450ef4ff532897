"""Time and memory of published networks with random weights, against the default plugin.

DDColor and DeOldify are measured if PyTorch is installed and ``COLORTK_ORIGINALS`` names a folder with
checkouts of ``piddnad/DDColor`` (as ``DDColor``) and ``jantic/DeOldify`` (as ``DeOldify``). DeOldify's
networks for stable colors and for films have ResNet-101, which no public checkout builds without its
weights.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from measurement import Effort, Row, Skipped, default_plugin, number, ran, require

#: Pixels of the picture: a usual photograph of the web.
HEIGHT, WIDTH = 480, 640
#: DDColor by plugin: its encoder and the side of its input.
DDCOLOR = {"ddcolor_tiny": ("convnext-t", 512), "ddcolor_paper": ("convnext-l", 512)}
#: What the table calls the networks.
TITLES = {
    "zhang2016": "Zhang 2016 (256 × 256)",
    "zhang2017": "Zhang 2017 (256 × 256)",
    "ddcolor_tiny": "DDColor-tiny (512 × 512)",
    "ddcolor_paper": "DDColor-large (512 × 512)",
    "deoldify_artistic": "DeOldify artistic (512 × 512)",
}
#: The ends of the names of rows.
TIME, MEMORY = f": {WIDTH} × {HEIGHT}", ": peak memory"
TESTS = Path(__file__).resolve().parent.parent / "tests"


def rows(effort: Effort, folder: Path) -> Iterator[Row]:
    count = effort.times(7, 3)
    default = measured(default_plugin(), None, count)
    for plugin in TITLES:
        try:
            seconds, peak = measured(plugin, weights_of(plugin, folder), count)
        except Skipped as reason:
            yield Row(plugin, missing=str(reason))
            continue
        peer = f"{default_plugin()}, "
        yield Row(plugin + TIME, seconds, "s", f"{peer}s", default[0])
        yield Row(plugin + MEMORY, peak, "MB", f"{peer}MB", default[1])
        (folder / f"{plugin}.onnx").unlink()


def markdown(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the lines of a Markdown table of the rows, as the README can have it."""
    measured_rows = {row["name"]: row for row in rows if row["state"] == "measured"}
    lines = [
        f"| network | time for {WIDTH} × {HEIGHT} | of the default's | peak memory | of the default's |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for plugin, title in TITLES.items():
        both = [measured_rows.get(plugin + end) for end in (TIME, MEMORY)]
        if both[0] is None or both[1] is None:
            continue
        if len(lines) == 2:
            values = [number(row["peer_value"]) for row in both if row]
            lines.append(
                f"| `{default_plugin()}` (default) | {values[0]} s | 1 | {values[1]} MB | 1 |"
            )
        cells = [f"{number(r['value'])} {r['unit']} | {number(r['ratio'])}" for r in both if r]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return lines if len(lines) > 2 else []


def weights_of(plugin: str, folder: Path) -> Path:
    """Write random weights of a network as ONNX."""
    sys.path.insert(0, str(TESTS))
    path = folder / f"{plugin}.onnx"
    if plugin in DDCOLOR or plugin.startswith("deoldify"):
        originals = os.environ.get("COLORTK_ORIGINALS")
        if not originals:
            raise Skipped("COLORTK_ORIGINALS names no folder")
        require("torch", "pytest")
        import pytest

        from ddcolor_original import ddcolor, export
        from deoldify_original import deoldify

        encoder, side = DDCOLOR.get(plugin, ("deep", 512))
        with pytest.MonkeyPatch.context() as patch:
            if plugin in DDCOLOR:
                network = ddcolor(Path(originals, "DDColor"), encoder, side, patch)
            else:  # small pictures are enough for the statistics of its weights
                network = deoldify(Path(originals, "DeOldify"), encoder, 64, patch)
            export(network, side, path)
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

    from colortk.color.working_size import working_shape
    from colortk.runtime.loading import PluginRequest, load

    loaded = load(PluginRequest(plugin, (), Path(weights) if weights else None))
    shape = working_shape(loaded.spec.working_size, HEIGHT, WIDTH)
    lightness = np.random.default_rng(0).uniform(0, 100, shape).astype(np.float32)
    loaded.predict(lightness)
    times = []
    for _ in range(count):
        start = time.perf_counter()
        loaded.predict(lightness)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


if __name__ == "__main__":
    print(json.dumps(child(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
