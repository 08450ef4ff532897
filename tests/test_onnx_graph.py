"""Keras networks as ONNX: the same numbers, the weights under their names, and back again."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from colortk.errors import ArtifactError, UsageError

pytestmark = [
    pytest.mark.slow,
    # Keras' own way to read a variable, with numpy 2.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def keras() -> Any:
    """Keras, whatever its backend warns of while it is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("onnx")
        found = pytest.importorskip("keras")
    return found


def randomize(network: Any, seed: int = 0) -> Any:
    """Every weight at random, moving statistics too; variances are positive."""
    rng = np.random.default_rng(seed)
    for variable in network.weights:
        value = rng.normal(0, 1, tuple(variable.shape)).astype(np.float32)
        if variable.name == "kernel" or value.ndim > 1:
            value /= np.sqrt(np.prod(value.shape[:-1]))
        variable.assign(np.abs(value) + 0.5 if "variance" in variable.name else value)
    return network


def served(content: bytes, x: np.ndarray) -> np.ndarray:
    """What ONNX Runtime makes of a channels-last batch."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    (y,) = session.run(["output"], {"input": np.moveaxis(x, -1, 1) if x.ndim == 4 else x})
    return np.moveaxis(y, 1, -1) if y.ndim == 4 else y


def batch(network: Any, size: tuple[int, int] = (13, 10)) -> np.ndarray:
    """Two random inputs; ``size`` where the network leaves it open."""
    shape = network.input_shape
    sides = [n or s for n, s in zip(shape[1:3], size, strict=False)] if len(shape) == 4 else []
    return np.random.default_rng(1).normal(0, 1, (2, *sides, shape[-1])).astype(np.float32)


def answer(network: Any, x: np.ndarray) -> np.ndarray:
    """What Keras makes of a batch."""
    from keras import ops

    return np.asarray(ops.convert_to_numpy(network(x, training=False)))


def agrees(network: Any, **how: Any) -> np.ndarray:
    """ONNX Runtime equals Keras to 1e-5 of the largest value (at least 1); returns the output."""
    from colortk.training.onnx.graph import to_onnx

    x = batch(randomize(network), **how)
    expected = answer(network, x)
    found = served(to_onnx(network, half=False), x)
    assert found.shape == expected.shape
    assert np.abs(expected).max() > 1e-3, "nothing would be compared"
    assert np.abs(found - expected).max() < 1e-5 * max(1, np.abs(expected).max())
    return expected


#: One layer each, made by a function of ``keras.layers``.
ONE_LAYER: dict[str, Callable[[Any], Any]] = {
    "conv": lambda k: k.Conv2D(5, 3, padding="same", activation="relu"),
    "conv valid tanh": lambda k: k.Conv2D(5, (3, 2), activation="tanh"),
    "conv even kernel": lambda k: k.Conv2D(5, (2, 4), padding="same"),
    "conv stride 2": lambda k: k.Conv2D(5, 3, strides=2, padding="same", activation="sigmoid"),
    "conv stride 2, kernel 2": lambda k: k.Conv2D(5, 2, strides=2, padding="same"),
    "conv stride (1, 2)": lambda k: k.Conv2D(5, 2, strides=(1, 2), padding="same"),
    "conv stride 3, kernel 1": lambda k: k.Conv2D(5, 1, strides=3, padding="same"),
    "conv stride 2 valid": lambda k: k.Conv2D(5, 3, strides=2, use_bias=False),
    "conv dilated": lambda k: k.Conv2D(5, 3, padding="same", dilation_rate=(2, 3)),
    "conv groups": lambda k: k.Conv2D(6, 3, padding="same", groups=2),
    "depthwise": lambda k: k.DepthwiseConv2D(3, padding="same", activation="relu"),
    "depthwise × 3, stride 2": lambda k: k.DepthwiseConv2D(3, 2, "same", depth_multiplier=3),
    "transpose 1 × 1 (1, 2)": lambda k: k.Conv2DTranspose(5, 1, (1, 2), "same"),
    "transpose 2 × 2 (2, 1)": lambda k: k.Conv2DTranspose(5, 2, (2, 1), "same"),
    "transpose 3 × 3 2": lambda k: k.Conv2DTranspose(5, 3, 2, "same", activation="tanh"),
    "transpose 4 × 5 (2, 2)": lambda k: k.Conv2DTranspose(5, (4, 5), 2, "same"),
    "transpose 2 × 2 (3, 3)": lambda k: k.Conv2DTranspose(5, 2, 3, "same"),
    "transpose valid": lambda k: k.Conv2DTranspose(5, (3, 1), 2, "valid"),
    "normalization": lambda k: k.BatchNormalization(),
    "normalization bare": lambda k: k.BatchNormalization(scale=False, center=False, epsilon=0.1),
    "normalization axis 3": lambda k: k.BatchNormalization(axis=3),
    "activation": lambda k: k.Activation("tanh"),
    "activation linear": lambda k: k.Activation("linear"),
    "relu": lambda k: k.ReLU(),
    "relu up to a maximum": lambda k: k.ReLU(max_value=0.8),
    "max pool": lambda k: k.MaxPooling2D(),
    "max pool same 3 / 2": lambda k: k.MaxPooling2D(3, 2, "same"),
    "max pool same 3 / 1": lambda k: k.MaxPooling2D(3, 1, "same"),
    "average pool": lambda k: k.AveragePooling2D((2, 3)),
    "average pool same 3 / 2": lambda k: k.AveragePooling2D(3, 2, "same"),
    "global average": lambda k: k.GlobalAveragePooling2D(keepdims=True),
    "global average flat": lambda k: k.GlobalAveragePooling2D(),
    "up nearest": lambda k: k.UpSampling2D((2, 3)),
    "up bilinear": lambda k: k.UpSampling2D((2, 4), interpolation="bilinear"),
    "rescaling": lambda k: k.Rescaling(1 / 50, -1),
    "rescaling factor": lambda k: k.Rescaling(0.5),
    "rescaling by channel": lambda k: k.Rescaling([1.0, 2.0, 3.0, 4.0], [0.1, 0.2, 0.3, 0.4]),
    "padding": lambda k: k.ZeroPadding2D(((1, 2), (3, 0))),
    "dropout": lambda k: k.Dropout(0.5),
    "dense": lambda k: k.Dense(5, activation="relu"),
}


@pytest.mark.parametrize("shape", [(None, None, 4), (12, 13, 4)], ids=["open", "12 × 13"])
@pytest.mark.parametrize("name", ONE_LAYER)
def test_every_kind_of_layer(
    keras: Any, name: str, shape: tuple[int | None, int | None, int]
) -> None:
    if name == "average pool same 3 / 2" and keras.backend.backend() == "torch":
        pytest.skip("Keras on PyTorch repeats the border there, on TensorFlow it does not count")
    agrees(keras.Sequential([keras.Input(shape), ONE_LAYER[name](keras.layers)]))


def branched(keras: Any) -> Any:
    """Branches of open size that are added, multiplied and joined; a layer is used twice."""
    layers = keras.layers
    x = inputs = keras.Input((None, None, 3), name="gray")
    shared = layers.Conv2D(4, 3, padding="same", name="shared")
    a = shared(x)
    b = layers.Activation("tanh", name="squash")(shared(layers.Rescaling(0.5, name="half")(x)))
    c = layers.Conv2D(4, 1, activation="sigmoid", name="gate")(
        layers.GlobalAveragePooling2D(keepdims=True, name="mean")(x)
    )
    x = layers.Add(name="sum")([a, b, layers.Multiply(name="gated")([a, c])])
    x = layers.BatchNormalization(name="norm")(x, training=False)
    x = layers.Concatenate(name="side_by_side", axis=2)([x, a])
    x = layers.Concatenate(name="join")([x, x])
    x = layers.Dropout(0.3, name="drop")(x)
    return keras.Model(inputs, layers.Dense(2, name="last")(x), name="branched")


def test_branches_and_shared_layers(keras: Any) -> None:
    network = branched(keras)
    agrees(network)
    network.get_layer("gate").output  # noqa: B018  the graph is left as it was: one node
    assert network.get_layer("gate").output.shape[-1] == 4


def test_networks_inside_of_networks(keras: Any) -> None:
    layers = keras.layers
    part = keras.Sequential(
        [keras.Input((None, None, 4)), layers.Conv2D(4, 3, padding="same", name="conv")],
        name="part",
    )
    encoder_in = keras.Input((None, None, 3))
    encoder = keras.Model(
        encoder_in, part(layers.Conv2D(4, 1, name="conv")(encoder_in)), name="encoder"
    )
    inputs = keras.Input((8, 6, 3))
    end = layers.Conv2D(2, 1, name="conv")(part(encoder(inputs)))
    network = keras.Model(inputs, end, name="whole")
    agrees(network)
    from colortk.runtime.keras_weights import weights_in
    from colortk.training.onnx.graph import to_onnx

    kernels = [name for name in weights_in(to_onnx(network)) if name.endswith("kernel")]
    assert kernels == [
        "encoder/conv/kernel", "encoder/part/conv/kernel", "part/conv/kernel", "conv/kernel",
    ]  # fmt: skip


@pytest.mark.parametrize("shape", [(None, None, 6), (12, 10, 6)], ids=["open", "12 × 10"])
def test_attention_over_places(keras: Any, shape: tuple[int | None, int | None, int]) -> None:
    """Keras and ONNX Runtime equal a loop in float64, with fewer keys than queries too."""
    from colortk.training.attention import SpatialAttention
    from colortk.training.onnx.graph import to_onnx

    inputs = keras.Input(shape)
    pooled = keras.layers.AveragePooling2D(2)(inputs)
    doubled = keras.layers.Rescaling(2.0)(pooled)
    network = keras.Model(inputs, SpatialAttention(3, name="attention")([inputs, pooled, doubled]))
    x = batch(network, (12, 10))
    means = x.astype(np.float64).reshape(2, 6, 2, 5, 2, 6).mean((2, 4)).reshape(2, 30, 6)
    expected = np.empty((2, 120, 6))
    for n, places in enumerate(x.reshape(2, 120, 6).astype(np.float64)):
        for head in (slice(0, 2), slice(2, 4), slice(4, 6)):
            weights = np.exp(places[:, head] @ means[n][:, head].T / 2**0.5)
            expected[n][:, head] = weights @ (2 * means[n][:, head]) / weights.sum(-1)[:, None]
    for found in (answer(network, x), served(to_onnx(network), x)):
        np.testing.assert_allclose(found, expected.reshape(x.shape), atol=1e-5)


def test_attention_refuses_what_does_not_fit(keras: Any) -> None:
    from colortk.training.attention import SpatialAttention

    four, six, small = (keras.Input((8, 8, 4)), keras.Input((8, 8, 6)), keras.Input((4, 4, 4)))
    for heads, maps, why in (
        (2, [four, six, six], "one number of channels"),
        (2, [four, four, small], "one shape"),
        (2, [four, four], "one shape"),
        (3, [four, four, four], "3 heads do not divide 4"),
    ):
        with pytest.raises(ValueError, match=why):
            SpatialAttention(heads)(maps)


def test_vectors(keras: Any) -> None:
    layers = keras.layers
    network = keras.Sequential(
        [keras.Input((6,)), layers.Dense(5, "relu"), layers.BatchNormalization(), layers.Dense(3)]
    )
    agrees(network)


def colorizer(keras: Any) -> Any:
    """Document 000's second network: rows are places, columns are channels."""
    layers = keras.layers
    table: list[tuple[Any, int, int, tuple[int, int]]] = [
        (layers.Conv2D, 128, 2, (1, 1)),
        (layers.Conv2DTranspose, 256, 1, (1, 2)),
        *((layers.Conv2D, n, 2, (1, 2)) for n in (128, 64, 32, 16, 8)),
        (layers.Conv2DTranspose, 8, 2, (2, 1)),
        *((layers.Conv2DTranspose, n, 2, (1, 2)) for n in (16, 32, 64, 128, 256)),
        (layers.Conv2D, 128, 2, (1, 2)),
    ]
    network = keras.Sequential([keras.Input((1, 128, 128))])
    for place, (kind, filters, kernel, strides) in enumerate(table):
        act = "tanh" if place >= len(table) - 2 else "relu"
        name = f"step{place}"
        network.add(kind(filters, kernel, strides, "same", activation=act, name=name))
        network.add(layers.BatchNormalization(name=f"norm{place}"))
    return network


