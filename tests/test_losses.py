"""Losses in ``keras.ops`` against the metrics, which are tested against other implementations."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")

from colortk.color.cielab import lab_to_rgb
from colortk.harness.metrics.cms_ssim import THRESHOLD
from colortk.harness.metrics.structure import Pyramid, StructuralSimilarity

pytestmark = pytest.mark.slow


def chroma(side: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two similar smooth chroma pictures, float32 (side, side, 2)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    truth = np.stack([40 * np.sin(7 * x) * y, 30 * np.cos(9 * y + x)], -1)
    answer = 0.7 * truth + rng.normal(0, 4, truth.shape) + 3
    return truth.astype(np.float32), answer.astype(np.float32)


@pytest.mark.parametrize("side", [256, 128, 40])
def test_ms_ssim_of_chroma_is_the_metric(side: int) -> None:
    from colortk.training.loop.losses import ms_ssim_ab

    both = [chroma(side, seed) for seed in (0, 1)]
    truth, answer = (np.stack(planes) for planes in zip(*both, strict=True))
    found = float(ms_ssim_ab(truth, answer))
    wanted = [
        StructuralSimilarity(
            Pyramid([t[..., 0], t[..., 1]], 255.0, 128.0),
            Pyramid([a[..., 0], a[..., 1]], 255.0, 128.0),
        ).multiscale
        for t, a in both
    ]
    assert 0.5 < np.mean(wanted) < 0.99
    assert found == pytest.approx(np.mean(wanted), abs=2e-5)


def test_the_loss_is_one_minus_structure_times_color() -> None:
    from colortk.training.loop.losses import color_ms_ssim, ms_ssim_ab

    truth, answer = (planes[None] for planes in chroma(64, 3))
    loss = color_ms_ssim(110.0)
    distance = np.linalg.norm(truth - answer, axis=-1)
    color = 1 - np.minimum(distance, THRESHOLD).mean() / THRESHOLD
    wanted = 1 - float(ms_ssim_ab(truth, answer)) * color
    assert float(loss(truth / 110, answer / 110)) == pytest.approx(wanted, abs=1e-4)
    assert float(loss(truth / 110, truth / 110)) == pytest.approx(0, abs=1e-4)


def test_the_loss_has_a_gradient_everywhere() -> None:
    """Also if a network predicts a constant color, or the opposite of the truth."""
    import keras

    from colortk.training.loop.losses import color_ms_ssim

    truth, _ = chroma(48, 5)
    for answer in (np.zeros_like(truth), -truth, truth):
        inputs = keras.Input((48, 48, 2))
        network = keras.Model(inputs, keras.layers.Dense(2, kernel_initializer="identity")(inputs))
        network.compile(keras.optimizers.SGD(0.1), color_ms_ssim(110.0))
        loss = network.train_on_batch(answer[None] / 110, truth[None] / 110)
        assert np.isfinite(loss)
        assert all(np.isfinite(w).all() for w in network.get_weights())


def test_gray_inputs_of_color_and_gray_pictures() -> None:
    from skimage.color import rgb2gray, rgb2lab

    from colortk_plugins.autoencoder.assess import gray_inputs

    lab = np.dstack([np.full((8, 8), 55.0), *np.moveaxis(chroma(8, 0)[0], -1, 0)])
    rgb = np.rint(lab_to_rgb(lab.astype(np.float32)) * 255).astype(np.uint8)
    found = gray_inputs(rgb)
    assert np.abs(found["read"] - rgb2lab(rgb)[..., 0]).max() < 0.02
    luma = rgb @ np.array([0.299, 0.587, 0.114])
    repeated = np.rint(luma)[..., None].repeat(3, 2).astype(np.uint8)
    assert np.abs(found["repeated"] - rgb2lab(repeated)[..., 0]).max() < 0.6
    assert np.abs(found["repeated"] - found["read"]).max() > 1, "they differ in colors"
    gray = np.rint(255 * rgb2gray(rgb))[..., None].repeat(3, 2).astype(np.uint8)
    same = gray_inputs(gray)
    assert np.abs(same["repeated"] - same["read"]).max() < 0.02
