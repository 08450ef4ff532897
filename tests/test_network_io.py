"""The scaling of network inputs and outputs is invertible, and is that of the papers."""

from __future__ import annotations

import numpy as np

from colortk.runtime.network_io import LinearScaling
from training_recipes import CODEC


def test_linear_scaling_is_invertible() -> None:
    rng = np.random.default_rng(0)
    lightness = rng.uniform(0, 100, (2, 8, 6)).astype(np.float32)
    ab = rng.uniform(-90, 90, (2, 8, 6, 2)).astype(np.float32)
    x = CODEC.inputs(lightness)
    assert x.shape == (2, 8, 6, 1)
    assert x.dtype == np.float32
    assert np.allclose(x[..., 0] * 50 + 50, lightness, atol=1e-4)
    assert np.allclose(CODEC.chroma(CODEC.targets(ab, lightness), 8, 6), ab, atol=1e-4)
    three = LinearScaling(scale=128, chroma_scale=128, channels=3).inputs(lightness)
    assert three.shape == (2, 8, 6, 3)
    assert (three == three[..., :1]).all()


def test_codecs_of_acharya_scale_as_documented() -> None:
    from colortk_plugins.acharya.codec import MEAN, RELU, TANH

    rng = np.random.default_rng(0)
    lightness = rng.uniform(0, 100, (3, 128, 128)).astype(np.float32)
    ab = rng.uniform(-90, 90, (3, 128, 128, 2)).astype(np.float32)
    for codec in (MEAN, RELU, TANH):
        x = codec.inputs(lightness)
        assert x.shape == (3, 1, 128, 128)
        assert np.allclose(x[:, 0] * 255, lightness * 2.55, atol=1e-4)
    assert np.allclose(RELU.targets(ab, lightness)[:, 1] * 255 - 128, ab[..., 1], atol=1e-3)
    assert np.allclose(TANH.targets(ab, lightness)[:, 0] * 127, ab[..., 0], atol=1e-3)
    mean = MEAN.targets(ab, lightness)
    assert mean.shape == (3, 1, 1, 2)
    assert np.allclose(mean[:, 0, 0] * 255 - 128, ab.mean((1, 2), dtype=np.float64), atol=1e-3)
    for codec in (RELU, TANH):
        assert np.allclose(codec.chroma(codec.targets(ab, lightness), 128, 128), ab, atol=1e-3)
    even = MEAN.chroma(mean, 20, 30)
    assert even.shape == (3, 20, 30, 2)
    assert np.allclose(even[:, 7, 9], ab.mean((1, 2)), atol=1e-3)
