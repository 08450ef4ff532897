"""Colorizers that take hints themselves get them at their working size; the host makes them exact."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from colortk.guidance.constraints import Constraints, constraints_of
from colortk.guidance.guide import Guide
from colortk.guidance.hints import Hint
from colortk.guidance.working_hints import WorkingHints, working_hints
from colortk.harness.drawn_hints import DrawnGuide
from colortk.pipeline import colorize, refiner
from colortk.plugin.spec import ColorizerSpec, WorkingSize
from colortk.plugin.spec_checks import check_spec
from colortk.runtime.loading import Loaded
from colortk.runtime.versions import Variant, VersionPredictor
from conftest import Run, colorizer_module, one_line

SHAPE = 90, 120
LIGHT = np.full(SHAPE, 60, np.float32)
RED = (200, 100, 100)


class Follower:
    """Predicts one color, and with hints their mean color."""

    def __init__(self) -> None:
        self.hints: list[WorkingHints | None] = []

    def predict_ab(self, lightness: np.ndarray) -> np.ndarray:
        self.hints.append(None)
        return np.zeros((*lightness.shape, 2), np.float32) + np.float32([-10, -20])

    def predict_ab_guided(self, lightness: np.ndarray, hints: WorkingHints) -> np.ndarray:
        self.hints.append(hints)
        mean = hints.ab[hints.mask > 0].mean(0)
        return np.zeros((*lightness.shape, 2), np.float32) + mean.astype(np.float32)

    def predict_ab_samples(self, lightness: np.ndarray, count: int, seed: int) -> np.ndarray:
        return np.stack([self.predict_ab(lightness)] * count)


def spec(guided: Any = True) -> ColorizerSpec:
    return ColorizerSpec(
        "follower", "for tests", "tests:Follower", working_size=WorkingSize(short=30),
        guided=guided, samples=True,
    )  # fmt: skip


def colors(predictor: Any, guide: Any) -> np.ndarray:
    """Return a* and b*, float (H, W, 2), of the colorized picture."""
    rgb = colorize(LIGHT, predictor, refiner("none"), dtype=np.uint16, guide=guide).rgb
    return rgb2lab(rgb / 65535)[..., 1:]


def guide_of(*hints: Hint) -> Guide:
    return Guide(constraints_of(hints, LIGHT))


def test_the_plugin_gets_the_hints_and_the_host_makes_them_exact() -> None:
    follower = Follower()
    guide = guide_of(Hint(100, 50, RED), Hint(20, 10, (100, 180, 100)))
    result = colors(Loaded(spec(), follower), guide)
    (hints,) = follower.hints
    assert hints is not None
    assert hints.mask.shape == (30, 40)
    assert [tuple(at) for at in np.argwhere(hints.mask)] == [(3, 6), (16, 33)]
    wanted = guide.constraints
    for row, column, ab in zip(wanted.rows, wanted.columns, wanted.ab, strict=True):
        np.testing.assert_allclose(hints.ab[row // 3, column // 3], ab)
        np.testing.assert_allclose(result[row, column], ab, atol=0.05)
    unguided = colors(Loaded(spec(guided=False), Follower()), guide)
    assert np.abs(unguided[60:, :20] - [-10, -20]).max() > 1  # spread by the host


def test_away_from_hints_the_plugin_decides() -> None:
    """One hint: the prediction already has its color, so that the host changes nothing."""
    guide = guide_of(Hint(60, 45, RED))
    result = colors(Loaded(spec(), Follower()), guide)
    np.testing.assert_allclose(
        result, np.broadcast_to(guide.constraints.ab[0], result.shape), atol=0.05
    )


@pytest.mark.parametrize("guide", [None, guide_of(), guide_of(Hint(5, 5))])
def test_without_colors_the_plain_prediction_is_used(guide: Guide | None) -> None:
    follower = Follower()
    result = colors(Loaded(spec(), follower), guide)
    assert follower.hints == [None]
    np.testing.assert_allclose(result, np.broadcast_to([-10, -20], result.shape), atol=0.05)


def test_versions_of_a_picture_are_guided_by_the_host() -> None:
    follower = Follower()
    guide = guide_of(Hint(60, 45, RED))
    result = colors(VersionPredictor(Loaded(spec(), follower), Variant(1, 1)), guide)
    assert follower.hints == [None]
    np.testing.assert_allclose(result[45, 60], guide.constraints.ab[0], atol=0.05)


def test_no_hint_is_lost_at_a_small_size() -> None:
    rows, columns = np.array([0, 1, 500, 999]), np.array([0, 1, 400, 799])
    ab = np.array([[10, 0], [30, 20], [np.nan, np.nan], [-5, 5]], np.float32)
    hints = working_hints(Constraints(rows, columns, ab, (1000, 800)), (32, 26))
    assert hints is not None
    assert [tuple(at) for at in np.argwhere(hints.mask)] == [(0, 0), (31, 25)]
    np.testing.assert_allclose(hints.ab[0, 0], [20, 10])
    np.testing.assert_allclose(hints.ab[31, 25], [-5, 5])
    assert np.abs(hints.ab).sum() == 40
    assert working_hints(Constraints(rows[2:3], columns[2:3], ab[2:3], (1000, 800)), (9, 9)) is None
    # A larger size has one pixel of each hint.
    assert working_hints(Constraints(rows, columns, ab, (1000, 800)), (2000, 1600)).mask.sum() == 3  # type: ignore[union-attr]


def test_pixels_that_keep_their_color_are_hints_of_the_prediction() -> None:
    rows, columns = np.array([0, 0, 9]), np.array([0, 1, 9])
    ab = np.array([[10, 0], [np.nan, np.nan], [np.nan, np.nan]], np.float32)
    automatic = np.zeros((5, 5, 2), np.float32) + np.float32([30, 20])
    constraints = Constraints(rows, columns, ab, (10, 10))
    hints = working_hints(constraints, (5, 5), automatic)
    assert hints is not None
    assert [tuple(at) for at in np.argwhere(hints.mask)] == [(0, 0), (4, 4)]
    np.testing.assert_allclose(hints.ab[0, 0], [20, 10])  # the mean of both in this pixel
    np.testing.assert_allclose(hints.ab[4, 4], [30, 20])


def test_a_follower_is_told_which_colors_are_kept() -> None:
    follower = Follower()
    colors(Loaded(spec(), follower), guide_of(Hint(60, 45, RED), Hint(10, 10, None)))
    assert follower.hints[0] is None
    hints = follower.hints[1]
    assert hints is not None
    assert hints.mask.sum() == 2


def test_hints_where_the_prediction_is_most_wrong_use_the_plain_prediction() -> None:
    follower = Follower()
    truth = np.zeros((*SHAPE, 2), np.float32) + np.float32([-10, -20])
    truth[20:40, 30:60] = 30, 30
    result = colors(Loaded(spec(), follower), DrawnGuide(truth, 1, "error", 0))
    first, second = follower.hints
    assert first is None
    assert second is not None
    ((row, column),) = np.argwhere(second.mask)
    assert 20 <= 3 * row <= 40
    assert 30 <= 3 * column <= 60
    np.testing.assert_allclose(result, np.broadcast_to([30, 30], result.shape), atol=0.2)


def test_the_declaration_is_checked() -> None:
    assert check_spec(spec(), ColorizerSpec) is None
    assert check_spec(spec("yes"), ColorizerSpec) == "has guided='yes'; expected True or False"


PLUGIN = colorizer_module(
    "follower", "follower", "return np.zeros((*lightness.shape, 2), np.float32)", ", guided=True"
)
METHOD = """
def guided(self, lightness, hints):
    ab = np.zeros((*lightness.shape, 2), np.float32)
    ab += {value}
    return ab
