"""The fully convolutional networks against the printed tables of their papers: layers, sizes, inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from colortk_plugins.autoencoder.network import autoencoder  # noqa: E402
from colortk_plugins.resnet18.network import resnet18  # noqa: E402
from colortk_plugins.vgg16_residual import network as vgg16  # noqa: E402

# Keras converts its variables to arrays in a way that NumPy 2 deprecates.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

Row = tuple[str, str, tuple[int, ...], int]

#: Figure 5 of Darban (2024): layer, type, output shape without the batch, parameters.
FIGURE_5: list[Row] = [
    ("conv2d", "Conv2D", (256, 256, 64), 640),
    ("batch_normalization", "BatchNormalization", (256, 256, 64), 256),
    ("max_pooling2d", "MaxPooling2D", (128, 128, 64), 0),
    ("conv2d_1", "Conv2D", (128, 128, 128), 73_856),
    ("batch_normalization_1", "BatchNormalization", (128, 128, 128), 512),
    ("max_pooling2d_1", "MaxPooling2D", (64, 64, 128), 0),
    ("conv2d_2", "Conv2D", (64, 64, 256), 295_168),
    ("batch_normalization_2", "BatchNormalization", (64, 64, 256), 1_024),
    ("max_pooling2d_2", "MaxPooling2D", (32, 32, 256), 0),
    ("conv2d_3", "Conv2D", (32, 32, 512), 1_180_160),
    ("batch_normalization_3", "BatchNormalization", (32, 32, 512), 2_048),
    ("conv2d_4", "Conv2D", (32, 32, 256), 1_179_904),
    ("batch_normalization_4", "BatchNormalization", (32, 32, 256), 1_024),
    ("up_sampling2d", "UpSampling2D", (64, 64, 256), 0),
    ("conv2d_5", "Conv2D", (64, 64, 128), 295_040),
    ("batch_normalization_5", "BatchNormalization", (64, 64, 128), 512),
    ("up_sampling2d_1", "UpSampling2D", (128, 128, 128), 0),
    ("conv2d_6", "Conv2D", (128, 128, 64), 73_792),
    ("batch_normalization_6", "BatchNormalization", (128, 128, 64), 256),
    ("up_sampling2d_2", "UpSampling2D", (256, 256, 64), 0),
    ("conv2d_7", "Conv2D", (256, 256, 2), 1_154),
]

#: "Decoder Model Summary" of Zaman (2020), which in fact shows the encoder.
SUMMARY: list[Row] = [
    ("block1_conv1", "Conv2D", (224, 224, 64), 1792),
    ("block1_conv2", "Conv2D", (224, 224, 64), 36928),
    ("block1_pool", "MaxPooling2D", (112, 112, 64), 0),
    ("block2_conv1", "Conv2D", (112, 112, 128), 73856),
    ("block2_conv2", "Conv2D", (112, 112, 128), 147584),
    ("block2_pool", "MaxPooling2D", (56, 56, 128), 0),
    ("block3_conv1", "Conv2D", (56, 56, 256), 295168),
    # The paper prints 590880 for these two layers, but 3 * 3 * 256 * 256 + 256 is 590080.
    ("block3_conv2", "Conv2D", (56, 56, 256), 590080),
    ("block3_conv3", "Conv2D", (56, 56, 256), 590080),
    ("block3_pool", "MaxPooling2D", (28, 28, 256), 0),
    ("block4_conv1", "Conv2D", (28, 28, 512), 1180160),
    ("block4_conv2", "Conv2D", (28, 28, 512), 2359808),
    ("block4_conv3", "Conv2D", (28, 28, 512), 2359808),
    ("block4_pool", "MaxPooling2D", (14, 14, 512), 0),
    ("block5_conv1", "Conv2D", (14, 14, 512), 2359808),
    ("block5_conv2", "Conv2D", (14, 14, 512), 2359808),
    ("block5_conv3", "Conv2D", (14, 14, 512), 2359808),
    ("block5_pool", "MaxPooling2D", (7, 7, 512), 0),
]


def table(layers: list[Any]) -> list[Row]:
    """Return what ``network.summary()`` prints for some layers."""
    return [
        (layer.name, type(layer).__name__, tuple(layer.output.shape[1:]), layer.count_params())
        for layer in layers
    ]


def trainable(layers: list[Any]) -> int:
    return sum(int(np.prod(w.shape)) for layer in layers for w in layer.trainable_weights)


@pytest.fixture
def mixed() -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy(before)


def test_autoencoder_has_the_layers_of_figure_5() -> None:
    network = autoencoder(256)
    assert network.input_shape == (None, 256, 256, 1)
    assert table(network.layers[1:]) == FIGURE_5
    assert network.count_params() == 3_105_346
    assert trainable(network.layers) == 3_102_530
    convolutions = [layer for layer in network.layers if type(layer).__name__ == "Conv2D"]
    assert [c.activation.__name__ for c in convolutions] == ["relu"] * 7 + ["tanh"]


def test_vgg16_residual_has_the_printed_encoder() -> None:
    network = vgg16.vgg16_residual()
    assert network.input_shape == (None, 224, 224, 3)
    assert network.output_shape == (None, 224, 224, 2)
    encoder = [layer for layer in network.layers if layer.name.startswith("block")]
    assert table(encoder) == SUMMARY
    assert sum(layer.count_params() for layer in encoder) == 14_714_688
    assert trainable(encoder) == 14_714_688
    decoder = [layer for layer in network.layers if layer.name.startswith("decoder")]
    assert sum(layer.count_params() for layer in decoder) < 2_000_000
    assert {layer.name for layer in network.layers} - {x.name for x in [*encoder, *decoder]} == {
        "input",
        "imagenet",
    }


def test_vgg16_residual_merges_the_encoder_at_four_sizes() -> None:
    network = vgg16.vgg16_residual(64, regularized=False)
    skips = ("block5_conv3", "block4_conv3", "block3_conv3", "block2_conv2")
    for level, skip in enumerate(skips, start=1):
        layer = network.get_layer(f"decoder{level}_project")
        assert layer.input is network.get_layer(skip).output
        shapes = {tuple(x.shape) for x in network.get_layer(f"decoder{level}_add").input}
        assert shapes == {(None, 4 * 2 ** (level - 1), 4 * 2 ** (level - 1), layer.filters)}


def test_regularization_is_of_every_kernel_and_can_be_off() -> None:
    network = vgg16.vgg16_residual(32, l1=0.5, l2=0.25)
    kernels = [layer for layer in network.layers if hasattr(layer, "kernel")]
    assert len(kernels) == 13 + 3 * 4 + 1
    for layer in kernels:
        assert float(layer.kernel_regularizer.l1) == 0.5
        assert float(layer.kernel_regularizer.l2) == 0.25
    expected = 0.0
    for layer in kernels:
        kernel = keras.ops.convert_to_numpy(layer.kernel).astype(np.float64)
        expected += 0.5 * np.abs(kernel).sum() + 0.25 * (kernel**2).sum()
    penalty = sum(float(keras.ops.convert_to_numpy(loss)) for loss in network.losses)
    np.testing.assert_allclose(penalty, expected, rtol=1e-3)
    assert not vgg16.vgg16_residual(32, regularized=False).losses


def test_the_first_layer_applies_imagenet_normalization() -> None:
    """Apply a copy of the layer alone to L* = 0, 50 and 100."""
    layer = keras.layers.Rescaling(
        [vgg16.SCALE / 100 / s for s in vgg16.STD],
        [-m / s for m, s in zip(vgg16.MEAN, vgg16.STD, strict=True)],
    )
    built = [x for x in vgg16.vgg16_residual(32).layers if x.name == "imagenet"]
    for rescaling in (layer, *built):
        gray = np.array([0, 0.5, 1])[:, None] * np.ones(3)
        out = keras.ops.convert_to_numpy(rescaling((gray * 100 / 128).astype(np.float32)))
        expected = (gray - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
        np.testing.assert_allclose(out, expected, rtol=1e-5)


def test_resnet18_has_the_encoder_of_he_et_al() -> None:
    network = resnet18(224)
    encoder = [layer for layer in network.layers if not layer.name.startswith("decoder")]
    stage = {
        name: trainable([layer for layer in encoder if layer.name.startswith(name)])
        for name in ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4")
    }
    # Table 1 of He et al. (2015) as torchvision counts it; conv1 has one input channel, not three.
    assert stage == {
        "conv1": 9_408 // 3,
        "bn1": 128,
        "layer1": 147_968,
        "layer2": 525_568,
        "layer3": 2_099_712,
        "layer4": 8_393_728,
    }
    assert trainable(encoder) == 11_176_512 - 2 * 3_136 == 11_170_240
    sizes = {
        "relu": (112, 112, 64),
        "layer1_1_relu2": (56, 56, 64),
        "layer2_1_relu2": (28, 28, 128),
        "layer3_1_relu2": (14, 14, 256),
        "layer4_1_relu2": (7, 7, 512),
    }
    for name, shape in sizes.items():
        assert tuple(network.get_layer(name).output.shape[1:]) == shape
    decoder = [layer for layer in network.layers if layer.name.startswith("decoder")]
    assert sum(layer.count_params() for layer in decoder) < 1_200_000
    assert network.output_shape == (None, 224, 224, 2)


@pytest.mark.parametrize(
    ("build", "channels"),
    [(autoencoder, 1), (resnet18, 1), (lambda: vgg16.vgg16_residual(None), 3)],
    ids=["autoencoder", "resnet18", "vgg16_residual"],
)
def test_any_size_and_32_bits_out_under_a_mixed_policy(
    mixed: None, build: Any, channels: int
) -> None:
    network = build()
    assert network.input_shape == (None, None, None, channels)
    picture = np.linspace(0, 0.78, 64 * 96 * channels, dtype=np.float32)
    out = network(picture.reshape(1, 64, 96, channels))
    assert out.shape == (1, 64, 96, 2)
    assert keras.backend.standardize_dtype(out.dtype) == "float32"
    values = keras.ops.convert_to_numpy(out)
    assert np.isfinite(values).all()
    assert values.std() > 0
    convolutions = [x for x in network.layers if type(x).__name__ == "Conv2D"]
    assert convolutions[0].compute_dtype == "bfloat16"
    assert len({layer.name for layer in network.layers}) == len(network.layers)