def test_the_colorizer_of_document_000(keras: Any) -> None:
    network = colorizer(keras)
    assert network.count_params() == 585_136
    assert agrees(network).shape == (2, 2, 128, 128)


def test_a_network_that_was_compiled_with_a_loss_of_ones_own(keras: Any) -> None:
    network = branched(keras)
    network.compile(
        optimizer=keras.optimizers.Adam(), loss=lambda y, p: keras.ops.mean((y - p) ** 2)
    )
    agrees(network)


def test_the_file(keras: Any) -> None:
    """Small, repeatable, open where Keras is open; vectors and what 16 bits cannot hold in 32."""
    import onnx

    from colortk.training.onnx.graph import to_onnx

    network = randomize(branched(keras))
    network.get_layer("gate").kernel.assign(np.full((1, 1, 3, 4), 1e5, np.float32))
    content = to_onnx(network)
    assert content == to_onnx(network)
    graph = onnx.load_model_from_string(content).graph
    kinds = {item.name: item.data_type for item in graph.initializer}
    half, full = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT
    assert kinds["shared/kernel"] == kinds["last/kernel"] == half
    assert kinds["norm/moving_variance"] == kinds["shared/bias"] == kinds["gate/kernel"] == full
    assert half not in {
        item.data_type
        for item in onnx.load_model_from_string(to_onnx(network, half=False)).graph.initializer
    }
    sides = [
        [side.dim_param or side.dim_value for side in tensor.type.tensor_type.shape.dim]
        for tensor in (*graph.input, *graph.output)
    ]
    assert sides == [["N", 3, "H", "W"], ["N", 2, "H_out", "W_out"]]
    network.get_layer("gate").kernel.assign(np.full((1, 1, 3, 4), 0.25, np.float32))
    x = batch(network)
    expected = answer(network, x)
    assert np.abs(served(to_onnx(network), x) - expected).max() < 1e-2