Colorizer.predict_ab_guided = guided
"""
MEAN = "hints.ab[hints.mask > 0].mean(0)"


@pytest.mark.slow
def test_run_gives_hints_to_a_plugin_in_another_process(
    distribution: Any, colortk: Run, picture: Path, tmp_path: Path
) -> None:
    site = distribution("follower", PLUGIN + METHOD.format(value=MEAN))
    for number, timeout in enumerate(((), ("--timeout", "60"))):
        run = colortk(
            "run", picture, "-p", "follower", "--hint", "20,20,#c86464", "-o",
            tmp_path / f"{number}.png", *timeout, plugins=site,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
    first, second = (np.asarray(Image.open(tmp_path / f"{n}.png")) for n in (0, 1))
    np.testing.assert_array_equal(first, second)
    lab = rgb2lab(first)
    wanted = rgb2lab(np.array([[[200, 100, 100]]], np.uint8))[0, 0, 1:]
    middle = abs(lab[..., 0] - 60) < 10  # others may have no such color in sRGB
    assert middle.sum() > 100
    np.testing.assert_allclose(
        lab[middle][:, 1:], np.broadcast_to(wanted, (middle.sum(), 2)), atol=3
    )


@pytest.mark.slow
def test_the_check_of_guided(distribution: Any, colortk: Run, picture: Path) -> None:
    site = distribution("follower", PLUGIN + METHOD.format(value=MEAN))
    run = colortk("plugins", "check", "follower", "--json", plugins=site)
    rows = {row["check"]: row for row in json.loads(run.stdout)}
    assert rows["hints_are_followed"]["status"] == "passed"
    (site / "follower.py").write_text(PLUGIN + METHOD.format(value="0"))
    run = colortk("plugins", "check", "follower", "--json", plugins=site)
    rows = {row["check"]: row for row in json.loads(run.stdout)}
    assert rows["hints_are_followed"]["reason"] == "its colors do not come closer to those of hints"
    assert [n for n, row in rows.items() if row["status"] == "failed"] == ["hints_are_followed"]
    (site / "follower.py").write_text(PLUGIN)
    run = colortk("run", picture, "-p", "follower", plugins=site)
    one_line(run, 3, "it declares guided, and Colorizer has no predict_ab_guided")
