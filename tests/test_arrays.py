"""Array functions with random finite inputs. COLORTK_EXAMPLES=1000 tries more inputs."""

from __future__ import annotations

import os
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from skimage.color import rgb2lab

from colortk.color.cielab import lab_to_rgb, lightness, rgb_to_lab
from colortk.color.refine import none, ratio, slide
from colortk.color.upsample import chroma_field, resize
from colortk.color.working_size import MAX_RATIO, MIN_SIDE, working_shape
from colortk.pipeline import join
from colortk.plugin.spec import WorkingSize
from colortk.runtime.loading import Loaded, PluginRequest, load

EXAMPLES = int(os.environ.get("COLORTK_EXAMPLES", "0"))
#: The everyday tests use the same few examples every time.
thorough = settings(
    max_examples=EXAMPLES or 25, derandomize=not EXAMPLES, deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
few = settings(thorough, max_examples=EXAMPLES or 6)

SIDES = st.sampled_from((1, 2, 3, 5, 8, 17, 33))
SHAPES = st.one_of(
    st.tuples(SIDES, SIDES), st.tuples(st.just(1), st.integers(1, 300)),
    st.tuples(st.integers(1, 300), st.just(1)),
)  # fmt: skip
TINY = float(np.finfo(np.float32).smallest_subnormal)


def planes(shape: tuple[int, ...], low: float, high: float) -> st.SearchStrategy[np.ndarray]:
    """Draw constant, two-valued, random or arbitrary arrays, with subnormal numbers."""
    one = st.floats(low, high, width=32)
    seed = st.integers(0, 2**32 - 1)
    noise = seed.map(lambda n: np.random.default_rng(n).uniform(low, high, shape))
    pair = st.tuples(one, one, seed).map(
        lambda t: np.random.default_rng(t[2]).choice(np.float32(t[:2]), shape)
    )
    any_ = arrays(np.float32, shape, elements=one, fill=one)
    whole = st.one_of(one.map(lambda value: np.full(shape, value)), pair, noise, any_)
    return whole.map(lambda array: array.astype(np.float32))


def lightnesses(low: float = 0.0, high: float = 100.0) -> st.SearchStrategy[np.ndarray]:
    return SHAPES.flatmap(lambda shape: planes(shape, low, high))


@st.composite
def pictures(draw: st.DrawFn, most: float) -> tuple[np.ndarray, np.ndarray]:
    """Draw the L* of a picture and chroma of another size."""
    light = draw(lightnesses())
    shape = draw(st.one_of(st.just(light.shape), SHAPES))
    return light, draw(planes((*shape, 2), -most, most))


@cache
def plugin(name: str) -> Loaded:
    return load(PluginRequest(name))


def check_finite(name: str, light: np.ndarray) -> None:
    before = light.copy()
    found = plugin(name).predict(light)
    assert found.shape == (*light.shape, 2)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert np.array_equal(light, before)


#: Any 32-bit float, including values that are not valid L*.
ANY = float(np.float32(3.0e38))


@pytest.mark.parametrize("name", ["gray", "mean_color"])
@thorough
@given(lightnesses(-ANY, ANY))
def test_a_plugin_answers_anything_finite(name: str, light: np.ndarray) -> None:
    check_finite(name, light)


@few
@given(lightnesses(-ANY, ANY))
@example(np.full((1, 1), TINY, np.float32))
@example(np.full((16, 16), -ANY, np.float32))
@example(np.tile(np.float32([[TINY, 0], [100, ANY]]), (16, 40)))
def test_sift_mlp_answers_anything_finite(light: np.ndarray) -> None:
    check_finite("sift_mlp", light)


@thorough
@given(pictures(1000.0))
@example((np.full((1, 300), 50, np.float32), np.full((300, 1, 2), 1000, np.float32)))
def test_lightness_is_kept_to_eight_bits(both: tuple[np.ndarray, np.ndarray]) -> None:
    """The L* of every pixel differs from the input by less than one 8-bit step of each channel."""
    light, ab = both
    gray = np.rint(light * 2.55).astype(np.uint8)
    wanted = lightness(gray)
    rgb = join(wanted, ab, ratio)
    assert rgb.shape == (*light.shape, 3)
    assert rgb.dtype == np.uint8
    found = rgb2lab(rgb)[..., 0]
    assert np.abs(found - wanted).max() < bound(rgb)
    wide = join(wanted, ab, ratio, dtype=np.uint16)
    assert np.abs(rgb2lab(wide)[..., 0] - wanted).max() < 0.35


def bound(rgb: np.ndarray) -> float:
    """Return the largest change of L* by half a step of all channels, plus 0.3."""
    inner = np.clip(rgb.astype(float), 0.5, 254.5)
    steps = rgb2lab((inner + 0.5) / 255)[..., 0] - rgb2lab((inner - 0.5) / 255)[..., 0]
    return float(steps.max()) / 2 + 0.3


@thorough
@given(pictures(1e6), st.sampled_from(["ratio", "slide", "none"]))
def test_refinement_of_any_chroma_gives_a_valid_picture(
    both: tuple[np.ndarray, np.ndarray], how: str
) -> None:
    light, ab = both
    refine = {"ratio": ratio, "slide": slide, "none": none}[how]
    assert join(light, ab, refine).shape == (*light.shape, 3)
    full = chroma_field(light, ab).chroma_of_block(0, 0, light)
    assert np.isfinite(refine(light, full)).all()


@thorough
@given(SHAPES.flatmap(lambda s: st.tuples(planes(s, 0, 100), planes((*s, 2), -1e6, 1e6))))
@example((np.full((1, 1), TINY, np.float32), np.full((1, 1, 2), TINY, np.float32)))
def test_ratio_keeps_the_ratio(both: tuple[np.ndarray, np.ndarray]) -> None:
    """Refinement "ratio" multiplies a* and b* by one factor from 0 to 1."""
    light, ab = both
    refined = ratio(light, ab).astype(np.float64)
    given_ = ab.astype(np.float64)
    assert np.isfinite(refined).all()
    assert (np.abs(refined) <= np.abs(given_) * (1 + 1e-5)).all()
    assert (refined * given_ >= 0).all()
    cross = refined[..., 0] * given_[..., 1] - refined[..., 1] * given_[..., 0]
    scale = np.linalg.norm(refined, axis=-1) * np.linalg.norm(given_, axis=-1)
    assert (np.abs(cross) <= 1e-5 * scale + 1e-30).all()


@thorough
@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40).map(lambda s: (*s, 3))))
def test_rgb_comes_back_from_lab(rgb: np.ndarray) -> None:
    lab = rgb_to_lab(rgb)
    assert np.isfinite(lab).all()
    assert np.array_equal(np.rint(lab_to_rgb(lab) * 255), rgb)
    np.testing.assert_allclose(lightness(rgb), lab[..., 0], atol=0.02)


