"""Runs an ONNX file as a colorizer."""

from __future__ import annotations

import numpy as np

from colortk.plugin import (
    Artifacts,
    Chroma,
    Float32,
    Lightness,
    OnnxNetwork,
    UsageError,
    chroma_field,
    resize,
)

from .conversions import chroma, network_input, read_centers
from .options import PRESETS, Options
from .plausible import wrong_choice
from .spec import NETWORK

_MULTIPLE = 32
#: Largest side of an input that a file may state, in pixels.
MAX_SIDE = 4096
#: Channels of outputs that are no probabilities.
_CHANNELS = {"rgb": 3, "rgb_255": 3, "ab": 2, "ab_scaled": 2}


class OnnxModel:
    """Converts lightness to the network's input, and its output to chroma.

    Parameters
    ----------
    artifacts : Artifacts
        The file.
    options : Options or None
        What the network gets and returns.

    Raises
    ------
    UsageError
        If the options do not fit the network.

    Attributes
    ----------
    file : str
        Name of the artifact that holds the network.
    default_size : int
        Side of its input in pixels, if neither the file nor an option states one.
    """

    file = NETWORK
    default_size = 256

    def __init__(self, artifacts: Artifacts, options: Options | None) -> None:
        self.options = options = options or Options()
        path = artifacts.path(self.file)
        preset = PRESETS.get(path.name, ("l", "ab"))
        self.input = preset[0] if options.input == "auto" else options.input
        self.output = preset[1] if options.output == "auto" else options.output
        self.centers = None if options.centers is None else read_centers(options.centers)
        self.engine = OnnxNetwork(path)
        self._height, self._width = self._fixed_sides()
        self._check()

    def predict_ab(self, lightness: Lightness) -> Chroma:
        """Return the chroma, float32 (H, W, 2), of lightness, float32 (H, W)."""
        small = resize(lightness, self._size(*lightness.shape))
        ab = np.ascontiguousarray(self._convert(self._run(small)), np.float32)
        field = chroma_field(lightness, ab)
        return np.ascontiguousarray(field.chroma_of_block(0, 0, lightness), np.float32)

    def _run(self, lightness: Float32) -> Float32:
        """Return the output, float32 (h, w, C)."""
        x = network_input(lightness, self.input)[None]
        if self.options.layout == "nchw":
            y = self.engine.predict(x)
        else:  # the engine moves the last axis to the front and back: undo both
            y = np.moveaxis(self.engine.predict(np.moveaxis(x, 1, -1)), -1, 1)
        output: Float32 = y[0]
        return output

    def _convert(self, output: Float32) -> Float32:
        """Return chroma, float32 (h, w, 2); ``UsageError`` if the channels do not fit."""
        channels = output.shape[-1] if output.ndim == 3 else 0
        expected = _CHANNELS.get(self.output) if self.centers is None else len(self.centers)
        if channels != expected:
            raise UsageError(
                f"output={self.output} does not fit the network",
                f"it returns {channels} channels, and {expected} are needed",
                "change the option output or layout",
            )
        return chroma(output, self.output, self.options.ab_scale, self.centers)

    def _fixed_sides(self) -> tuple[int | None, int | None]:
        """Return the sides that the file states; ``UsageError`` if its inputs do not fit."""
        if len(names := self.engine.input_names) != 1:
            raise UsageError(
                "onnx_model cannot run this file",
                f"it gets {', '.join(names)}",
                "write a plugin for a network with several inputs",
            )
        shape = self.engine.input_shape
        if len(shape) != 4:
            raise UsageError("onnx_model cannot run this file", f"its input has shape {shape}")
        channels, sides = shape[1], shape[2:]
        if self.options.layout == "nhwc":
            channels, sides = shape[3], shape[1:3]
        expected = 1 if self.input in ("l", "l_centered") else 3
        if channels not in (None, expected):
            raise UsageError(
                f"input={self.input} does not fit the network",
                f"it gets {channels} channels, and this input has {expected}",
                "change the option input or layout",
            )
        if max(side or 0 for side in sides) > MAX_SIDE:
            raise UsageError(
                "onnx_model cannot run this file",
                f"its input has {sides[1]} × {sides[0]} pixels, and at most {MAX_SIDE} per side are"
                " allowed",
            )
        return sides[0], sides[1]

    def _size(self, height: int, width: int) -> tuple[int, int]:
        """Return width and height of the network's input."""
        if self._height and self._width:
            return self._width, self._height
        side = self.options.size or self.default_size
        if self.options.fit == "squeeze":
            return side, side
        scale = side / min(height, width)
        sides = (max(1, round(n * scale / _MULTIPLE)) * _MULTIPLE for n in (width, height))
        return next(sides), next(sides)

    def _check(self) -> None:
        """Raise ``UsageError`` if the network's values do not fit the options."""
        size, options = (self._height or self._width), self.options
        if size and options.size and options.size != size:
            raise UsageError(f"size={options.size} does not fit the network", f"it gets {size}")
        if not options.check:
            return
        width, height = self._size(self.default_size, self.default_size)
        ramp = np.linspace(0, 100, width, dtype=np.float32)
        waves = 15 * np.sin(np.arange(height, dtype=np.float32) / 9)[:, None]
        output = self._run(np.clip(ramp[None] + waves, 0, 100).astype(np.float32))
        if problem := wrong_choice(output, self.output, self._convert(output)):
            raise UsageError(
                f"output={self.output} does not fit the network", problem,
                "use check=false if the choice is right",
            )  # fmt: skip
