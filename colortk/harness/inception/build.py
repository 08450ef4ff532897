"""Write the network of FID as ONNX: ``python -m colortk.harness.inception.build FILE [FOLDER]``.

FILE is ``pt_inception-2015-12-05-6726825d.pth``, the weights of the package pytorch-fid. Name the
written ``inception.onnx`` (87 MB) in ``COLORTK_INCEPTION`` for the metrics ``fid`` and ``kid``. If
``colortk weights get fid`` fetched FILE, none of this is needed. Needs the package onnx.

The resize is part of the network: bilinear to 299 × 299 without antialiasing, pixel centers at
halves, as pytorch-fid resizes. (The TensorFlow original aligns the corners of pixels instead;
values of FID differ in the second digit after the point.)
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from colortk.errors import ArtifactError, ColortkError
from colortk.harness.inception import layers, layout
from colortk.harness.inception.layers import LAYERS, Convolution, Layer, Pool, convolutions
from colortk.harness.inception.layout import FEATURES, INPUT, NAME, OUTPUT
from colortk.io.files import write_atomic
from colortk.io.regular_files import read_regular
from colortk.plugin.artifact import Artifacts
from colortk.plugin.builtin_artifacts import INCEPTION
from colortk.store.torch_checkpoint import is_checkpoint, read_checkpoint
from colortk.types import Array

#: Added to variances by the batch normalizations.
EPSILON = 1e-3
#: Side of the square that a picture is resized to.
SIDE = 299
OPSET, IR = 17, 8


class _Graph:
    """The nodes and constants of the ONNX graph as it grows."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: Array) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        from onnx import helper

        output = output or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def layer(self, layer: Layer, x: str) -> str:
        """Add a layer; return the name of its output."""
        if isinstance(layer, Convolution):
            return self._convolution(layer, x)
        if isinstance(layer, Pool):
            more: dict[str, Any] = {"count_include_pad": 0} if layer.kind == "AveragePool" else {}
            return self.node(
                layer.kind, [x], kernel_shape=[3, 3], strides=[layer.stride] * 2,
                pads=[layer.pad] * 4, **more,
            )  # fmt: skip
        outputs = []
        for path in layer.paths:
            y = x
            for step in path:
                y = self.layer(step, y)
            outputs.append(y)
        return self.node("Concat", outputs, axis=1)

    def _convolution(self, layer: Convolution, x: str) -> str:
        """Add a convolution with its batch normalization merged into it, and the ReLU."""
        scale, shift, mean, variance = (
            self.weights[f"{layer.name}.bn.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        factor = scale / np.sqrt(variance + EPSILON)
        kernel = self.weights[f"{layer.name}.conv.weight"] * factor[:, None, None, None]
        inputs = [
            x,
            self.constant(f"{layer.name}.kernel", kernel.astype(np.float32)),
            self.constant(f"{layer.name}.bias", (shift - mean * factor).astype(np.float32)),
        ]
        y = self.node("Conv", inputs, strides=[layer.stride] * 2, pads=list(layer.pad) * 2)
        return self.node("Relu", [y])


def build_network(weights: Mapping[str, Array]) -> Any:
    """Return the ONNX model: uint8 (N, H, W, 3) sRGB to float32 (N, 2048).

    Parameters
    ----------
    weights : dict of str to array
        The state dict of Inception v3 with the names of pytorch-fid.

    Raises
    ------
    ArtifactError
        If an array is missing or has another shape.
    """
    from onnx import TensorProto, helper

    _check_shapes(weights)
    graph = _Graph(weights)
    x = graph.node("Cast", [INPUT], to=TensorProto.FLOAT)
    x = graph.node("Transpose", [x], perm=[0, 3, 1, 2])
    # The number of pictures is not known here: the size is joined from it and the constants.
    count = graph.node("Shape", [x], end=1)
    size = graph.constant("size", np.array([3, SIDE, SIDE], np.int64))
    sizes = graph.node("Concat", [count, size], axis=0)
    x = graph.node(
        "Resize", [x, "", "", sizes], mode="linear",
        coordinate_transformation_mode="half_pixel",
    )  # fmt: skip
    x = graph.node("Mul", [x, graph.constant("gain", np.array(2 / 255, np.float32))])
    x = graph.node("Sub", [x, graph.constant("one", np.array(1, np.float32))])
    for layer in LAYERS:
        x = graph.layer(layer, x)
    graph.node("ReduceMean", [x], OUTPUT, axes=[2, 3], keepdims=0)
    pictures = helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["N", "H", "W", 3])
    features = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", FEATURES])
    whole = helper.make_graph(graph.nodes, "inception", [pictures], [features], graph.constants)
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(whole, opset_imports=[opset], producer_name="colortk", ir_version=IR)


def _check_shapes(weights: Mapping[str, Array]) -> None:
    for layer in convolutions():
        shapes: dict[str, tuple[int, ...]] = {
            "conv.weight": (layer.outputs, layer.inputs, *layer.kernel)
        }
        shapes |= {
            f"bn.{part}": (layer.outputs,)
            for part in ("weight", "bias", "running_mean", "running_var")
        }
        for part, shape in shapes.items():
            array = weights.get(f"{layer.name}.{part}")
            if array is None or array.shape != shape:
                held = "is missing" if array is None else f"has the shape {array.shape}"
                raise ArtifactError(
                    "the file does not hold the Inception network of FID",
                    f"{layer.name}.{part} {held}",
                    f"use {INCEPTION.name} of pytorch-fid",
                )


def write(checkpoint: Path, folder: Path) -> Path:
    """Write the network of ``checkpoint`` to ``folder``; return the path of the file.

    Raises
    ------
    ArtifactError
        If the file is not the published one: FID of other weights is not FID.
    """
    digest = hashlib.sha256(read_regular(checkpoint)).hexdigest()
    if digest != INCEPTION.sha256:
        raise ArtifactError(
            f"'{checkpoint}' is not {INCEPTION.name}",
            f"its SHA-256 is {digest}",
            f"get {INCEPTION.urls[0]}",
        )
    path = folder / NAME
    write_atomic(path, network_content(read_checkpoint(checkpoint)), force=True)
    return path


def converted_network(artifacts: Artifacts) -> Path | bytes:
    """Return the network of the file in the folder of weights, which is converted once.

    Raises
    ------
    ArtifactError
        If the file is missing, not trusted or damaged; or if the package onnx is missing.
    """

    def convert(path: Path) -> bytes | None:
        return network_content(read_checkpoint(path)) if is_checkpoint(path) else None

    modules = (sys.modules[__name__], layers, layout)
    return artifacts.converted(INCEPTION.name, convert, "\n".join(map(inspect.getsource, modules)))


def network_content(weights: Mapping[str, Array]) -> bytes:
    """Return the content of the ONNX file; the parameter is that of :func:`build_network`."""
    if find_spec("onnx") is None:
        raise ArtifactError(
            "the network of FID cannot be converted", "the package onnx is missing",
            "pip install onnx",
        )  # fmt: skip
    content: bytes = build_network(weights).SerializeToString(deterministic=True)
    return content


def main() -> None:
    """Build the network of the file that the command line names."""
    if len(sys.argv) not in (2, 3):
        raise SystemExit("usage: python -m colortk.harness.inception.build FILE [FOLDER]")
    folder = Path(sys.argv[2] if len(sys.argv) == 3 else ".")
    try:
        print(write(Path(sys.argv[1]), folder))
    except (ColortkError, OSError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
