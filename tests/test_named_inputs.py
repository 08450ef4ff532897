"""Networks with several named inputs and outputs, and tensors inside a network as outputs."""

from __future__ import annotations

import numpy as np
import pytest

from colortk.errors import ArtifactError, PredictionError
from colortk.runtime.inference import OnnxNetwork
from tiny_network import A, B, tiny

onnx = pytest.importorskip("onnx")
RNG = np.random.default_rng(5)


def two_inputs() -> bytes:
    """Return a network of x (1 channel) and y (2 channels): their product, and its sum."""
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    tensors = {"axes": np.array([1], np.int64)}
    graph = helper.make_graph(
        [
            helper.make_node("Mul", ["x", "y"], ["product"]),
            helper.make_node("ReduceSum", ["product", "axes"], ["sum"], keepdims=0),
        ],
        "two",
        [helper.make_tensor_value_info(name, 1, ["N", c, "H", "W"]) for name, c in (("x", 1), ("y", 2))],
        [helper.make_tensor_value_info(name, 1, None) for name in ("product", "sum")],
        [numpy_helper.from_array(value, name) for name, value in tensors.items()],
    )  # fmt: skip
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    content: bytes = model.SerializeToString()
    return content


def test_named_inputs_and_outputs() -> None:
    network = OnnxNetwork(two_inputs(), device="cpu")
    assert network.input_names == ("x", "y")
    assert network.output_names == ("product", "sum")
    x, y = (RNG.random((2, 3, 5, c), np.float32) for c in (1, 2))
    result = network.run({"y": y, "x": x}, ("sum", "product"))
    assert list(result) == ["sum", "product"]
    np.testing.assert_allclose(result["product"], x * y, rtol=1e-6)
    assert result["sum"].shape == (2, 3, 5)  # three dimensions stay as they are
    np.testing.assert_allclose(result["sum"], (x * y).sum(-1), rtol=1e-6)
    assert list(network.run({"x": x, "y": y})) == ["product", "sum"]
    with pytest.raises(PredictionError, match="the network failed on an input of 2 × 3 × 5 × 1"):
        network.run({"x": x, "y": y[:, 1:]})


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        (("x",), (), "the network also needs the input 'y'"),
        (("x", "y", "z"), (), "the network has no input 'z': it has x, y"),
        (("x", "y"), ("ab",), "the network has no output 'ab': it has product, sum"),
    ],
)
def test_wrong_names_are_one_line(
    inputs: tuple[str, ...], outputs: tuple[str, ...], message: str
) -> None:
    network = OnnxNetwork(two_inputs(), device="cpu")
    with pytest.raises(PredictionError, match=message):
        network.run(dict.fromkeys(inputs, np.zeros((1, 2, 2, 1), np.float32)), outputs)


def test_predict_refuses_several_inputs_and_returns_the_first_output() -> None:
    with pytest.raises(PredictionError, match="has 2 inputs: x, y .*OnnxNetwork.run"):
        OnnxNetwork(two_inputs(), device="cpu").predict(np.zeros((1, 2, 2, 1), np.float32))
    with_feature = OnnxNetwork(tiny(A, B), device="cpu", features=("input",))
    x = RNG.random((1, 4, 6, 1), np.float32)
    assert np.array_equal(with_feature.predict(x), OnnxNetwork(tiny(A, B), device="cpu").predict(x))


def test_inner_tensors_become_outputs() -> None:
    helper = onnx.helper
    model = onnx.load_from_string(tiny(A, B))
    model.graph.node[0].output[0] = "inner" * 40  # a name whose length needs two bytes
    model.graph.node.append(helper.make_node("Neg", ["inner" * 40], ["output"]))
    network = OnnxNetwork(model.SerializeToString(), device="cpu", features=("inner" * 40,))
    assert network.output_names == ("output", "inner" * 40)
    x = RNG.random((1, 4, 6, 1), np.float32)
    result = network.run({"input": x})
    assert np.array_equal(result["inner" * 40], -result["output"])
    np.testing.assert_allclose(result["output"], -np.concatenate([A * x, B * x], -1), rtol=1e-6)
    with pytest.raises(ArtifactError, match="cannot be loaded"):
        OnnxNetwork(tiny(A, B), device="cpu", features=("missing",))