@thorough
@given(SHAPES.flatmap(lambda s: st.tuples(planes(s, 0, 100), planes((*s, 2), -ANY, ANY))))
def test_any_lab_value_converts_to_valid_rgb(both: tuple[np.ndarray, np.ndarray]) -> None:
    light, ab = both
    rgb = lab_to_rgb(np.dstack([light, np.clip(ab, -1e6, 1e6)]))
    assert np.isfinite(rgb).all()
    assert rgb.min() >= 0
    assert rgb.max() <= 1


@thorough
@given(
    st.one_of(st.none(), st.integers(1, 2048)), st.booleans(), st.integers(1, 64),
    st.integers(1, 200_000), st.integers(1, 200_000),
)  # fmt: skip
def test_working_shapes_are_bounded(
    short: int | None, square: bool, multiple: int, height: int, width: int
) -> None:
    size = WorkingSize(short, square and short is not None, multiple)
    found = working_shape(size, height, width)
    for side, own in zip(found, (height, width), strict=True):
        assert side >= 1
        assert side % multiple == 0
        wanted = max(own, MIN_SIDE) if short is None else MAX_RATIO * short
        assert side <= wanted + multiple
    if short is not None:
        assert min(found) >= min(short - multiple / 2, max(multiple, short - multiple / 2))


@thorough
@given(lightnesses(-1e6, 1e6), st.tuples(SIDES, SIDES))
def test_resized_values_stay_between_minimum_and_maximum(
    plane: np.ndarray, size: tuple[int, int]
) -> None:
    found = resize(plane, size)
    assert found.shape == size[::-1]
    slack = 1e-3 + 1e-5 * np.abs(plane).max()
    assert found.min() >= plane.min() - slack
    assert found.max() <= plane.max() + slack


@thorough
@given(pictures(200.0), st.booleans())
def test_chroma_is_finite_along_any_edges(both: tuple[np.ndarray, np.ndarray], exact: bool) -> None:
    light, ab = both
    field = chroma_field(light, ab, exact)
    whole = field.chroma_of_block(0, 0, light)
    assert whole.shape == (*light.shape, 2)
    assert np.isfinite(whole).all()
    assert np.abs(whole).max() < 1e5
