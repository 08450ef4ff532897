"""The peer of a colorized picture: Pillow decodes and encodes, ONNX Runtime runs the network.

The network gets the input that the host gave it. For a plugin without an ONNX network the peer is
``predict_ab`` of the plugin itself, called with the lightness at working size.

    python benchmarks/codec_and_network.py PLUGIN PICTURE FOLDER

writes the files that :data:`BY_HAND` needs to process one picture in a process of its own:
``network-0.onnx``, ``input-0.npy`` and so on (none for a plugin without a network), and the pixels
of the result.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

#: A minimal program: decode, run the network, encode and write with the JPEG settings of `run`.
BY_HAND = """
import sys
from pathlib import Path
import cv2, numpy as np
from PIL import Image
picture, folder, out = map(Path, sys.argv[1:])
Image.open(picture).load()
networks = sorted(folder.glob("network-*.onnx"))
if networks:
    import onnxruntime
for number, network in enumerate(networks):
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    session.run(None, {session.get_inputs()[0].name: np.load(folder / f"input-{number}.npy")})
result = Image.fromarray(np.load(folder / "result.npy"))
result.save(out, "JPEG", quality=99, subsampling=0)
"""
QUALITY: dict[str, Any] = {"quality": 99, "subsampling": 0}


@dataclass
class Heard:
    """Recorded networks (file, providers; as colortk runs them), and their inputs since :meth:`forget`."""

    networks: dict[int, tuple[bytes, list[str]]] = field(default_factory=dict)
    asked: list[tuple[int, np.ndarray]] = field(default_factory=list)
    engines: dict[int, Any] = field(default_factory=dict)

    def forget(self) -> None:
        self.asked.clear()

    def call(self) -> Callable[[], None]:
        """Return a function that runs the networks on all recorded inputs as colortk does."""
        calls = [(self.engines[number], np.moveaxis(x, 1, -1)) for number, x in self.asked]

        def ask() -> None:
            for engine, x in calls:
                engine.predict(x)

        return ask


@contextlib.contextmanager
def listening() -> Iterator[Heard]:
    """Record the ONNX Runtime networks of this process and their inputs."""
    from colortk.runtime import gpu_providers, inference, onnx_session

    heard = Heard()
    engine: Any = inference.OnnxNetwork
    make, predict = engine.__init__, engine.predict

    def making(self: Any, content: bytes, *arguments: Any, **keywords: Any) -> None:
        make(self, content, *arguments, **keywords)
        if self.engine.startswith("onnxruntime"):
            gpu = gpu_providers.PROVIDERS.get(self.engine.split()[1])
            heard.networks[id(self)] = content, [*([gpu] if gpu else []), onnx_session.CPU]
            heard.engines[id(self)] = self

    def predicting(self: Any, x: np.ndarray) -> np.ndarray:
        if id(self) in heard.networks:
            heard.asked.append((id(self), np.moveaxis(x, -1, 1).astype(np.float32, order="C")))
        output: np.ndarray = predict(self, x)
        return output

    engine.__init__, engine.predict = making, predicting
    try:
        yield heard
    finally:
        engine.__init__, engine.predict = make, predict


class Sessions:
    """The same networks in plain ONNX Runtime at its best settings, with the host's threads."""

    def __init__(self, heard: Heard) -> None:
        self._heard, self._made = heard, {}

    def call(self) -> Callable[[], None]:
        """Return a function that runs the networks on all recorded inputs."""
        calls = [(self._session(number, x), x) for number, x in self._heard.asked]

        def ask() -> None:
            for (session, name), x in calls:
                session.run(None, {name: x})

        return ask

    def _session(self, number: int, x: np.ndarray) -> tuple[Any, str]:
        from best_session import best_session, onnx_input
        from colortk.runtime.subprocesses import threads

        if number not in self._made:
            content, providers = self._heard.networks[number]
            name = onnx_input(content)
            best = best_session(content, {name: x}, threads(), providers)
            self._made[number] = best.session, name
        return self._made[number]


def decoded(data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as image:
        image.load()


def encoded(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", **QUALITY)
    return out.getvalue()


def main() -> None:
    from colortk.color.cielab import lightness
    from colortk.io.decode import decode
    from colortk.pipeline import colorize, refiner
    from colortk.runtime.loading import PluginRequest, load

    plugin, picture, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    light = lightness(decode(picture.read_bytes(), picture.name).pixels)
    with listening() as heard:
        result = colorize(light, load(PluginRequest(plugin)), refiner("ratio"))
    np.save(folder / "result.npy", result.rgb)
    for index, (number, x) in enumerate(heard.asked):
        (folder / f"network-{index}.onnx").write_bytes(heard.networks[number][0])
        np.save(folder / f"input-{index}.npy", x)


if __name__ == "__main__":
    main()