@pytest.mark.parametrize(
    "layer",
    [
        lambda k: k.Lambda(lambda x: x, name="odd"),
        lambda k: k.LayerNormalization(name="odd"),
        lambda k: k.Activation("softmax", name="odd"),
        lambda k: k.ReLU(negative_slope=0.1, name="odd"),
        lambda k: k.UpSampling2D(2, interpolation="bicubic", name="odd"),
        lambda k: k.BatchNormalization(axis=1, name="odd"),
        lambda k: k.MaxPooling2D(data_format="channels_first", name="odd"),
    ],
)
def test_what_cannot_be_written_is_named(keras: Any, layer: Callable[[Any], Any]) -> None:
    from colortk.training.onnx.graph import to_onnx

    network = keras.Sequential([keras.Input((8, 8, 4)), layer(keras.layers)])
    with pytest.raises(UsageError, match=r"layer 'odd' \("):
        to_onnx(network)


def test_operations_are_refused(keras: Any) -> None:
    from colortk.training.onnx.graph import to_onnx

    x = keras.Input((8, 8, 4))
    for network in (keras.Model(x, keras.ops.exp(x)), keras.Model([x, keras.Input((1,))], x)):
        with pytest.raises(UsageError, match=r"cannot be written as ONNX"):
            to_onnx(network)


