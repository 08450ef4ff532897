"""The networks of `sift_mlp` against scikit-learn, and the colorizer."""

from __future__ import annotations

import warnings
from itertools import pairwise

import cv2
import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor
from threadpoolctl import threadpool_info, threadpool_limits

from colortk.plugin.registry import registry
from colortk.store.artifacts import artifacts_of
from colortk_plugins.sift_mlp import features
from colortk_plugins.sift_mlp.colorizer import SiftMlp
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
from colortk_plugins.sift_mlp.regressor import published_regressors
from colortk_plugins.sift_mlp.threads import one_blas_thread


def scikit(network: Network) -> MLPRegressor:
    """Return an ``MLPRegressor`` of scikit-learn with the same weights."""
    regressor = MLPRegressor(hidden_layer_sizes=(NEURONS,) * LAYERS, activation="logistic")
    regressor.coefs_ = [w.astype(np.float64) for w in network.weights]
    regressor.intercepts_ = [b.astype(np.float64) for b in network.biases]
    regressor.n_layers_, regressor.n_outputs_ = LAYERS + 2, 1
    regressor.out_activation_ = "identity"
    return regressor


def test_the_network_equals_an_mlp_regressor() -> None:
    rng = np.random.default_rng(0)
    network = initial_network(30, rng)
    inputs = rng.standard_normal((50, 30)).astype(np.float32)
    expected = scikit(network).predict(inputs)
    assert expected.std() > 0.05, "a constant would prove nothing"
    np.testing.assert_allclose(network.predict(inputs), expected, atol=2e-4)


@pytest.mark.parametrize("channel", ["a.npz", "b.npz"])
def test_the_shipped_networks_have_ten_layers_of_128_sigmoids(
    channel: str, photograph_lightness: np.ndarray
) -> None:
    _, spec = registry().colorizer("sift_mlp")
    network = from_bytes(artifacts_of(spec).read(channel))
    shapes = [w.shape for w in network.weights]
    assert shapes == [(features.WIDTH, 128), *[(128, 128)] * 9, (128, 1)]
    inputs = features.network_inputs(
        features.extract_features(photograph_lightness[:128, :128].copy(), 16, 16)
    )
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
    """With the usual initialization the output would be constant (see network.py)."""
    rng = np.random.default_rng(3)
    inputs = rng.standard_normal((200, 50)).astype(np.float32)
    assert initial_network(50, rng).predict(inputs).std() > 0.1
    plain = MLPRegressor(
        hidden_layer_sizes=(NEURONS,) * LAYERS, activation="logistic", max_iter=1, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns that one pass does not converge
        plain.fit(inputs, rng.standard_normal(200))
    assert plain.predict(inputs).std() < 1e-3


def test_published_networks_equal_an_mlp_regressor(photograph_lightness: np.ndarray) -> None:
    """``MLPRegressor.predict`` of the published weights equals what the plugin computes."""
    artifacts = artifacts_of(registry().colorizer("sift_mlp")[1])
    light = cv2.resize(photograph_lightness, (192, 128), interpolation=cv2.INTER_AREA)
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


def test_colors_of_a_mirrored_picture_are_mirrored(photograph_lightness: np.ndarray) -> None:
    _, spec = registry().colorizer("sift_mlp")
    colorizer = SiftMlp(artifacts_of(spec), None)
    light = cv2.resize(photograph_lightness, (192, 128), interpolation=cv2.INTER_AREA)
    here = colorizer.predict_ab(light)
    there = colorizer.predict_ab(np.ascontiguousarray(light[:, ::-1]))
    np.testing.assert_allclose(there[:, ::-1], here, atol=0.05)


def blas_threads() -> set[int]:
    return {row["num_threads"] for row in threadpool_info() if row["user_api"] == "blas"}


def test_predicting_leaves_the_threads_of_blas_alone(photograph_lightness: np.ndarray) -> None:
    """Waiting BLAS threads use CPU time and slow down other processes."""
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
        plugin.predict_ab(cv2.resize(photograph_lightness, (64, 48)))
        assert seen == [{1}] * 4
        first, second = one_blas_thread(), one_blas_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert blas_threads() == {1}, "the second caller is still inside"
        second.__exit__(None, None, None)
        assert blas_threads() == before
