"""``onnx_model`` runs networks of each kind of input and output, and detects wrong options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage.color import lab2rgb, rgb2lab

from colortk.errors import ColortkError
from colortk.plugin import OnnxGraph
from colortk.runtime.loading import Loaded, PluginRequest, load

LIGHT = 60.0
#: sRGB value of the gray of this lightness.
GRAY = float(lab2rgb(np.array([[[LIGHT, 0, 0]]]))[0, 0, 0])
INPUTS = {
    "l": (1, LIGHT),
    "l_centered": (1, LIGHT - 50),
    "gray_rgb": (3, GRAY),
    "gray_rgb_255": (3, GRAY * 255),
    "gray_rgb_imagenet": (3, (GRAY - 0.485) / 0.229),  # of the first channel
}


def network(
    path: Path, factors: Any, channels: int, offset: Any = 0.0, last: bool = False, side: int = 0
) -> Path:
    """Write a network that multiplies its first channel by ``factors`` and adds ``offset``."""
    count = len(factors)
    kernel = np.zeros((count, channels, 1, 1), "f4")
    kernel[:, 0, 0, 0] = factors
    bias = np.broadcast_to(np.asarray(offset, "f4"), (count,))
    graph = OnnxGraph("test", {"c.weight": kernel, "c.bias": bias})
    x = graph.input("input", channels)
    if last:
        x = graph.node("Transpose", [x], perm=[0, 3, 1, 2])
    x = graph.conv(x, "c")
    if last:
        x = graph.node("Transpose", [x], perm=[0, 2, 3, 1])
    path.write_bytes(graph.content(x, count))
    if side or last:
        import onnx

        model = onnx.load(path)
        for value, n in ((model.graph.input[0], channels), (model.graph.output[0], count)):
            sizes = ["N", side or "H", side or "W", n] if last else [1, n, side, side]
            tensor = onnx.helper.make_tensor_value_info(value.name, 1, sizes)
            value.CopyFrom(tensor)
        onnx.save(model, path)
    return path


def model(path: Path, *options: str) -> Loaded:
    return load(PluginRequest("onnx_model", options, path))


def predicted(path: Path, *options: str) -> np.ndarray:
    """Return a* and b* of a flat picture."""
    ab = model(path, *options).predict(np.full((64, 96), LIGHT, np.float32))
    assert ab.shape == (64, 96, 2)
    assert np.ptp(ab, (0, 1)).max() < 1e-2
    return ab[0, 0]


@pytest.mark.parametrize("kind", INPUTS)
def test_inputs(kind: str, tmp_path: Path) -> None:
    channels, value = INPUTS[kind]
    factors = np.array([30, -20]) / max(abs(value), 1)
    path = network(tmp_path / "n.onnx", factors, channels)
    result = predicted(path, f"input={kind}", "check=false")
    np.testing.assert_allclose(result, factors * value, atol=0.02)


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_outputs(layout: str, tmp_path: Path) -> None:
    def run(factors: Any, offset: Any, *options: str) -> np.ndarray:
        path = network(tmp_path / "n.onnx", factors, 3, offset, layout == "nhwc")
        return predicted(path, "input=gray_rgb", f"layout={layout}", *options)

    np.testing.assert_allclose(run([40, -30], 0, "output=ab"), [40 * GRAY, -30 * GRAY], atol=0.01)
    scaled = run([0.4, -0.3], 0, "output=ab_scaled", "ab_scale=100")
    np.testing.assert_allclose(scaled, [40 * GRAY, -30 * GRAY], atol=0.01)
    tint = np.array([1, 0.8, 0.6])
    expected = rgb2lab((GRAY * tint)[None, None])[0, 0, 1:]
    np.testing.assert_allclose(run(tint, 0, "output=rgb"), expected, atol=0.01)
    np.testing.assert_allclose(run(255 * tint, 0, "output=rgb_255"), expected, atol=0.01)
    centers = np.array([[60, 0], [0, 60], [-60, -60]], "f4")
    np.save(tmp_path / "c.npy", centers)
    scores = np.log([0.5, 0.3, 0.2])
    expected = np.array([0.5, 0.3, 0.2]) @ centers
    bins = ("output=bins", f"centers={tmp_path / 'c.npy'}")
    np.testing.assert_allclose(run([0, 0, 0], scores, *bins), expected, atol=0.01)
    probabilities = run([0, 0, 0], [0.5, 0.3, 0.2], *bins)
    np.testing.assert_allclose(probabilities, expected, atol=0.01)


def test_the_size_of_the_file_and_its_sides(tmp_path: Path) -> None:
    light = np.full((64, 128), 30, np.float32)
    light[:, :64] = 80
    for path, options in (
        (network(tmp_path / "fixed.onnx", [0.5, -0.3], 1, side=64), ()),
        (network(tmp_path / "open.onnx", [0.5, -0.3], 1), ("size=64",)),
        (tmp_path / "open.onnx", ("size=64", "fit=keep")),
    ):
        ab = model(path, *options).predict(light)
        np.testing.assert_allclose(ab[32, 16], [40, -24], atol=0.1)
        np.testing.assert_allclose(ab[32, 112], [15, -9], atol=0.1)
    with pytest.raises(ColortkError, match="size=128 does not fit the network: it gets 64"):
        model(tmp_path / "fixed.onnx", "size=128")


def test_a_published_name_needs_no_options(tmp_path: Path) -> None:
    tint = np.array([1, 0.8, 0.6])
    expected = rgb2lab((GRAY * tint)[None, None])[0, 0, 1:]
    path = network(tmp_path / "deoldify_stable.onnx", tint, 3)
    np.testing.assert_allclose(predicted(path), expected, atol=0.01)
    path = network(tmp_path / "ddcolor-tiny.onnx", [40, -30], 3, side=256)
    np.testing.assert_allclose(predicted(path), [40 * GRAY, -30 * GRAY], atol=0.01)


@pytest.mark.parametrize(
    ("factors", "channels", "options", "words"),
    [
        ([0.5, 0.1], 3, ("input=gray_rgb",), "output=ab_scaled may be right"),
        ([40, 10], 3, ("input=gray_rgb", "output=ab_scaled"), "output=ab may be right"),
        ([255, 200, 100], 3, ("input=gray_rgb", "output=rgb"), "output=rgb_255 may be right"),
        ([1, 0.9, 0.8], 3, ("input=gray_rgb", "output=rgb_255"), "output=rgb may be right"),
        ([1, 1, 1], 3, ("input=gray_rgb", "output=rgb"), "gray everywhere"),
        ([-1, 1, 1], 3, ("input=gray_rgb", "output=rgb"), "no sRGB"),
        ([500, 10], 3, ("input=gray_rgb",), "outside all colors"),
        ([1, 1, 1], 3, ("input=gray_rgb",), "it returns 3 channels, and 2 are needed"),
        ([40, 10], 3, ("input=l",), "it gets 3 channels, and this input has 1"),
        ([40, 10], 1, ("input=gray_rgb",), "it gets 1 channels, and this input has 3"),
    ],
)
def test_wrong_choices_are_refused(
    factors: Any, channels: int, options: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    path = network(tmp_path / "n.onnx", factors, channels)
    with pytest.raises(ColortkError, match=words):
        model(path, *options)


def test_without_a_file_it_says_what_to_do() -> None:
    with pytest.raises(ColortkError, match="--weights FILE") as caught:
        load(PluginRequest("onnx_model"))
    assert caught.value.exit_code == 4
    with pytest.raises(ColortkError, match="need each other"):
        load(PluginRequest("onnx_model", ("output=bins",)))


def test_a_network_of_several_inputs_is_one_line(tmp_path: Path) -> None:
    graph = OnnxGraph("test", {})
    both = graph.node("Concat", [graph.input("l", 1), graph.input("hints", 1)], axis=1)
    path = tmp_path / "two.onnx"
    path.write_bytes(graph.content(both, 2))
    with pytest.raises(ColortkError, match="onnx_model cannot run this file: it gets l, hints"):
        model(path)


def test_sizes_that_no_picture_needs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ColortkError, match="its input has 100000 × 100000 pixels, and at most"):
        model(network(tmp_path / "huge.onnx", [1, 1], 1, side=100_000))
    path = network(tmp_path / "n.onnx", [1, 1], 1)
    centers = tmp_path / "c.npy"
    centers.write_bytes(bytes(1 << 21))
    with pytest.raises(ColortkError, match="too large for a list of colors"):
        model(path, "output=bins", f"centers={centers}")
    with open(centers, "wb") as file:  # a terabyte, says its header
        header = {"descr": "<f8", "fortran_order": False, "shape": (1 << 36, 2)}
        np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(ColortkError, match=r"centers='.*' cannot be used"):
        model(path, "output=bins", f"centers={centers}")


@pytest.mark.parametrize("number", [10, 11])
def test_inputs_of_16_and_64_bits(number: int, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    path = network(tmp_path / "n.onnx", [0.5, -0.25], 1)
    model = onnx.load(path)
    graph, cast = model.graph, onnx.helper.make_node
    first, last = graph.input[0].name, graph.output[0].name
    for node in graph.node:
        node.input[:] = ["x32" if name == first else name for name in node.input]
        node.output[:] = ["y32" if name == last else name for name in node.output]
    graph.node.insert(0, cast("Cast", [first], ["x32"], to=1))
    graph.node.append(cast("Cast", ["y32"], [last], to=number))
    for value in (graph.input[0], graph.output[0]):
        value.type.tensor_type.elem_type = number
    onnx.save(model, path)
    np.testing.assert_allclose(predicted(path), [LIGHT / 2, -LIGHT / 4], atol=0.05)
