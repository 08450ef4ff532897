"""SIFT descriptors against OpenCV, and the inputs of the networks of `sift_mlp`."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from colortk_plugins.sift_mlp import features
from colortk_plugins.sift_mlp.dense_sift import dense_sift, grid_positions, mirror_permutation


@pytest.mark.parametrize("cell", [4, 6, 9])
def test_dense_sift_equals_opencv(photograph_lightness: np.ndarray, cell: int) -> None:
    gray = np.rint(photograph_lightness * 2.55).astype(np.uint8)
    rows, columns = 16, 24  # every 16 pixels; OpenCV rounds the positions at half pixels
    mine, _ = dense_sift(gray.astype(np.float32), rows, columns, cell)
    # OpenCV smooths by the pyramid layer of the key point: 1.6 · 2^(layer / 3).
    layer = max(0, round(3 * np.log2(0.3 * cell / 1.6)))
    points = [
        cv2.KeyPoint(float(x), float(y), cell * 2 / 3, 0.0, 1.0, layer << 8)
        for y in grid_positions(256, rows)
        for x in grid_positions(384, columns)
    ]
    _, theirs = cv2.SIFT_create().compute(gray, points)
    theirs = theirs.reshape(rows, columns, 128)
    inner = slice(3, -3)  # OpenCV ignores pixels outside the picture
    a, b = mine[inner, inner], theirs[inner, inner]
    cosine = (a * b).sum(-1) / np.maximum(np.linalg.norm(b, axis=-1), 1e-9)
    assert np.median(cosine) > 0.97
    assert np.percentile(cosine, 5) > 0.93


def test_descriptors_are_normalized_and_flat_ones_are_zero(
    photograph_lightness: np.ndarray,
) -> None:
    descriptors, contrast = dense_sift(photograph_lightness, 8, 12, 5)
    np.testing.assert_allclose(np.linalg.norm(descriptors, axis=-1), 1, atol=1e-3)
    assert (contrast > 0).all()
    flat, nothing = dense_sift(np.full((64, 64), 50, np.float32), 8, 8, 5)
    assert not flat.any()
    assert not nothing.any()


def test_contrast_scales_with_the_picture_and_descriptors_do_not(
    photograph_lightness: np.ndarray,
) -> None:
    one, contrast = dense_sift(photograph_lightness, 8, 12, 5)
    half, weaker = dense_sift(photograph_lightness / 2, 8, 12, 5)
    np.testing.assert_allclose(half, one, atol=1e-4)
    np.testing.assert_allclose(weaker, contrast / 2, rtol=1e-3)


def test_a_mirrored_picture_has_mirrored_descriptors(photograph_lightness: np.ndarray) -> None:
    here, _ = dense_sift(photograph_lightness, 8, 12, 5)
    there, _ = dense_sift(np.ascontiguousarray(photograph_lightness[:, ::-1]), 8, 12, 5)
    np.testing.assert_allclose(there[:, ::-1][..., mirror_permutation()], here, atol=1e-4)


def test_features_have_the_shapes_they_promise(photograph_lightness: np.ndarray) -> None:
    found = features.extract_features(photograph_lightness, 10, 14)
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
