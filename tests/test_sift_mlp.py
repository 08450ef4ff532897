"""SIFT against OpenCV, the networks against scikit-learn, training against arithmetic."""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_sample_images
from sklearn.neural_network import MLPRegressor
from threadpoolctl import threadpool_info, threadpool_limits

from colortk.color.cielab import lightness
from colortk.errors import ArtifactError
from colortk.plugin.registry import registry
from colortk.runtime.prefetch import prefetch
from colortk.store.artifacts import artifacts_of
from colortk.store.pickles import PickleStore
from colortk_plugins.sift_mlp import features, samples, views
from colortk_plugins.sift_mlp.colorizer import SiftMlp
from colortk_plugins.sift_mlp.dense_sift import dense_sift, grid_positions, mirror_permutation
from colortk_plugins.sift_mlp.network import (
    LAYERS,
    NEURONS,
    Network,
    absorb_standardization,
    from_bytes,
    from_centered,
    initial_network,
    to_bytes,
)
from colortk_plugins.sift_mlp.regressor import AveragedRegressor, published_regressors
from colortk_plugins.sift_mlp.threads import one_blas_thread
from conftest import photo


@pytest.fixture(scope="module")
def real() -> np.ndarray:
    """L* of a real photograph, 256 × 384."""
    picture = load_sample_images().images[0]
    return cv2.resize(lightness(picture), (384, 256), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("cell", [4, 6, 9])
def test_dense_sift_is_opencvs(real: np.ndarray, cell: int) -> None:
    gray = np.rint(real * 2.55).astype(np.uint8)
    rows, columns = 16, 24  # every 16 pixels: positions at half pixels, which OpenCV rounds
    mine, _ = dense_sift(gray.astype(np.float32), rows, columns, cell)
    # OpenCV smooths by the layer of the pyramid that a key point comes from: 1.6 · 2^(layer / 3).
    layer = max(0, round(3 * np.log2(0.3 * cell / 1.6)))
    points = [
        cv2.KeyPoint(float(x), float(y), cell * 2 / 3, 0.0, 1.0, layer << 8)
        for y in grid_positions(256, rows)
        for x in grid_positions(384, columns)
    ]
    _, theirs = cv2.SIFT_create().compute(gray, points)
    theirs = theirs.reshape(rows, columns, 128)
    inner = slice(3, -3)  # OpenCV drops what lies outside the picture
    a, b = mine[inner, inner], theirs[inner, inner]
    cosine = (a * b).sum(-1) / np.maximum(np.linalg.norm(b, axis=-1), 1e-9)
    assert np.median(cosine) > 0.97
    assert np.percentile(cosine, 5) > 0.93


def test_descriptors_are_normalized_and_flat_ones_are_zero(real: np.ndarray) -> None:
    descriptors, contrast = dense_sift(real, 8, 12, 5)
    np.testing.assert_allclose(np.linalg.norm(descriptors, axis=-1), 1, atol=1e-3)
    assert (contrast > 0).all()
    flat, nothing = dense_sift(np.full((64, 64), 50, np.float32), 8, 8, 5)
    assert not flat.any()
    assert not nothing.any()


def test_contrast_scales_with_the_picture_and_descriptors_do_not(real: np.ndarray) -> None:
    one, contrast = dense_sift(real, 8, 12, 5)
    half, weaker = dense_sift(real / 2, 8, 12, 5)
    np.testing.assert_allclose(half, one, atol=1e-4)
    np.testing.assert_allclose(weaker, contrast / 2, rtol=1e-3)


def test_a_mirrored_picture_has_mirrored_descriptors(real: np.ndarray) -> None:
    here, _ = dense_sift(real, 8, 12, 5)
    there, _ = dense_sift(np.ascontiguousarray(real[:, ::-1]), 8, 12, 5)
    np.testing.assert_allclose(there[:, ::-1][..., mirror_permutation()], here, atol=1e-4)


def test_features_have_the_shapes_they_promise(real: np.ndarray) -> None:
    found = features.extract_features(real, 10, 14)
    assert found.sift.shape == (10, 14, 4, 128)
    assert found.sift.dtype == np.uint8
    assert found.luminance.shape == (10, 14, features.LUMINANCE_WIDTH)
    assert found.whole.shape == (32,)
    assert found.context.shape == (512,)
    inputs = features.network_inputs(found)
    assert inputs.shape == (140, features.WIDTH)
    assert np.isfinite(inputs).all()
    np.testing.assert_array_equal(inputs[:, :512], found.sift.reshape(140, 512))
    np.testing.assert_array_equal(inputs[5, -512:], found.context)


def scikit(network: Network) -> MLPRegressor:
    """The same weights in scikit-learn's own ``MLPRegressor``."""
    regressor = MLPRegressor(hidden_layer_sizes=(NEURONS,) * LAYERS, activation="logistic")
    regressor.coefs_ = [w.astype(np.float64) for w in network.weights]
    regressor.intercepts_ = [b.astype(np.float64) for b in network.biases]
    regressor.n_layers_, regressor.n_outputs_ = LAYERS + 2, 1
    regressor.out_activation_ = "identity"
    return regressor


def test_it_is_ten_layers_of_128_sigmoids() -> None:
    rng = np.random.default_rng(0)
    network = initial_network(30, rng)
    inputs = rng.standard_normal((50, 30)).astype(np.float32)
    expected = scikit(network).predict(inputs)
    assert expected.std() > 0.05, "a constant would prove nothing"
    np.testing.assert_allclose(network.predict(inputs), expected, atol=2e-4)


@pytest.mark.parametrize("channel", ["a.npz", "b.npz"])
def test_what_ships_is_ten_layers_of_128_sigmoids(channel: str, real: np.ndarray) -> None:
    _, spec = registry().colorizer("sift_mlp")
    network = from_bytes(artifacts_of(spec).read(channel))
    shapes = [w.shape for w in network.weights]
    assert shapes == [(features.WIDTH, 128), *[(128, 128)] * 9, (128, 1)]
    inputs = features.network_inputs(features.extract_features(real[:128, :128].copy(), 16, 16))
    expected = scikit(network).predict(inputs)
    assert expected.std() > 0.5
    np.testing.assert_allclose(network.predict(inputs), expected, atol=0.05)
    own, common = inputs[:, : features.POINT_WIDTH], inputs[0, features.POINT_WIDTH :]
    np.testing.assert_allclose(network.predict(own, common), expected, atol=0.05)


def test_centered_coordinates_are_the_same_function() -> None:
    rng = np.random.default_rng(1)
    widths = [20, *[NEURONS] * LAYERS, 1]
    centered = Network(
        [rng.normal(0, n**-0.5, (n, m)).astype(np.float32) for n, m in pairwise(widths)],
        [rng.normal(0, 0.3, m).astype(np.float32) for m in widths[1:]],
    )
    inputs = rng.standard_normal((40, 20)).astype(np.float32)
    signal = inputs
    for weight, bias in zip(centered.weights[:-1], centered.biases[:-1], strict=True):
        signal = np.tanh(signal @ weight + bias)
    expected = (signal @ centered.weights[-1] + centered.biases[-1])[:, 0]
    np.testing.assert_allclose(from_centered(centered).predict(inputs), expected, atol=1e-4)


def test_absorbing_the_standardization() -> None:
    rng = np.random.default_rng(2)
    network = initial_network(6, rng)
    mean, matrix = rng.normal(0, 1, 9), rng.normal(0, 1, (9, 6)).astype(np.float32)
    inputs = rng.standard_normal((30, 9)).astype(np.float32)
    expected = 20 * network.predict(((inputs - mean) @ matrix).astype(np.float32)) + 7
    found = absorb_standardization(network, mean, matrix, 7, 20).predict(inputs)
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_signal_survives_ten_layers() -> None:
    """Where the usual initialization leaves nothing (see network.py)."""
    rng = np.random.default_rng(3)
    inputs = rng.standard_normal((200, 50)).astype(np.float32)
    assert initial_network(50, rng).predict(inputs).std() > 0.1
    plain = MLPRegressor(
        hidden_layer_sizes=(NEURONS,) * LAYERS, activation="logistic", max_iter=1, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that one pass does not converge
        plain.fit(inputs, rng.standard_normal(200))
    assert plain.predict(inputs).std() < 1e-3


def sigmoid_error(network: Network, inputs: np.ndarray, targets: np.ndarray) -> float:
    """Mean squared error of the network of sigmoids, float64, straight from its definition."""
    signal = inputs.astype(np.float64)
    for weight, bias in zip(network.weights[:-1], network.biases[:-1], strict=True):
        signal = 1 / (1 + np.exp(-(signal @ weight + bias)))
    output = (signal @ network.weights[-1] + network.biases[-1])[:, 0]
    return float(((output - targets) ** 2).mean())


def test_a_step_goes_against_the_gradient_with_decay_and_average() -> None:
    """The first step of Adam moves every weight by the rate, against the sign of its slope."""
    rng = np.random.default_rng(4)
    network, rate = initial_network(5, rng), 1e-3
    inputs = rng.standard_normal((20, 5)).astype(np.float32)
    targets = rng.standard_normal(20).astype(np.float32)
    regressor = AveragedRegressor.begin(network)
    error = regressor.step(inputs, targets, rate)
    assert error == pytest.approx(sigmoid_error(network, inputs, targets), rel=1e-4)
    before = [*network.weights, *network.biases]
    average = [*regressor.average.weights, *regressor.average.biases]
    compared = 0
    for layer in range(len(before)):
        index = tuple(rng.integers(n) for n in before[layer].shape)
        slope = 0.0
        for sign in (1, -1):
            arrays = [array.astype(np.float64) for array in before]
            arrays[layer][index] += sign * 1e-4
            shifted = Network(arrays[: LAYERS + 1], arrays[LAYERS + 1 :])  # type: ignore[arg-type]
            slope += sign * sigmoid_error(shifted, inputs, targets) / 2e-4
        if abs(slope) > 1e-4:
            # The average is that of the initial weights and of those after the step.
            expected = before[layer][index] - rate * np.sign(slope) / 2
            np.testing.assert_allclose(average[layer][index], expected, rtol=1e-3, atol=1e-6)
            compared += 1
    assert compared > 10


def test_weight_decay_keeps_the_output_at_the_center() -> None:
    """A network whose hidden outputs are all 1/2 stays as it is; others come nearer to it."""
    rng = np.random.default_rng(6)
    network = initial_network(5, rng)
    network.weights[-1] *= 4
    center = np.zeros((1, 5), np.float32)
    inputs = rng.standard_normal((50, 5)).astype(np.float32)
    spread = network.predict(inputs).std()
    regressor = AveragedRegressor.begin(network, decay=1.0)
    for _ in range(20):
        regressor._decay_weights(np.float32(0.01))
    parameters = regressor.parameters
    decayed = Network(parameters[: LAYERS + 1], parameters[LAYERS + 1 :])
    np.testing.assert_allclose(decayed.predict(center), network.predict(center), atol=1e-4)
    assert decayed.predict(inputs).std() < 0.5 * spread
    np.testing.assert_allclose(decayed.weights[3], network.weights[3] * 0.99**20, rtol=1e-4)


@pytest.mark.slow
def test_training_learns_and_resumes_exactly() -> None:
    rng = np.random.default_rng(5)
    inputs = rng.standard_normal((512, 8)).astype(np.float32)
    targets = np.sin(2 * inputs[:, 0]) * inputs[:, 1]
    regressor = AveragedRegressor.begin(initial_network(8, rng), 0.0)
    losses = regressor.steps([(inputs, targets, 2e-3)] * 150)
    assert losses[-1] < 0.3 * losses[0]
    again = AveragedRegressor.begin(initial_network(8, rng), 0.0)
    again.restore({name: array.copy() for name, array in regressor.state().items()})
    assert again.step_count == 150
    for _ in range(3):
        assert again.step(inputs, targets, 1e-3) == regressor.step(inputs, targets, 1e-3)
    for mine, theirs in zip(regressor.mean, again.mean, strict=True):
        assert np.array_equal(mine, theirs)


def test_published_networks_are_scikit_learns(real: np.ndarray) -> None:
    """``MLPRegressor.predict`` of the published weights equals what the plugin computes."""
    artifacts = artifacts_of(registry().colorizer("sift_mlp")[1])
    light = cv2.resize(real, (192, 128), interpolation=cv2.INTER_AREA)
    points = features.network_inputs(features.extract_features(light, 8, 12)).astype(np.float64)
    for channel, regressor in zip("ab", published_regressors(artifacts), strict=True):
        assert isinstance(regressor, MLPRegressor)
        assert regressor.activation == "logistic"
        assert regressor.hidden_layer_sizes == (128,) * 10
        network = from_bytes(artifacts.read(f"{channel}.npz"))
        exact = Network(
            [weight.astype(np.float64) for weight in network.weights],  # type: ignore[misc]
            [bias.astype(np.float64) for bias in network.biases],  # type: ignore[misc]
        )
        expected = regressor.predict(points)
        assert np.ptp(expected) > 1
        np.testing.assert_allclose(exact.predict(points), expected, atol=1e-5)  # type: ignore[arg-type]


def test_weights_round_trip() -> None:
    network = initial_network(4, np.random.default_rng(0))
    again = from_bytes(to_bytes(network))
    for mine, theirs in zip(network.weights, again.weights, strict=True):
        assert np.array_equal(mine, theirs)


@pytest.mark.parametrize("shape", [(40, 60), (300, 200), (1, 1), (3, 400)])
def test_views_of_any_picture(shape: tuple[int, int]) -> None:
    made = views.make_views(photo(*shape), np.random.default_rng(0))
    assert made["sift"].shape == (views.VIEWS, views.POINTS, 4, 128)
    assert made["a"].shape == made["b"].shape == (views.VIEWS, views.POINTS)
    for array in made.values():
        assert np.isfinite(array.astype(np.float32)).all()


def test_black_pixels_have_finite_features() -> None:
    """L* of black is a rounding error below 0, which a power of the contrast makes NaN."""
    black = np.zeros((64, 64, 3), np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        record = views.make_views(black, np.random.default_rng(0))
    for name, array in record.items():
        assert np.isfinite(array.astype(np.float32)).all(), name


def test_chroma_of_a_view_is_that_of_the_picture() -> None:
    red = np.zeros((64, 64, 3), np.uint8) + np.uint8([200, 30, 30])
    made = views.make_views(red, np.random.default_rng(0))
    from skimage.color import rgb2lab

    expected = rgb2lab(red)[0, 0]
    np.testing.assert_allclose(made["a"], expected[1], atol=0.1)
    np.testing.assert_allclose(made["b"], expected[2], atol=0.1)


def test_colors_of_a_mirrored_picture_are_mirrored(real: np.ndarray) -> None:
    _, spec = registry().colorizer("sift_mlp")
    colorizer = SiftMlp(artifacts_of(spec), None)
    light = cv2.resize(real, (192, 128), interpolation=cv2.INTER_AREA)
    here = colorizer.predict_ab(light)
    there = colorizer.predict_ab(np.ascontiguousarray(light[:, ::-1]))
    np.testing.assert_allclose(there[:, ::-1], here, atol=0.05)


def blas_threads() -> set[int]:
    return {row["num_threads"] for row in threadpool_info() if row["user_api"] == "blas"}


def test_predicting_leaves_the_threads_of_blas_alone(real: np.ndarray) -> None:
    """They spin while they wait, which costs every other process on the machine."""
    spec = registry().colorizer("sift_mlp")[1]
    plugin = SiftMlp(artifacts_of(spec), None)
    seen: list[set[int]] = []

    class Spy:
        def predict(self, inputs: np.ndarray, common: np.ndarray) -> np.ndarray:
            seen.append(blas_threads())
            return np.zeros(len(inputs), np.float32)

    plugin.networks = [Spy(), Spy()]
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        plugin.predict_ab(cv2.resize(real, (64, 48)))
        assert seen == [{1}] * 4
        first, second = one_blas_thread(), one_blas_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert blas_threads() == {1}, "the second caller is still inside"
        second.__exit__(None, None, None)
        assert blas_threads() == before


def test_preparing_a_picture_twice_computes_it_once(tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "one.png"
    Image.fromarray(photo()).save(path)
    first = views.prepare_record(views.RecordTask(path, tmp_path / "store"))
    records = {p: p.stat().st_mtime_ns for p in (tmp_path / "store").rglob("*.pkl")}
    second = views.prepare_record(views.RecordTask(path, tmp_path / "store"))
    assert first == second
    assert records == {p: p.stat().st_mtime_ns for p in (tmp_path / "store").rglob("*.pkl")}
    assert len(records) == 1
    (tmp_path / "bad.png").write_bytes(b"no")
    unreadable = views.prepare_record(views.RecordTask(tmp_path / "bad.png", tmp_path / "store"))
    assert "not a picture" in unreadable.error


def test_training_inputs_are_the_served_inputs() -> None:
    """Standardized training inputs equal the reduction of the inputs that serving computes."""
    records = [
        views.make_views(photo(90, 120, seed), np.random.default_rng(seed)) for seed in range(5)
    ]
    points = samples.collect_points(records)
    standard = samples.fit_standardization(records)
    chosen = np.random.default_rng(0).permutation(len(points.chroma))[:300]
    trained = standard.inputs(points, chosen)
    record = [(r, v) for r in records for v in range(views.VIEWS)]
    picture = [record[i] for i in points.picture[chosen]]
    served = features.join_inputs(
        points.sift[chosen],
        points.luminance[chosen],
        points.place[chosen],
        np.stack([r["whole"][v] for r, v in picture]),
        np.stack([r["context"][v] for r, v in picture]),
    )
    reduced = (served - standard.mean) @ standard.matrix()
    np.testing.assert_allclose(trained, reduced, atol=2e-3)
    assert np.abs(trained[:, :546].mean(0)).max() < 0.5


def test_points_of_a_view_are_the_features_of_that_place() -> None:
    """The stored points are those that serving would compute at the same place of a grid."""
    light = np.ascontiguousarray(lightness(photo(128, 160))[:, ::1])
    made = views._draw_points(light, np.zeros((128, 160, 2), np.float32), np.random.default_rng(0))
    whole = features.extract_features(light, 16, 20)
    rows = np.rint((made["place"][:, 0].astype(float) + 1) / 2 * 16 - 0.5).astype(int)
    columns = np.rint((made["place"][:, 1].astype(float) + 1) / 2 * 20 - 0.5).astype(int)
    np.testing.assert_array_equal(made["sift"], whole.sift[rows, columns])
    np.testing.assert_array_equal(made["luminance"], whole.luminance[rows, columns])


def test_batches_cover_every_point_once_and_come_ahead(tmp_path: Path) -> None:
    store = PickleStore(tmp_path)
    records = [
        views.make_views(photo(64, 64, seed), np.random.default_rng(seed)) for seed in range(3)
    ]
    keys = [store.key(str(number)) for number in range(3)]
    for key, record in zip(keys, records, strict=True):
        store.keep(views.KIND, key, record, {})
    standard = samples.fit_standardization(records)
    stream = samples.iterate_batches(store, keys, 64, standard, np.random.default_rng(0))
    chroma = np.concatenate([y for _, y in prefetch(stream)])
    expected = standard.targets(samples.collect_points(records).chroma)
    np.testing.assert_allclose(np.sort(chroma[:, 0]), np.sort(expected[:, 0]), atol=1e-5)
    with pytest.raises(ArtifactError):
        list(
            prefetch(
                samples.iterate_batches(store, ["nothing"], 64, standard, np.random.default_rng(0))
            )
        )
