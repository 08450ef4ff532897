"""Chroma from the working size to full size: sharp at edges, flat elsewhere, any band."""

from __future__ import annotations

import numpy as np
import pytest

from colortk.color.upsample import chroma_field, resize
from colortk.color.working_size import working_shape
from colortk.plugin.spec import WorkingSize


def edge(size: int = 512) -> tuple[np.ndarray, np.ndarray]:
    """Return L* and ab of a picture that is dark red on the left and light green on the right."""
    rng = np.random.default_rng(0)
    right = np.arange(size)[None, :] >= size // 2 + 3
    lightness = np.where(right, 70, 30) + rng.normal(0, 1, (size, size))
    ab = np.where(right[..., None], [-30, 20], [40, 10]) * np.ones((size, 1, 1))
    return lightness.astype(np.float32), ab.astype(np.float32)


def test_equal_size_passes_unchanged() -> None:
    lightness, ab = edge(64)
    np.testing.assert_array_equal(chroma_field(lightness, ab).chroma_of_block(0, 0, lightness), ab)


def test_an_upsampled_edge_is_sharper_than_bilinear() -> None:
    lightness, truth = edge()
    small = resize(truth, (32, 32))
    near = slice(256 - 24, 256 + 24)

    def error(ab: np.ndarray) -> float:
        return float(np.abs(ab - truth)[:, near].mean())

    guided = chroma_field(lightness, small).chroma_of_block(0, 0, lightness)
    bilinear = resize(small, (512, 512))
    assert error(guided) < 0.35 * error(bilinear)


def test_texture_does_not_leak_into_flat_color() -> None:
    lightness, _ = edge()
    flat = np.full((32, 32, 2), 12, np.float32)
    ab = chroma_field(lightness, flat).chroma_of_block(0, 0, lightness)
    np.testing.assert_allclose(ab, 12, atol=0.01)


@pytest.mark.parametrize("shape", [(700, 500), (1500, 1100), (33, 1200)])
def test_bands_join_without_seams(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    lightness = rng.uniform(0, 100, shape).astype(np.float32)
    field = chroma_field(lightness, rng.normal(0, 20, (24, 40, 2)).astype(np.float32))
    whole = field.chroma_of_block(0, 0, lightness)
    parts = np.empty_like(whole)
    for top in range(0, shape[0], 97):
        for left in range(0, shape[1], 211):
            at = slice(top, top + 97), slice(left, left + 211)
            parts[at] = field.chroma_of_block(top, left, lightness[at])
    np.testing.assert_allclose(parts, whole, atol=1e-2)


@pytest.mark.parametrize(
    ("size", "shape", "expected"),
    [
        (WorkingSize(128), (480, 640), (128, 171)),
        (WorkingSize(128), (4000, 6000), (128, 192)),
        (WorkingSize(128), (64, 64), (128, 128)),
        (WorkingSize(128), (1, 1), (128, 128)),
        (WorkingSize(128), (1, 5000), (128, 512)),
        (WorkingSize(256, square=True), (480, 640), (256, 256)),
        (WorkingSize(256, multiple=32), (480, 640), (256, 352)),
        (WorkingSize(None), (480, 641), (480, 641)),
        (WorkingSize(None), (1, 5000), (16, 5000)),
    ],
)
def test_the_working_shape_follows_the_short_side(
    size: WorkingSize, shape: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert working_shape(size, *shape) == expected


@pytest.mark.parametrize("size", [(9, 5), (40, 30)])
def test_features_of_many_channels_are_scaled_one_by_one(size: tuple[int, int]) -> None:
    features = np.random.default_rng(0).normal(0, 1, (10, 18, 9)).astype(np.float32)
    scaled = resize(features, size)
    assert scaled.shape == (size[1], size[0], 9)
    for channel in range(9):
        alone = resize(np.ascontiguousarray(features[..., channel]), size)
        np.testing.assert_allclose(scaled[..., channel], alone, atol=1e-5)