@pytest.mark.parametrize("kind", [branched, colorizer])
def test_restored_weights_are_those_of_the_file(keras: Any, kind: Callable[[Any], Any]) -> None:
    from colortk.runtime.keras_weights import restore
    from colortk.training.onnx.graph import to_onnx

    first, second = randomize(kind(keras)), randomize(kind(keras), 5)
    names = restore(second, to_onnx(first))
    assert len(names) == len(set(names)) == len(first.weights)
    for variable in first.weights:
        if len(variable.shape) > 1:
            value = keras.ops.convert_to_numpy(variable)
            variable.assign(value.astype(np.float16).astype(np.float32))
    x = batch(first)
    expected = answer(first, x)
    assert np.abs(answer(second, x) - expected).max() < 1e-6


def test_restored_are_depthwise_and_inner_layers_too(keras: Any) -> None:
    from colortk.runtime.keras_weights import restore
    from colortk.training.onnx.graph import to_onnx

    def build() -> Any:
        layers = keras.layers
        inner = keras.Sequential(
            [keras.Input((9, 7, 3)), layers.DepthwiseConv2D((3, 2), depth_multiplier=2, name="d")],
            name="inner",
        )
        tail = layers.Conv2D(4, (3, 2), groups=2, name="g")
        return keras.Sequential([keras.Input((9, 7, 3)), inner, tail])

    first, second = randomize(build()), build()
    names = restore(second, to_onnx(first, half=False))
    assert names == ["inner/d/kernel", "inner/d/bias", "g/kernel", "g/bias"]
    for one, other in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (one, other)))


def test_what_differs_in_name_or_shape_stays(keras: Any) -> None:
    from colortk.runtime.keras_weights import restore
    from colortk.training.onnx.graph import to_onnx

    def build(filters: int, name: str) -> Any:
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input((4, 4, 2)),
                layers.Conv2D(3, 3, name="same"),
                layers.Conv2D(filters, 1, name="wide"),
                layers.Dense(2, name=name),
            ]
        )

    first, second = randomize(build(5, "a")), randomize(build(6, "b"), 7)
    before = [keras.ops.convert_to_numpy(v) for v in second.weights]
    assert restore(second, to_onnx(first)) == ["same/kernel", "same/bias"]
    for value, variable in list(zip(before, second.weights, strict=True))[2:]:
        np.testing.assert_array_equal(value, keras.ops.convert_to_numpy(variable))


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x00" * 64, b"PK\x03\x04" + b"x" * 99])
def test_what_is_no_onnx_is_refused(keras: Any, content: bytes) -> None:
    from colortk.runtime.keras_weights import restore

    network = keras.Sequential([keras.Input((4, 4, 2)), keras.layers.Dense(2)])
    with pytest.raises(ArtifactError, match="not an ONNX file"):
        restore(network, content)
