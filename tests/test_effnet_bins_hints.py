"""A network of `effnet_bins` that takes hints: hints while training, layers, inputs, serving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colortk.plugin import WorkingHints
from colortk.runtime.loading import PluginRequest, load
from colortk.training.data.image_cache import ImageCache
from colortk.training.data.loader import Loader
from colortk.training.data.random_hints import random_hints
from colortk.training.data.source import FolderSource
from colortk.training.data.split import Split
from colortk_plugins.effnet_bins.codec import Bins
from colortk_plugins.effnet_bins.colorizer import EffnetBins
from conftest import photo

# Keras converts its variables to arrays in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def drawn(count: int = 1500) -> list[tuple[np.ndarray, np.ndarray]]:
    ab = np.random.default_rng(0).normal(0, 30, (40, 60, 2)).astype(np.float32)
    return [random_hints(ab, np.random.default_rng(seed)) for seed in range(count)]


def saved_photographs(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{seed}.png" for seed in range(count)]
    for seed, path in enumerate(paths):
        Image.fromarray(photo(64, 64, seed)).save(path)
    return paths


def test_some_pictures_have_no_hint_and_some_have_all() -> None:
    covered = np.array([mask.mean() for _, mask in drawn()])
    assert (covered == 0).mean() == pytest.approx(0.25, abs=0.03)
    assert (covered == 1).mean() == pytest.approx(0.01, abs=0.008)


def test_a_hint_is_the_mean_of_the_square_that_it_covers() -> None:
    ab = np.random.default_rng(1).normal(0, 30, (40, 60, 2)).astype(np.float32)
    single = 0
    for seed in range(400):
        hints, mask = random_hints(ab, np.random.default_rng(seed))
        assert not hints[mask == 0].any()
        rows, columns = np.nonzero(mask)
        if not len(rows) or mask.all():
            continue
        box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        height, width = mask[box].shape
        if height == width <= 9 and mask[box].all():  # one hint, or hints on top of each other
            single += np.allclose(hints[box], ab[box].mean((0, 1)), atol=1e-4)
    assert single > 20


def test_hints_are_near_the_center_and_at_the_borders_too() -> None:
    places = sum(mask for _, mask in drawn() if not mask.all())
    assert places.min() > 0
    assert places[15:25, 25:35].mean() > 2 * places[:5, :5].mean()


def test_inputs_with_hints_are_lightness_then_hints() -> None:
    light = np.linspace(0, 100, 6, dtype=np.float32).reshape(1, 2, 3)
    ab = np.full((1, 2, 3, 2), 25, np.float32)
    mask = np.ones((1, 2, 3), np.float32)
    codec = Bins(hints=True)
    x = codec.inputs_with_hints(light, ab, mask)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x[..., :1], Bins().inputs(light))
    np.testing.assert_array_equal(x[..., 1:], np.broadcast_to([0.5, 0.5, 1], (1, 2, 3, 3)))
    nothing = codec.inputs_with_hints(light, ab * 0, mask * 0)
    np.testing.assert_array_equal(codec.inputs(light), nothing)


@pytest.mark.slow
def test_a_new_network_with_hints_predicts_as_the_one_without() -> None:
    pytest.importorskip("keras")
    from colortk_plugins.effnet_bins.network import effnet_bins

    plain = effnet_bins(64, "both", "lite0", (32, 16, 16), 1)
    network = effnet_bins(64, "both", "lite0", (32, 16, 16), 1, hints=True)
    own = {layer.name: layer for layer in network.layers}
    for layer in plain.layers:
        own[layer.name].set_weights(layer.get_weights())
    x = np.random.default_rng(0).normal(0, 1, (1, 64, 64, 4)).astype(np.float32)
    expected = np.asarray(plain(x[..., :1], training=False))
    np.testing.assert_allclose(np.asarray(network(x, training=False)), expected, atol=1e-4)
    assert not own["lightness"].trainable


@pytest.mark.slow
def test_hints_beside_existing_weights_keep_the_statistics(tmp_path: Path) -> None:
    """Else the strong features of hints normalize pictures without hints in the same batch."""
    keras = pytest.importorskip("keras")
    from colortk.training.request import TrainRequest
    from colortk_plugins.effnet_bins.train import make_recipe
    from colortk_plugins.effnet_bins.training import Training

    for hints, sources in ((True, ("effnet_bins",)), (False, ("effnet_bins",)), (True, ())):
        options = Training(encoder="lite0", decoder="16-16-16", hints=hints, rebalance=1)
        request = TrainRequest(tmp_path, tmp_path, tmp_path, options=options, init_from=sources)
        decoder = [x for x in make_recipe(request).network().layers if x.name.startswith("decoder")]
        kinds = keras.layers.BatchNormalization, keras.layers.Conv2D
        normalizations, convolutions = ([x for x in decoder if type(x) is kind] for kind in kinds)
        kept = hints and bool(sources)
        assert {layer.trainable for layer in normalizations} == {not kept}
        assert {layer.trainable for layer in convolutions} == {True}


@pytest.mark.slow
def test_a_recipe_with_hints_gives_batches_with_hints(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    from colortk.training.request import TrainRequest
    from colortk_plugins.effnet_bins.train import make_recipe
    from colortk_plugins.effnet_bins.training import Training

    paths = saved_photographs(tmp_path, 4)
    options = Training(encoder="lite0", decoder="16-16-16", hints=True)
    request = TrainRequest(tmp_path, tmp_path, tmp_path, plugin="effnet_bins", options=options)
    images = ImageCache(FolderSource(tmp_path), paths)
    loader = Loader(images, [0.25] * 4, make_recipe(request), seed=3, jobs=1)
    shown = 0
    for inputs, targets in loader.epoch(0, 32, 8, 32):
        assert inputs.shape == (8, 32, 32, 4)
        place = inputs[..., 3] > 0
        assert not inputs[~place][:, 1:].any()
        # A hint is a mean of up to 9 x 9 pixels, nearer to the color at its place than to others.
        off, far = (
            np.abs(inputs[place][:, 1:3] * 50 - colors[place][:, 1:]).mean()
            for colors in (targets, targets[:, ::-1, ::-1])
        )
        assert off < far / 2
        shown += place.any((1, 2)).sum()
    assert 15 <= shown <= 31
    again = [x for x, _ in loader.epoch(0, 32, 8, 32)]
    np.testing.assert_array_equal(again[-1], inputs)


@pytest.mark.slow
def test_the_ranges_of_eight_bits_are_measured_with_hints(tmp_path: Path) -> None:
    """Otherwise the colors of hints, which are stronger, would be clipped."""
    pytest.importorskip("keras")
    from colortk.training.export import calibration_inputs
    from colortk.training.request import TrainRequest
    from colortk_plugins.effnet_bins.train import make_recipe
    from colortk_plugins.effnet_bins.training import Training

    paths = saved_photographs(tmp_path, 12)
    split = Split(paths, [], [1 / 12] * 12, [])
    for hints, channels in ((False, 1), (True, 4)):
        options = Training(encoder="lite0", decoder="16-16-16", hints=hints)
        request = TrainRequest(tmp_path, tmp_path, tmp_path, plugin="effnet_bins", options=options)
        found = list(calibration_inputs(FolderSource(tmp_path), make_recipe(request), split))
        assert {inputs.shape for inputs in found} == {(1, 256, 256, channels)}
    with_hints = [inputs for inputs in found if inputs[..., 3].any()]
    assert 4 <= len(with_hints) < len(found)


@pytest.mark.slow
def test_a_network_with_hints_is_served(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    from colortk.training.manifest import publish
    from colortk.training.onnx.graph import to_onnx
    from colortk.training.request import TrainRequest
    from colortk_plugins.effnet_bins.network import effnet_bins

    network = effnet_bins(None, "both", "lite0", (16, 16, 16), 1, hints=True)
    rng = np.random.default_rng(0)
    for layer in network.layers:
        if layer.name.startswith("decoder_hint_") and layer.weights:
            layer.set_weights([rng.normal(0, 0.3, w.shape) for w in layer.get_weights()])
    request = TrainRequest(tmp_path, tmp_path, tmp_path, plugin="effnet_bins", command="none")
    publish(request, {"network.onnx": to_onnx(network)}, ["keras"])
    colorizer = load(PluginRequest("effnet_bins", weights=tmp_path)).colorizer
    assert isinstance(colorizer, EffnetBins)
    assert colorizer.follows_hints
    light = rng.uniform(0, 100, (64, 96)).astype(np.float32)
    ab, mask = np.zeros((64, 96, 2), np.float32), np.zeros((64, 96), np.float32)
    none = colorizer.predict_ab_guided(light, WorkingHints(ab, mask))
    np.testing.assert_array_equal(none, colorizer.predict_ab(light))
    ab[20:40, 20:40], mask[20:40, 20:40] = (60, -60), 1
    hinted = colorizer.predict_ab_guided(light, WorkingHints(ab, mask))
    assert (hinted.dtype, hinted.shape) == (np.float32, (64, 96, 2))
    assert np.abs(hinted - none).max() > 0.1
