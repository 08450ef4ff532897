"""Colorize one picture with plugins defined in the test."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab

from colortk.color.refine import gamut_table
from colortk.errors import PredictionError, UsageError
from colortk.pipeline import colorize, join, refiner, warmed
from colortk.plugin.options import options_key, parse_options
from colortk.plugin.registry import Registry
from colortk.plugin.spec import ColorizerSpec, RefinerSpec, WorkingSize
from colortk.runtime.loading import Loaded, check_prediction
from colortk.testing.check_functions import scene

RATIO = refiner("ratio")


def loaded(function: Any, **size: Any) -> Loaded:
    spec = ColorizerSpec("made_up", "for tests", "x:x", working_size=WorkingSize(**size))
    return Loaded(spec, SimpleNamespace(predict_ab=function))


def test_the_plugin_sees_lightness_at_its_working_size_and_nothing_else() -> None:
    seen = []

    def look(*arguments: Any) -> np.ndarray:
        seen.append(arguments)
        return np.zeros((*arguments[0].shape, 2), np.float32)

    light = scene(300, 450)
    colorize(light, loaded(look, short=64), RATIO)
    ((given_,),) = seen
    assert given_.shape == (64, 96)
    assert given_.dtype == np.float32
    assert given_.base is None or given_.base is not light, "not a window into the full picture"
    assert 0 <= given_.min() <= given_.max() <= 100


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_large_pictures_go_through_in_bands(dtype: type) -> None:
    light = scene(1500, 900)  # large enough for three bands
    ab = np.random.default_rng(0).normal(0, 15, (20, 12, 2)).astype(np.float32)
    rgb = join(light, ab, RATIO, dtype=dtype)
    assert rgb.dtype == dtype
    found = rgb2lab(rgb / np.iinfo(dtype).max)[..., 0]
    error = np.abs(found - light)
    assert error.mean() < 0.1
    assert np.percentile(error, 99.9) < 0.35


def test_one_colored_pixel_stays_at_its_position() -> None:
    ab = np.zeros((200, 200, 2), np.float32)
    ab[77, 99] = 20, -10
    colored = np.ptp(join(scene(200, 200), ab, RATIO).astype(int), axis=-1) > 3
    assert np.argwhere(colored).tolist() == [[77, 99]]


def test_lookup_tables_are_built_before_the_first_picture() -> None:
    gamut_table.cache_clear()
    with warmed(RATIO):
        pass
    assert gamut_table.cache_info().currsize == 1
    asked = []
    with warmed(lambda light, ab: asked.append(1) or ab):
        pass
    assert not asked, "a third party's is not for a thread of ours"


def test_no_chroma_is_gray_to_the_last_bit() -> None:
    rgb = join(scene(200, 200), np.zeros((10, 10, 2), np.float32), RATIO)
    assert (np.ptp(rgb.astype(int), axis=-1) == 0).all()


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    st.integers(1, 60), st.integers(1, 60), st.integers(1, 12), st.integers(1, 12),
    st.integers(0, 2**31), st.floats(0, 2),
)  # fmt: skip
def test_lightness_and_chroma_of_any_shapes_join(
    h: int, w: int, small_h: int, small_w: int, seed: int, strength: float
) -> None:
    rng = np.random.default_rng(seed)
    light = rng.uniform(0, 100, (h, w)).astype(np.float32)
    ab = rng.normal(0, 40, (small_h, small_w, 2)).astype(np.float32)
    rgb = join(light, ab, RATIO, strength)
    assert rgb.shape == (h, w, 3)
    assert np.abs(rgb2lab(rgb)[..., 0] - light).max() < 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "NoneType"),
        (np.zeros((4, 4, 3), np.float32), "shape"),
        (np.zeros((5, 4, 2), np.float32), "shape"),
        (np.zeros((4, 4, 2), bool), "bool"),
        (np.full((4, 4, 2), np.inf, np.float32), "not finite"),
        (np.full((4, 4, 2), 1e300), "beyond"),
        (np.full((4, 4, 2), -3e38, np.float32), "beyond"),
    ],
)
def test_invalid_predictions_are_refused(answer: Any, words: str) -> None:
    with pytest.raises(PredictionError, match=words):
        check_prediction("odd", np.zeros((4, 4), np.float32), answer)


def test_float64_predictions_are_accepted() -> None:
    assert (
        check_prediction("x", np.zeros((4, 4), np.float32), np.ones((4, 4, 2))).dtype == np.float32
    )


def test_an_unknown_refinement_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'slide'"):
        refiner("slider")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise ValueError('inside')", "ValueError: inside (rough.py:2)"),
        ("raise SystemExit(0)", "SystemExit: 0 (rough.py:2)"),
        ("return ab[:-1]", "shape (3, 4, 2), not (4, 4, 2)"),
    ],
)
def test_an_error_of_a_refinement_names_its_line(
    body: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rough.py").write_text(f"def refine(lightness, ab):\n    {body}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "rough", raising=False)
    spec = RefinerSpec("rough", "for tests", "rough:refine")
    monkeypatch.setattr(Registry, "refiner", lambda self, name: spec)
    with pytest.raises(PredictionError) as caught:
        refiner("rough")(np.zeros((4, 4), np.float32), np.zeros((4, 4, 2), np.float32))
    assert words in str(caught.value)


def test_options_are_typed_and_validated() -> None:
    import dataclasses
    from typing import Literal

    @dataclasses.dataclass(frozen=True)
    class Options:
        count: int = 3
        share: float | None = None
        mode: Literal["soft", "hard"] = "soft"
        fast: bool = False

        def __post_init__(self) -> None:
            if self.count < 0:
                raise ValueError("count must not be negative")

    Options.__annotations__ = {
        "count": int,
        "share": float | None,
        "mode": Literal["soft", "hard"],
        "fast": bool,
    }
    spec = ColorizerSpec("x", "x", "x:x", options=Options)
    found = parse_options(spec, ["count=5", "share=0.5", "mode=hard", "fast=yes"])
    assert found == Options(5, 0.5, "hard", True)
    assert parse_options(spec, ["share=none"]).share is None
    assert options_key(found) == '{"count": 5, "fast": true, "mode": "hard", "share": 0.5}'
    for wrong in ("count=x", "mode=firm", "fast=perhaps", "count=-1", "nothing=1", "count"):
        with pytest.raises(UsageError):
            parse_options(spec, [wrong])


def test_a_plugin_may_write_every_prediction_into_one_array() -> None:
    kept = np.zeros((4, 5, 2), np.float32)

    def overwrite(lightness: np.ndarray) -> np.ndarray:
        kept[:] = lightness[..., None] - 50
        return kept

    predictor = loaded(overwrite)
    first = predictor.predict(np.full((4, 5), 60, np.float32))
    predictor.predict(np.full((4, 5), 20, np.float32))
    np.testing.assert_array_equal(first, 10)
