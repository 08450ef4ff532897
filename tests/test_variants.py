"""Versions of a prediction that are chosen from its distribution of colors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import colortk
from colortk.color.cielab import rgb_to_lab
from colortk.errors import PluginError, PredictionError, UsageError
from colortk.guidance.variants import diverse_versions
from colortk.plugin.spec import ColorizerSpec
from colortk.runtime.loading import Loaded, PluginRequest, load
from colortk.runtime.versions import Variant, VersionPredictor
from colortk.types import Array, Float32
from conftest import photo

RED, BLUE, GREEN = (40.0, 25.0), (10.0, -40.0), (-35.0, 35.0)
CENTERS = np.array([RED, BLUE, GREEN, (0, 0)], np.float32)
#: Columns from which on the scene is green.
EDGE = 64


@pytest.fixture(scope="module")
def scene() -> tuple[Float32, Float32, Float32]:
    """Lightness, prediction and distribution: left red or blue, right certainly green."""
    lightness = np.full((96, 128), 40, np.float32)
    lightness[:, EDGE:] = 75
    lightness += np.random.default_rng(0).normal(0, 0.5, lightness.shape).astype(np.float32)
    probabilities = np.zeros((24, 32, 4), np.float32)
    probabilities[:, :16] = 0.4, 0.4, 0.0, 0.2
    probabilities[:, 16:] = 0.01, 0.01, 0.96, 0.02
    ab = np.zeros((96, 128, 2), np.float32)
    ab[:, :EDGE], ab[:, EDGE:] = probabilities[0, 0] @ CENTERS, probabilities[0, 31] @ CENTERS
    return lightness, ab, probabilities


def versions_of(scene: Any, count: int = 3, seed: int = 0) -> Float32:
    return diverse_versions(*scene, CENTERS, count, seed)


def test_the_first_version_is_the_prediction(scene: Any) -> None:
    versions = versions_of(scene)
    assert versions.shape == (3, 96, 128, 2)
    assert np.array_equal(versions[0], scene[1])
    assert np.array_equal(versions_of(scene, 1)[0], scene[1])


def test_both_modes_appear_and_a_certain_color_stays(scene: Any) -> None:
    versions = versions_of(scene)
    left = versions[1:, 10:-10, 10:54].mean((1, 2))
    right = versions[1:, 10:-10, 74:118].mean((1, 2))
    nearest = [int(np.argmin(np.linalg.norm(CENTERS[:2] - ab, axis=1))) for ab in left]
    assert sorted(nearest) == [0, 1]
    assert (np.linalg.norm(left[0] - left[1]) > 30).all()
    assert np.abs(right - scene[1][0, -1]).max() < 5


def test_colors_do_not_leak_over_an_edge(scene: Any) -> None:
    moved = versions_of(scene)[1:] - scene[1]
    beyond = np.linalg.norm(moved[:, :, EDGE + 1 :], axis=-1)
    inside = np.linalg.norm(moved[:, :, : EDGE - 4], axis=-1)
    assert beyond.max() < 5
    assert inside.min() > 15


def test_versions_depend_on_the_seed_only(scene: Any) -> None:
    lightness, ab, _ = scene
    angles = np.linspace(0, 2 * np.pi, 13)[:-1]
    centers = (30 * np.stack([np.cos(angles), np.sin(angles)], -1)).astype(np.float32)
    anything = np.full((24, 32, 12), 1 / 12, np.float32)
    versions = [
        diverse_versions(lightness, ab, anything, centers, 3, seed) for seed in (0, 0, 1, 2, 3)
    ]
    assert np.array_equal(versions[0], versions[1])
    assert any(not np.array_equal(versions[0], other) for other in versions[2:])


@pytest.mark.parametrize("shape", [(32, 32), (32, 256), (1, 1), (3, 70)])
def test_flat_pictures_of_any_shape_have_versions(shape: tuple[int, int]) -> None:
    probabilities = np.full((max(1, shape[0] // 4), max(1, shape[1] // 4), 4), 0.25, np.float32)
    flat = np.full(shape, 50, np.float32)
    ab = np.zeros((*shape, 2), np.float32)
    versions = diverse_versions(flat, ab, probabilities, CENTERS, 4)
    assert versions.shape == (4, *shape, 2)
    assert np.isfinite(versions).all()


class Sampler:
    """A colorizer with samples of its own, which counts its predictions."""

    def __init__(self, shape: tuple[int, ...] = (), kind: type = np.float32) -> None:
        self.calls, self._shape, self._kind = 0, shape, kind

    def predict_ab(self, lightness: Array) -> Array:
        return np.zeros((*lightness.shape, 2), np.float32)

    def predict_ab_samples(self, lightness: Array, count: int, seed: int) -> Array:
        self.calls += 1
        shape = self._shape or (count, *lightness.shape, 2)
        numbers = np.arange(shape[0]).reshape(-1, 1, 1, 1) + 100 * seed
        return np.broadcast_to(numbers, shape).astype(self._kind)


def loaded(colorizer: Any, samples: bool = True) -> Loaded:
    return Loaded(ColorizerSpec("own", "", "own:own", samples=samples), colorizer)


def test_a_plugin_returns_its_own_samples_and_predicts_once() -> None:
    sampler = Sampler()
    plugin, light = loaded(sampler), np.full((4, 6), 50, np.float32)
    chroma = [VersionPredictor(plugin, Variant(k, 3, 2)).predict(light) for k in (1, 2, 3)]
    assert [float(ab.mean()) for ab in chroma] == [200, 201, 202]
    assert sampler.calls == 1
    VersionPredictor(plugin, Variant(1, 3, 2)).predict(light + 1)
    assert sampler.calls == 2


@pytest.mark.parametrize(
    ("colorizer", "message"),
    [(Sampler((2, 4, 6, 2)), r"shape \(2, 4, 6, 2\)"), (Sampler((), np.int32), "int32")],
)
def test_unusable_samples_are_refused(colorizer: Any, message: str) -> None:
    with pytest.raises(PredictionError, match=message):
        loaded(colorizer).predict_samples(np.zeros((4, 6), np.float32), 3, 0)


def test_a_plugin_without_samples_is_refused() -> None:
    with pytest.raises(UsageError, match="predicts one version"):
        loaded(Sampler(), samples=False).predict_samples(np.zeros((4, 6), np.float32), 3, 0)
    with pytest.raises(UsageError, match="'gray' cannot make variants"):
        colortk.colorize_variants(photo(32, 32, 1), 2, "gray")


def test_a_declaration_without_the_method_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from colortk.plugin.registry import registry

    declared, spec = registry().colorizer("gray")
    without = replace(spec, samples=True)
    monkeypatch.setattr(registry(), "colorizer", lambda name: (declared, without), raising=False)
    with pytest.raises(PluginError, match="no predict_ab_samples"):
        load(PluginRequest("gray"))


@pytest.mark.parametrize(("count", "seed"), [(0, 0), (17, 0), (True, 0), (2, -1), (2, 1.5)])
def test_numbers_out_of_range_are_refused(count: Any, seed: Any) -> None:
    with pytest.raises(UsageError, match="whole number"):
        colortk.colorize_variants(photo(32, 32, 1), count, seed=seed)


def test_variants_keep_lightness_and_begin_with_the_automatic_result() -> None:
    picture = photo(96, 128, 4)
    versions = colortk.colorize_variants(picture, 3)
    assert np.array_equal(versions[0], colortk.colorize(picture))
    lab = [rgb_to_lab(version) for version in versions]
    for k in (1, 2):
        assert np.abs(lab[0][..., 0] - lab[k][..., 0]).max() < 1
        assert np.linalg.norm(lab[0] - lab[k], axis=-1).mean() > 2
    hinted = colortk.colorize_variants(picture, 2, hints=[{"x": 60, "y": 40, "color": "#465ab4"}])
    assert np.array_equal(hinted[0][40, 60], hinted[1][40, 60])
    assert not np.array_equal(hinted[0], hinted[1])
