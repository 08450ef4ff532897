"""Training of `sift_mlp`: steps against arithmetic, views, batches and their inputs."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from colortk.color.cielab import lightness
from colortk.errors import ArtifactError
from colortk.runtime.prefetch import prefetch
from colortk.store.pickles import PickleStore
from colortk_plugins.sift_mlp import features, samples, views
from colortk_plugins.sift_mlp.network import (
    LAYERS,
    Network,
    initial_network,
)
from colortk_plugins.sift_mlp.regressor import AveragedRegressor
from conftest import photo


def sigmoid_error(network: Network, inputs: np.ndarray, targets: np.ndarray) -> float:
    """Return the mean squared error of a network of sigmoids in float64, by its definition."""
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
    """Weight decay pulls networks toward one whose hidden outputs are all 1/2."""
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


@pytest.mark.parametrize("shape", [(40, 60), (300, 200), (1, 1), (3, 400)])
def test_views_of_pictures_of_any_shape(shape: tuple[int, int]) -> None:
    made = views.make_views(photo(*shape), np.random.default_rng(0))
    assert made["sift"].shape == (views.VIEWS, views.POINTS, 4, 128)
    assert made["a"].shape == made["b"].shape == (views.VIEWS, views.POINTS)
    for array in made.values():
        assert np.isfinite(array.astype(np.float32)).all()


def test_black_pixels_have_finite_features() -> None:
    """Rounding makes the L* of black slightly negative, so that a power would give NaN."""
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
    """Standardized training inputs equal the reduced inputs of the colorizer."""
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
        points.position[chosen],
        np.stack([r["whole"][v] for r, v in picture]),
        np.stack([r["context"][v] for r, v in picture]),
    )
    reduced = (served - standard.mean) @ standard.matrix()
    np.testing.assert_allclose(trained, reduced, atol=2e-3)
    assert np.abs(trained[:, :546].mean(0)).max() < 0.5


def test_points_of_a_view_are_the_features_of_that_place() -> None:
    """The stored points equal the features that the colorizer computes at the same position."""
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
