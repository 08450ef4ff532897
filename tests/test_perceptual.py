"""LPIPS as a loss against LPIPS as a metric, which is tested against other implementations."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import lab2rgb, rgb2lab

pytest.importorskip("keras")
pytest.importorskip("onnx")

from colortk.harness.metrics.lpips import lpips as metric
from colortk.harness.metrics.pair import Pair, Truth
from conftest import photo

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("side", [31, 64, 128])
def test_the_perceptual_loss_equals_lpips(side: int) -> None:
    from colortk.training.loop.perceptual import lpips

    truth = np.stack([photo(side, side, seed) for seed in (0, 1)])
    lab = rgb2lab(truth) * [1, 0.3, 0.5]
    answer = np.rint(lab2rgb(lab) * 255).astype(np.uint8)
    found = np.asarray(lpips(truth.astype(np.float32) / 255, answer.astype(np.float32) / 255))
    wanted = [metric(Pair(Truth(t), a)) for t, a in zip(truth, answer, strict=True)]
    assert min(wanted) > 0.01
    assert found == pytest.approx(wanted, abs=2e-5)
    same = truth.astype(np.float32) / 255
    assert float(np.abs(np.asarray(lpips(same, same))).max()) < 1e-6


@pytest.mark.parametrize("side", [31, 72])
def test_the_pytorch_loss_equals_lpips(side: int) -> None:
    torch = pytest.importorskip("torch")
    from colortk.training.torch.perceptual import features

    truth = np.stack([photo(side, side, seed) for seed in (0, 1)])
    answer = truth[..., ::-1]
    maps = [
        features(torch.as_tensor(np.ascontiguousarray(pictures, np.float32)) / 255, "float32")
        for pictures in (truth, answer)
    ]
    found = sum(
        (one - other).square().sum(-1).mean((1, 2)) for one, other in zip(*maps, strict=True)
    )
    wanted = [metric(Pair(Truth(t), a)) for t, a in zip(truth, answer, strict=True)]
    assert min(wanted) > 0.01
    assert found.numpy() == pytest.approx(wanted, abs=2e-5)


def test_rgb_of_the_loss_equals_scikit_image() -> None:
    from colortk.training.loop.perceptual import lab_to_rgb

    rng = np.random.default_rng(0)
    lab = np.stack([rng.uniform(30, 100, (1, 32, 32)), *rng.uniform(-45, 45, (2, 1, 32, 32))], -1)
    lab = lab.astype(np.float32)
    found = np.asarray(lab_to_rgb(lab[..., :1], lab[..., 1:]))
    wanted = np.clip(lab2rgb(lab[0]), 0, 1)[None]
    inside = (wanted > 0) & (wanted < 1)
    assert np.abs(found - wanted)[inside].max() < 2e-3
    assert np.abs(found - wanted).max() < 0.02


def test_a_gradient_step_reduces_the_perceptual_loss() -> None:
    """The gradient passes color conversion and network, even from a gray picture."""
    import keras

    from colortk.training.loop.perceptual import lab_to_rgb, lpips

    lab = rgb2lab(photo(64, 64)).astype(np.float32)[None]
    truth = lab2rgb(lab[0])[None].astype(np.float32)

    class Loss(keras.losses.Loss):  # type: ignore[misc]
        def call(self, y_true: object, y_pred: object) -> object:
            return lpips(truth, lab_to_rgb(lab[..., :1], y_pred))

    inputs = keras.Input((64, 64, 2))
    x = keras.layers.Dense(2, kernel_initializer="zeros")(inputs)
    network = keras.Model(inputs, x)
    network.compile(keras.optimizers.Adam(1.0), Loss())
    losses = [float(network.train_on_batch(lab[..., 1:] / 10, lab[..., 1:])) for _ in range(8)]
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.8 * losses[0]
