"""Pictures per second of every installed plugin without start-up, and the overhead of the host.

Each plugin runs in a process of its own like a worker of `run`: the plugin is loaded once and
processes one file after the other with all cores. After each picture its peer runs on the same file:
Pillow decodes, ONNX Runtime runs the network on the input that the host gave it, Pillow encodes the
result (``codec_and_network.py``). The difference is the overhead of the host: lightness, the plugin's
code around the network, chroma along edges, refinement, sRGB, atomic writing.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from measurement import COLORTK, Effort, Failed, Row, ran

#: Stages as in `run --json`: file to lightness, the plugin, chroma to pixels, pixels to file.
STAGES = ("read", "predict", "chroma", "write")


def rows(effort: Effort, folder: Path) -> Iterator[Row]:
    from pictures import photographs

    photographs(folder / "in", effort.pick(8, 3))
    for plugin in json.loads(ran([*COLORTK, "plugins", "list", "--json"]).output):
        name = plugin["name"]
        if plugin["status"] in ("unavailable", "needs weights"):
            yield Row(name, missing=plugin["summary"])
            continue
        try:
            if plugin["status"] == "broken":
                raise Failed(plugin["summary"])
            measurements = measured(name, folder / "in", effort.times(5, 2), worker=True)
        except Failed as reason:
            yield Row(name, problem=str(reason))
            continue
        peer = peer_of(measurements)
        note = f"codec {1000 * measurements['codec']:.1f} ms, network {1000 * measurements['network']:.1f} ms"
        yield Row(
            name, 1 / measurements["host"], "pictures/s", peer, 1 / measurements["bare"], note
        )
        yield Row(
            f"{name}: the host's own", 1000 * measurements["overhead"], "ms a picture",
            f"{peer}, ms", 1000 * measurements["bare"],
        )  # fmt: skip


def peer_of(measurements: dict[str, Any]) -> str:
    return "ONNX Runtime and codec" if measurements["onnx"] else "its predict_ab and codec"


def measured(plugin: str, folder: Path, rounds: int, worker: bool) -> dict[str, Any]:
    """Seconds a picture, medians: ``host``, ``codec``, ``network``, ``bare`` (both), ``overhead``.

    And those of the host's ``STAGES``, with the codec's and the network's share in them.

    ``worker``: keep freed memory, as processes for many pictures do; a run of one does not.
    """
    command = [sys.executable, __file__, plugin, str(folder), str(rounds), str(int(worker))]
    measurements: dict[str, Any] = json.loads(ran(command).output)
    return measurements


def clocked(call: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    result = call(*arguments)
    return time.perf_counter() - start, result


def child(plugin: str, folder: Path, rounds: int, worker: bool) -> dict[str, Any]:
    import numpy as np
    from PIL import Image

    from codec_and_network import Sessions, decoded, encoded, listening
    from colortk.batch.inputs import find_inputs
    from colortk.batch.options import BatchOptions
    from colortk.batch.outputs import OutputPlanner
    from colortk.batch.results import FileResult
    from colortk.batch.serial import colorize_serial
    from colortk.batch.tracker import OutputTracker
    from colortk.color.cielab import lightness
    from colortk.color.upsample import resize
    from colortk.color.working_size import working_shape
    from colortk.io.decode import decode
    from colortk.pipeline import refiner
    from colortk.runtime.loading import PluginRequest, load
    from colortk.runtime.subprocesses import keep_freed_memory

    if worker:
        keep_freed_memory()
    out = folder.with_name(f"{folder.name}-{plugin}")
    out.mkdir(exist_ok=True)
    items, options = find_inputs([str(folder)]), BatchOptions(output=out, force=True)
    refine = refiner("ratio")

    def through() -> Iterator[tuple[float, FileResult]]:
        """Yield seconds and record of every picture, processed as in `run`."""
        plans, tracker = OutputPlanner(options).plan(items), OutputTracker(options)
        records = colorize_serial(plans, tracker, predictor, refine, options.picture)
        for _ in items:
            seconds, record = clocked(next, records)
            if record.error:
                raise SystemExit(record.error)
            yield seconds, record

    def alone(name: str) -> Callable[[], Any]:
        """Return a function that calls a plugin without a network as the host does."""
        light = lightness(decode(Path(name).read_bytes(), name).pixels)
        rows, columns = working_shape(predictor.spec.working_size, *light.shape)
        resized = np.ascontiguousarray(resize(light, (columns, rows)))
        return lambda: predictor.colorizer.predict_ab(resized)

    asking: dict[str, Callable[[], Any]] = {}
    with listening() as heard:
        predictor = load(PluginRequest(plugin))
        sessions = Sessions(heard)
        for _, record in through():
            name = record.input
            asking[name] = sessions.call() if heard.asked else alone(name)
            heard.asked.clear()
    results = {}
    for name in asking:
        with Image.open(out / Path(name).name) as image:
            results[name] = np.asarray(image.convert("RGB"))
    taken = []
    copy = out / "peer.jpg.part"
    for number in range(rounds + 1):
        for host, record in through():
            name = record.input
            reading, data = clocked(Path(name).read_bytes)
            codec = reading + clocked(decoded, data)[0]
            network, _ = clocked(asking[name])
            encoding, data = clocked(encoded, results[name])
            codec += encoding + clocked(copy.write_bytes, data)[0]
            if number:  # the first round warms up
                bare = codec + network
                stages = (record.seconds[stage] for stage in STAGES)
                taken.append((host, codec, network, bare, host - bare, *stages))
    names = ("host", "codec", "network", "bare", "overhead", *STAGES)
    medians = map(statistics.median, zip(*taken, strict=True))
    return dict(zip(names, medians, strict=True)) | {"onnx": bool(heard.networks)}


def main() -> None:
    plugin, folder, rounds, worker = sys.argv[1:]
    # Third-party plugins may print.
    out, sys.stdout = sys.stdout, sys.stderr
    json.dump(child(plugin, Path(folder), int(rounds), bool(int(worker))), out)


if __name__ == "__main__":
    main()
