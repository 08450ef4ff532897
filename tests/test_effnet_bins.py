"""The colorizer `effnet_bins`: bins, network, weights of the encoder, and predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax
from skimage.color import rgb2lab

from colortk.errors import ArtifactError
from colortk_plugins.effnet_bins.bins import CENTERS, annealed_mean
from colortk_plugins.effnet_bins.codec import Bins
from colortk_plugins.effnet_bins.options import Options
from colortk_plugins.effnet_bins.vividness import concentration, more_vivid
from conftest import photo

# Keras converts its variables to arrays in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

#: Number of trainable weights of EfficientNet-Lite2 as its authors state it.
PUBLISHED = 6_092_072
#: Weights after the encoder: 1x1 convolution and normalization of 1,280 features, and the classifier.
HEAD = 352 * 1280 + 2 * 1280 + 1280 * 1000 + 1000


def test_bins_are_those_that_srgb_colors_fall_into() -> None:
    """Compare with the faces of the RGB cube, which are the boundary of the gamut, by scikit-image."""
    levels = np.arange(256, dtype=np.uint8)
    u, v = np.meshgrid(levels, levels, indexing="ij")
    faces = [
        np.roll(np.stack([np.full_like(u, w), u, v], -1), k, -1) for w in (0, 255) for k in range(3)
    ]
    inner = np.stack(np.meshgrid(*[levels[::15]] * 3, indexing="ij"), -1).reshape(1, -1, 3)
    cells = set()
    for colors in (*faces, inner):
        found = np.unique(np.rint(rgb2lab(colors)[..., 1:] / 10).astype(int).reshape(-1, 2), axis=0)
        cells |= {(10.0 * a, 10.0 * b) for a, b in found}
    assert cells == {(float(a), float(b)) for a, b in CENTERS}
    assert len(CENTERS) == 261


def test_the_annealed_mean_goes_from_the_expected_color_to_the_likeliest() -> None:
    logits = np.random.default_rng(0).normal(0, 2, (3, 5, len(CENTERS))).astype(np.float32)
    kept = logits.copy()
    for temperature in (1.0, 0.38):
        expected = softmax(logits.astype(np.float64) / temperature, -1) @ CENTERS
        assert np.abs(annealed_mean(logits, temperature)[0] - expected).max() < 1e-3
    likeliest = CENTERS[logits.argmax(-1)]
    assert np.abs(annealed_mean(logits * 1000, 0.01)[0] - likeliest).max() < 0.1
    assert (logits == kept).all()


def test_regression_is_added_to_the_expected_color() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (1, 4, 4, len(CENTERS))).astype(np.float32)
    residual = rng.normal(0, 1, (1, 4, 4, 2)).astype(np.float32)
    codec = Bins(0.5)
    plain = codec.chroma(logits, 16, 16)
    both = codec.chroma(np.concatenate([logits, residual], -1), 16, 16)
    assert np.abs(both - plain - 10 * residual).max() < 1e-4
    assert codec.chroma(residual, 16, 16) == pytest.approx(10 * residual)


def test_concentration_is_1_for_one_hue_and_0_for_opposite_ones() -> None:
    cells = [(color == CENTERS).all(-1).argmax() for color in ([40, 0], [-40, 0], [0, 40])]
    logits = np.full((3, len(CENTERS)), -50, np.float32)
    logits[0, cells[0]] = logits[1, cells[0]] = logits[1, cells[1]] = 0
    logits[2, cells[0]] = logits[2, cells[2]] = 0
    mean, mean_chroma = annealed_mean(logits, 1)
    np.testing.assert_allclose(mean_chroma, 40, rtol=1e-5)
    np.testing.assert_allclose(concentration(mean, mean_chroma), [1, 0, np.sqrt(0.5)], atol=1e-4)


def test_vividness_raises_certain_pale_colors_and_keeps_hue() -> None:
    chroma = np.tile(np.linspace(0, 100, 40, dtype=np.float32), (40, 1))
    hue = np.random.default_rng(0).uniform(-np.pi, np.pi, (40, 40))
    ab = np.dstack([chroma * np.cos(hue), chroma * np.sin(hue)]).astype(np.float32)
    lightness = np.full((40, 40), 55, np.float32)
    certain, uncertain = (np.full((40, 40), c, np.float32) for c in (1.0, 0.2))
    kept = ab.copy()
    assert more_vivid(ab, 1, certain, lightness) is ab
    np.testing.assert_allclose(more_vivid(ab, 3, uncertain, lightness), ab, atol=1e-4)
    for amount in (1.6, 3.0, 4.0):
        more = more_vivid(ab, amount, certain, lightness)
        assert more.dtype == np.float32
        found = np.hypot(*np.moveaxis(more.astype(np.float64), -1, 0))
        wanted = chroma * (1 + (amount - 1) * np.exp(-chroma / 40.0))
        np.testing.assert_allclose(found, wanted, rtol=1e-4)
        assert (np.diff(found, axis=1) > 0).all()
        np.testing.assert_allclose(
            more[:, 1:] / found[:, 1:, None], ab[:, 1:] / chroma[:, 1:, None], atol=1e-4
        )
    assert (ab == kept).all()


def test_vividness_leaves_black_and_white_alone() -> None:
    """Shadows and pale ground get less of it than middle tones, as in photographs."""
    lightness = np.repeat(np.array([1, 55, 99], np.float32), 20)[None].repeat(60, 0)
    ab = np.full((60, 60, 2), 8, np.float32)
    gain = more_vivid(ab, 3, np.ones((60, 60), np.float32), lightness)[30, [5, 30, 55], 0] / 8 - 1
    assert gain[0] < 0.2 * gain[1]
    assert gain[2] < 0.3 * gain[1]


@pytest.mark.parametrize("vivid", [0.9, 4.1, float("nan")])
def test_invalid_amounts_of_vivid_are_refused(vivid: float) -> None:
    with pytest.raises(ValueError, match="vivid"):
        Options(vivid=vivid)


@pytest.mark.parametrize("vividness", [-0.1, 1.1, float("nan")])
def test_invalid_vividness_is_refused(vividness: float) -> None:
    with pytest.raises(ValueError, match="vividness"):
        Options(vividness=vividness)


def test_vivid_is_another_name_of_vividness() -> None:
    assert Options(vivid=2).amount == Options(vividness=0.5).amount == 2
    with pytest.raises(ValueError, match="give one of them"):
        Options(vividness=0.5, vivid=2)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), 11.0])
def test_invalid_temperatures_are_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature"):
        Options(temperature=temperature)


def trained(layers: list[Any]) -> int:
    return sum(int(np.prod(w.shape)) for layer in layers for w in layer.trainable_weights)


@pytest.mark.slow
def test_the_encoder_is_efficientnet_lite2_with_one_channel() -> None:
    pytest.importorskip("keras")
    from colortk_plugins.effnet_bins.encoder import block_of
    from colortk_plugins.effnet_bins.network import effnet_bins

    network = effnet_bins(64)
    inside = [layer for layer in network.layers if block_of(layer.name) is not None]
    assert trained(inside) == PUBLISHED - HEAD - 2 * 3 * 3 * 32
    assert network.output_shape == (None, 16, 16, len(CENTERS) + 2)
    assert network.count_params() < 12_000_000
    assert effnet_bins(64, "regression").output_shape[-1] == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "published", "features"), [("lite0", 4_652_008, 320), ("lite1", 5_416_680, 320)]
)
def test_smaller_encoders_have_the_published_sizes(
    size: str, published: int, features: int
) -> None:
    pytest.importorskip("keras")
    from colortk_plugins.effnet_bins.encoder import block_of
    from colortk_plugins.effnet_bins.network import effnet_bins

    network = effnet_bins(64, encoder_size=size)
    inside = [layer for layer in network.layers if block_of(layer.name) is not None]
    head = features * 1280 + 2 * 1280 + 1280 * 1000 + 1000
    assert trained(inside) == published - head - 2 * 3 * 3 * 32


@pytest.mark.slow
def test_blocks_of_attention_begin_as_the_identity() -> None:
    """After training, attention blocks spread information over the whole picture."""
    keras = pytest.importorskip("keras")
    from colortk_plugins.effnet_bins.network import effnet_bins

    network = effnet_bins(decoder=(64, 32, 16), context=2)
    before = network.get_layer("decoder1_relu").output
    after = network.get_layer("decoder_context1_wide_add").output
    inner = keras.Model(network.input, [before, after])
    x = np.random.default_rng(0).normal(0, 1, (1, 64, 96, 1)).astype(np.float32)
    one, other = (keras.ops.convert_to_numpy(found) for found in inner(x, training=False))
    assert np.array_equal(one, other)
    for layer in network.layers:
        if layer.name.startswith("decoder_context") and layer.name.endswith("_bn"):
            layer.gamma.assign(np.ones(layer.gamma.shape))
    context = keras.Model(before, after)
    changed = one.copy()
    changed[0, 0, 0] += 5
    first, second = (
        keras.ops.convert_to_numpy(context(maps, training=False)) for maps in (one, changed)
    )
    assert (np.abs(first - second).max(-1) > 0).all()


def random_lite2() -> tuple[dict[str, Any], Any]:
    """Return a state dict with the names of the package, and the features that PyTorch computes."""
    torch = pytest.importorskip("torch")
    stages = (
        *((1, 3, 1, 1, 16), (3, 3, 2, 6, 24), (3, 5, 2, 6, 48), (4, 3, 2, 6, 88)),
        *((4, 5, 1, 6, 120), (5, 5, 2, 6, 208), (1, 3, 1, 6, 352)),
    )

    generator = torch.Generator().manual_seed(0)
    state: dict[str, Any] = {}

    def conv(name: str, out: int, channels: int, side: int) -> None:
        fan = channels * side * side
        state[f"{name}.weight"] = (
            torch.randn(out, channels, side, side, generator=generator) * (2 / fan) ** 0.5
        )

    def norm(name: str, count: int) -> None:
        for part, low, high in (
            ("weight", 0.5, 1.5),
            ("bias", -0.3, 0.3),
            ("running_mean", -0.5, 0.5),
            ("running_var", 0.5, 2.0),
        ):
            state[f"{name}.{part}"] = torch.rand(count, generator=generator) * (high - low) + low

    conv("_conv_stem", 32, 3, 3)
    norm("_bn0", 32)
    blocks, channels = [], 32
    for count, kernel, stride, widening, filters in stages:
        for place in range(count):
            name, wide = f"_blocks.{len(blocks)}.", channels * widening
            if widening != 1:
                conv(f"{name}_expand_conv", wide, channels, 1)
                norm(f"{name}_bn0", wide)
            conv(f"{name}_depthwise_conv", wide, 1, kernel)
            norm(f"{name}_bn1", wide)
            conv(f"{name}_project_conv", filters, wide, 1)
            norm(f"{name}_bn2", filters)
            blocks.append((name, kernel, 1 if place else stride, widening != 1))
            channels = filters

    def same(x: Any, kernel: int, stride: int) -> Any:
        pads = []
        for side in (x.shape[3], x.shape[2]):
            total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
            pads += [total // 2, total - total // 2]
        return torch.nn.functional.pad(x, pads)

    def normed(x: Any, name: str, relu: bool = True) -> Any:
        parts = [
            state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        ]
        x = torch.nn.functional.batch_norm(x, *parts, eps=1e-3)
        return torch.nn.functional.relu6(x) if relu else x

    def answer(x: Any) -> list[Any]:
        found = []
        conv2d = torch.nn.functional.conv2d
        x = normed(conv2d(same(x, 3, 2), state["_conv_stem.weight"], stride=2), "_bn0")
        for name, kernel, stride, widened in blocks:
            came = x
            if widened:
                x = normed(conv2d(x, state[f"{name}_expand_conv.weight"]), f"{name}_bn0")
            weight = state[f"{name}_depthwise_conv.weight"]
            x = conv2d(same(x, kernel, stride), weight, stride=stride, groups=len(weight))
            x = normed(x, f"{name}_bn1")
            x = normed(conv2d(x, state[f"{name}_project_conv.weight"]), f"{name}_bn2", relu=False)
            x = x + came if x.shape == came.shape else x
            found.append(x)
        return [found[last] for last in (3, 6, 14, 20)]

    return state, answer


@pytest.mark.slow
@pytest.mark.parametrize("side", [64, 72])
def test_encoder_weights_are_converted_from_pytorch(tmp_path: Path, side: int) -> None:
    """Features equal those of the same weights on gray RGB, also at odd sizes."""
    keras = pytest.importorskip("keras")
    torch = pytest.importorskip("torch")
    from colortk_plugins.effnet_bins.encoder import load_lite
    from colortk_plugins.effnet_bins.network import effnet_bins

    state, answer = random_lite2()
    torch.save(state, tmp_path / "lite2.pth")
    network = effnet_bins()
    load_lite(network, tmp_path / "lite2.pth")
    lightness = np.random.default_rng(0).uniform(0, 100, (1, side, side)).astype(np.float32)
    rgb = (lightness[:, None] * 2.55 - 127) / 128
    expected = answer(torch.tensor(np.repeat(rgb, 3, 1)))
    names = ["block3_add", "block6_add", "block14_add", "block20_bn2"]
    inner = keras.Model(network.input, [network.get_layer(name).output for name in names])
    found = inner(Bins().inputs(lightness), training=False)
    for mine, theirs in zip(found, expected, strict=True):
        reference = theirs.permute(0, 2, 3, 1).numpy()
        assert mine.shape == reference.shape
        assert (
            np.abs(keras.ops.convert_to_numpy(mine) - reference).max()
            < 1e-4 * np.abs(reference).max()
        )


@pytest.mark.slow
def test_encoder_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    from colortk_plugins.effnet_bins.encoder import load_lite
    from colortk_plugins.effnet_bins.network import effnet_bins

    network = effnet_bins(32)
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(ArtifactError, match="has no EfficientNet-Lite of the size.*lite2-9656183e"):
        load_lite(network, tmp_path / "other.npz")
    with pytest.raises(ArtifactError, match="cannot read"):
        load_lite(network, tmp_path / "none.pth")


def test_chroma_has_the_size_of_the_lightness() -> None:
    """Chroma of a quarter of the size follows an edge that is not on the coarse grid."""
    from colortk_plugins.effnet_bins.colorizer import EffnetBins

    class Two:
        """Predict red with the probability that the coarse pixel is dark, else green."""

        def predict(self, x: Any) -> Any:
            dark = (x < 0).reshape(1, 16, 4, 16, 4).mean((2, 4))
            logits = np.full((1, 16, 16, len(CENTERS)), -30, np.float32)
            for color, share in ((40.0, dark), (-40.0, 1 - dark)):
                cell = ([color, 0.0] == CENTERS).all(-1).argmax()
                logits[..., cell] = np.log(np.maximum(share, 1e-12))
            return logits

    plugin = EffnetBins.__new__(EffnetBins)
    plugin.amount = 1.0
    plugin.chroma_gain = np.float32(1)
    plugin.codec, plugin.engine = Bins(), Two()  # type: ignore[assignment]
    lightness = np.full((64, 64), 35, np.float32)
    lightness[:, 31:] = 75
    ab = plugin.predict_ab(lightness)
    assert ab.shape == (64, 64, 2)
    assert ab.dtype == np.float32
    wanted = np.where(lightness < 50, 40, -40)
    coarse = np.where(np.arange(16) < 8, 40.0, -40.0)
    coarse[7] = 20.0
    smooth = np.interp((np.arange(64) + 0.5) / 4 - 0.5, np.arange(16), coarse)
    assert np.abs(ab[..., 0] - wanted).mean() < 0.2 * np.abs(smooth - wanted).mean()


def test_photographs_of_every_shape_have_chroma() -> None:
    lightness = rgb2lab(photo(64, 96))[..., 0].astype(np.float32)
    assert Bins().inputs(lightness[None]).shape == (1, 64, 96, 1)
    assert float(Bins().inputs(np.full((1, 1, 1), 100, np.float32))[0, 0, 0, 0]) == pytest.approx(
        1.0
    )
    assert float(Bins().inputs(np.zeros((1, 1, 1), np.float32))[0, 0, 0, 0]) == pytest.approx(
        -127 / 128
    )
