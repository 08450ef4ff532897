"""Sums of 8-bit products are exact on every processor, and fast where it has VNNI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colortk.runtime import processor
from colortk.runtime.inference import OnnxNetwork

ZEN_3 = "processor\t: 0\nflags\t\t: fpu sse2 avx2 vaes vpclmulqdq\n"
ICE_LAKE = "processor\t: 0\nflags\t\t: fpu avx2 avx512f avx512_vnni\nbugs\t\t: spectre_v1\n"
ALDER_LAKE = "processor\t: 0\nflags\t\t: fpu avx2 avx_vnni\n"
VMX = "processor\t: 0\nvmx flags\t: avx512_vnni\n"


@pytest.fixture(autouse=True)
def nothing_is_kept() -> Any:
    processor.sums_of_8_bits_may_overflow.cache_clear()
    yield
    processor.sums_of_8_bits_may_overflow.cache_clear()


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        (ZEN_3, False),
        (ICE_LAKE, True),
        (ALDER_LAKE, True),
        (ICE_LAKE + ZEN_3, False),
        (VMX, False),
        ("", False),
    ],
)
def test_vnni_is_read_from_the_flags_of_all_processors(cpuinfo: str, expected: bool) -> None:
    assert processor.has_vnni_flag(cpuinfo) is expected


@pytest.mark.parametrize(
    ("machine", "cpuinfo", "expected"),
    [
        ("x86_64", ZEN_3, True),
        ("x86_64", ICE_LAKE, False),
        ("aarch64", "processor\t: 0\nFeatures\t: fp asimd\n", False),
    ],
)
def test_only_x86_processors_without_vnni_need_the_slow_option(
    machine: str, cpuinfo: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(cpuinfo)
    monkeypatch.setattr(processor, "CPUINFO", file)
    monkeypatch.setattr(processor.platform, "machine", lambda: machine)
    assert processor.sums_of_8_bits_may_overflow() is expected


@pytest.mark.parametrize(("groups", "expected"), [(["X86_V3"], True), (["AVX512_ICL"], False)])
def test_numpy_knows_the_processor_where_there_is_no_cpuinfo(
    groups: list[str], expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "missing")
    monkeypatch.setattr(processor.platform, "machine", lambda: "AMD64")
    monkeypatch.setattr(np, "show_config", lambda mode: {"SIMD Extensions": {"found": groups}})
    assert processor.sums_of_8_bits_may_overflow() is expected


def test_large_sums_of_8_bit_products_are_exact_on_this_processor() -> None:
    # 64 channels of 255 times 127: two such products do not fit into 16 bits.
    content = eight_bit_convolution(np.full((8, 64, 1, 1), 127, np.int8))
    output = OnnxNetwork(content, device="cpu").predict(np.ones((1, 8, 8, 64), np.float32))
    np.testing.assert_allclose(output, 64 * 127 / 128, rtol=1e-2)


def eight_bit_convolution(kernel: np.ndarray) -> bytes:
    """Return a network with one convolution, whose input and kernel are quantized to 8 bits."""
    onnx = pytest.importorskip("onnx")
    make, array = onnx.helper.make_node, onnx.numpy_helper.from_array
    channels, inputs = kernel.shape[:2]
    scales = {
        "x_scale": np.float32(1 / 255), "x_zero": np.uint8(0), "w_scale": np.float32(1 / 128),
        "w_zero": np.int8(0), "y_scale": np.float32(1 / 2), "y_zero": np.uint8(0),
    }  # fmt: skip
    nodes = []
    for name, source in [("x", "input"), ("y", "conv")]:
        quantized = [f"{name}_8", f"{name}_scale", f"{name}_zero"]
        nodes += [
            make("QuantizeLinear", [source, *quantized[1:]], [f"{name}_8"]),
            make("DequantizeLinear", quantized, ["output" if name == "y" else f"{name}_float"]),
        ]
    nodes.insert(2, make("DequantizeLinear", ["kernel", "w_scale", "w_zero"], ["w_float"]))
    nodes.insert(3, make("Conv", ["x_float", "w_float"], ["conv"]))
    tensor = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes, "sums",
        [tensor("input", 1, ["N", inputs, "H", "W"])],
        [tensor("output", 1, ["N", channels, "H", "W"])],
        [array(kernel, "kernel"), *(array(np.asarray(v), k) for k, v in scales.items())],
    )  # fmt: skip
    opset = [onnx.helper.make_opsetid("", 17)]
    model = onnx.helper.make_model(graph, ir_version=8, opset_imports=opset)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
