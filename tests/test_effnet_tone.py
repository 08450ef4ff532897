"""Chroma near black and near white in `effnet_bins`, in NumPy and in an exported file."""

from __future__ import annotations

import numpy as np
import pytest

from colortk.runtime.picture_graph.plugin_graph import PictureGraph
from colortk_plugins.effnet_bins.tone import add_usual_tone, interpolation, with_usual_tone
from exported_files import evaluated


def test_black_and_white_lose_chroma_and_middle_tones_keep_it() -> None:
    lightness = np.array([[0, 4, 18, 32, 55, 80, 88.5, 97, 100]], np.float32)
    ab = np.full((1, 9, 2), (30, -12), np.float32)
    kept = ab.copy()
    share = with_usual_tone(ab, lightness) / ab
    assert share.dtype == np.float32
    np.testing.assert_allclose(share[..., 0], share[..., 1], rtol=1e-6)
    expected = [0.4, 0.4, 0.7, 1, 1, 1, 0.75, 0.5, 0.5]
    np.testing.assert_allclose(share[0, :, 0], expected, atol=1e-5)
    assert (ab == kept).all()


def test_interpolation_equals_that_of_numpy() -> None:
    x = np.linspace(-20, 120, 1001, dtype=np.float32)
    corners, values = (0, 6, 10, 64, 98, 100), (0.1, 0.33, 0.45, 1, 0.28, 0.2)
    np.testing.assert_allclose(
        interpolation(x, corners, values), np.interp(x, corners, values), atol=1e-5
    )


def test_several_versions_are_reduced_alike() -> None:
    lightness = np.linspace(0, 100, 12, dtype=np.float32).reshape(3, 4)
    versions = np.random.default_rng(0).normal(0, 20, (2, 3, 4, 2)).astype(np.float32)
    both = with_usual_tone(versions, lightness)
    for version, alone in zip(versions, both, strict=True):
        np.testing.assert_array_equal(with_usual_tone(version, lightness), alone)


def test_an_exported_file_reduces_chroma_alike() -> None:
    pytest.importorskip("onnx")
    lightness = np.linspace(0, 100, 96, dtype=np.float32).reshape(8, 12)
    ab = np.random.default_rng(0).normal(0, 20, (8, 12, 2)).astype(np.float32)
    graph = PictureGraph(64)
    planes = graph.array(np.moveaxis(ab, -1, 0)[None])
    (result,) = evaluated(graph, {}, [add_usual_tone(planes, graph.array(lightness[None, None]))])
    np.testing.assert_allclose(
        np.moveaxis(result[0], 0, -1), with_usual_tone(ab, lightness), atol=1e-4
    )
