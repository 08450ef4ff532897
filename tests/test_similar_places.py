"""Hints in `effnet_bins` spread to places that the network sees as similar."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from colortk.color.cielab import rgb_to_lab
from colortk.guidance.working_hints import WorkingHints
from colortk.plugin import resize
from colortk.runtime.loading import PluginRequest, load
from colortk.types import Float32
from colortk_plugins.effnet_bins import similar_places
from colortk_plugins.effnet_bins.colorizer import EffnetBins
from colortk_plugins.effnet_bins.similar_places import SimilarPlaces, variance_of_logits


@cache
def colorizer(hints: str = "similar") -> EffnetBins:
    found = load(PluginRequest("effnet_bins", (f"hints={hints}",))).colorizer
    assert isinstance(found, EffnetBins)
    return found


@cache
def photograph(name: str = "coffee") -> tuple[Float32, Float32]:
    """Return the lightness of a photograph and its a* and b*, at 256 × 256."""
    data = pytest.importorskip("skimage.data")
    rgb = resize(np.ascontiguousarray(getattr(data, name)()[:400, :400]), (256, 256))
    lab = rgb_to_lab(rgb)
    return np.ascontiguousarray(lab[..., 0]), np.ascontiguousarray(lab[..., 1:])


def hints_at(points: Any, colors: Any) -> WorkingHints:
    ab, mask = np.zeros((256, 256, 2), np.float32), np.zeros((256, 256), np.float32)
    for (row, column), color in zip(points, colors, strict=True):
        ab[row, column], mask[row, column] = color, 1
    return WorkingHints(ab, mask)


def test_the_mean_is_that_of_a_gaussian_process() -> None:
    rng = np.random.default_rng(0)
    light = rng.uniform(0, 100, (32, 48)).astype(np.float32)
    ab = rng.normal(0, 20, (32, 48, 2)).astype(np.float32)
    variance = rng.uniform(0, 200, (8, 12)).astype(np.float32)
    last = rng.normal(0, 3, (8, 12, 5)).astype(np.float32)
    deep = np.full((2, 3, 4), 0.5, np.float32)  # the same everywhere: it separates nothing
    cells = np.array([3, 40, 95])
    errors = np.array([[4.0, -2], [-7, 1], [0, 5]])  # all below LARGEST_SHARED
    spread = SimilarPlaces(light, ab, variance, last, deep).spread(cells, errors)

    rows, columns = np.divmod(np.arange(96), 12)
    kinds = [
        np.stack([rows, columns], 1) / 8,
        light.reshape(8, 4, 12, 4).mean((1, 3)).reshape(-1, 1) / 100,
        last.reshape(96, 5) / np.sqrt((last**2).sum(-1).mean()),
        np.zeros((96, 1)),
        ab.reshape(8, 4, 12, 4, 2).mean((1, 3)).reshape(-1, 2) / 50,
    ]
    kernel = sum(
        term.weight
        * np.exp(
            -term.position * cdist(kinds[0], kinds[0], "sqeuclidean")
            - term.lightness * cdist(kinds[1], kinds[1], "sqeuclidean")
            - term.last * cdist(kinds[2], kinds[2], "sqeuclidean")
            - term.color * cdist(kinds[4], kinds[4], "sqeuclidean")
        )
        for term in similar_places.TERMS
    )
    size = (variance.ravel() + similar_places.FLOOR) ** similar_places.POWER / 30
    kernel = kernel * np.outer(size, size)
    noise = np.diag(similar_places.NOISE * size[cells] ** 2)
    inverse = np.linalg.inv(kernel[np.ix_(cells, cells)] + noise)
    np.testing.assert_allclose(
        spread.reshape(96, 2), kernel[:, cells] @ inverse @ errors, atol=2e-3
    )


def test_the_variance_of_a_distribution() -> None:
    from colortk_plugins.effnet_bins.bins import CENTERS

    logits = np.full((1, 2, len(CENTERS) + 2), -50, np.float32)
    logits[0, 0, 7] = 0  # one color
    logits[0, 1, [3, 200]] = 0  # two colors
    distance = np.linalg.norm(CENTERS[3] - CENTERS[200])
    np.testing.assert_allclose(variance_of_logits(logits)[0], [0, distance**2 / 4], atol=0.1)
    assert not variance_of_logits(np.ones((3, 4, 2), np.float32)).any()


@pytest.mark.parametrize("name", ["coffee", "astronaut"])
def test_twenty_true_colors_help_everywhere(name: str) -> None:
    light, truth = photograph(name)
    rng = np.random.default_rng(1)
    points = rng.integers(0, 256, (20, 2))
    guided = colorizer().predict_ab_guided(light, hints_at(points, truth[tuple(points.T)]))
    plain = colorizer().predict_ab(light)
    assert np.square(guided - truth).mean() < 0.7 * np.square(plain - truth).mean()


def test_a_strong_color_stays_with_its_thing() -> None:
    light, _ = photograph()
    plain = colorizer().predict_ab(light)
    guided = colorizer().predict_ab_guided(light, hints_at([(128, 128)], [plain[128, 128] + 60]))
    change = np.linalg.norm(guided - plain, axis=-1)
    assert change[120:136, 120:136].mean() > 25
    border = np.concatenate([change[0], change[-1], change[:, 0], change[:, -1]])
    assert border.mean() < 8


def test_hints_that_agree_with_the_prediction_change_nothing() -> None:
    light, _ = photograph()
    plain = colorizer().predict_ab(light)
    points = [(30, 200), (128, 128)]
    guided = colorizer().predict_ab_guided(light, hints_at(points, [plain[at] for at in points]))
    # ONNX Runtime fuses the 8-bit network differently when it has more outputs.
    np.testing.assert_allclose(guided, plain, atol=0.05)


def test_more_hints_than_are_used() -> None:
    light, truth = photograph()
    guided = colorizer().predict_ab_guided(light, WorkingHints(truth, np.ones_like(light)))
    again = colorizer().predict_ab_guided(light, WorkingHints(truth, np.ones_like(light)))
    assert np.abs(guided - truth).mean() < 2.5
    np.testing.assert_array_equal(guided, again)


def test_hints_can_be_left_to_the_host() -> None:
    assert colorizer().follows_hints
    assert not colorizer("edges").follows_hints


def test_a_file_that_ends_in_expected_colors_is_guided_alike(tmp_path: Any) -> None:
    pytest.importorskip("onnx")
    from colortk.training.manifest import publish
    from colortk.training.request import TrainRequest
    from colortk_plugins.effnet_bins.tail import with_expected_color

    request = TrainRequest(tmp_path, tmp_path, tmp_path, plugin="effnet_bins", command="none")
    content = with_expected_color(colorizer().engine.content)
    publish(request, {"network.onnx": content}, [])
    other: Any = load(PluginRequest("effnet_bins", weights=tmp_path)).colorizer
    light, truth = photograph()
    hints = hints_at([(128, 128), (20, 20)], [truth[128, 128], truth[20, 20]])
    ours = colorizer().predict_ab_guided(light, hints)
    np.testing.assert_allclose(other.predict_ab_guided(light, hints), ours, atol=0.05)
