"""Training of `effnet_bins`: losses against SciPy and NumPy, trained layers, wrong options."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.special import huber, log_softmax, softmax
from skimage.color import rgb2lab

from colortk.training.request import TrainRequest
from colortk_plugins.effnet_bins.bins import CENTERS
from colortk_plugins.effnet_bins.encoder import SIZES
from colortk_plugins.effnet_bins.training import BLOCKS, Training
from conftest import photo

pytest.importorskip("keras")

from colortk_plugins.effnet_bins import losses
from colortk_plugins.effnet_bins.prior import color_prior, soft_counts
from colortk_plugins.effnet_bins.train import build_network, make_recipe

# Keras converts its variables to arrays in a way that NumPy 2 deprecates.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def gaussian(ab: np.ndarray) -> np.ndarray:
    """Return the probability of every bin under a normal distribution around a color."""
    distance = ((ab[..., None, :].astype(np.float64) - CENTERS) ** 2).sum(-1)
    density = np.exp(-distance / (2 * 5.0**2))
    return np.asarray(density / density.sum(-1, keepdims=True))


def test_statistics_are_means_and_deviations_of_each_picture(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    truth, answer = pair
    ab = quarter(truth).astype(np.float64)
    color = softmax(answer[..., :-2].astype(np.float64), -1) @ CENTERS + 10 * answer[..., -2:]
    off = [
        np.abs(about(color, axis=(1, 2)) - about(ab, axis=(1, 2))).mean() / 10
        for about in (np.mean, np.std)
    ]
    without, found = (
        float(losses.color_loss("both", statistics=weight)(truth, answer)) for weight in (0.0, 3.0)
    )
    assert found - without == pytest.approx(3 * np.mean(off), rel=1e-3)


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    """True Lab (2, 32, 32, 3) and network output (2, 8, 8, bins + 2)."""
    truth = np.stack([rgb2lab(photo(32, 32, seed)) for seed in (0, 1)]).astype(np.float32)
    answer = np.random.default_rng(0).normal(0, 1, (2, 8, 8, len(CENTERS) + 2))
    return truth, answer.astype(np.float32)


def quarter(truth: np.ndarray) -> np.ndarray:
    return truth[..., 1:].reshape(2, 8, 4, 8, 4, 2).mean((2, 4))


def test_cross_entropy_is_of_a_gaussian_about_the_true_color(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    truth, answer = pair
    likely = gaussian(quarter(truth))
    surprise = -(likely * log_softmax(answer[..., :-2].astype(np.float64), -1)).sum(-1)
    found = float(losses.color_loss("bins")(truth, answer[..., :-2]))
    assert found == pytest.approx(surprise.mean(), rel=1e-4)
    weights = np.random.default_rng(1).uniform(0.2, 3, len(CENTERS)).astype(np.float32)
    weighted = float(losses.color_loss("bins", weights)(truth, answer[..., :-2]))
    assert weighted == pytest.approx((surprise * (likely @ weights)).mean(), rel=1e-4)


def test_smooth_l1_is_of_the_color_that_is_served(pair: tuple[np.ndarray, np.ndarray]) -> None:
    truth, answer = pair
    served = softmax(answer[..., :-2].astype(np.float64), -1) @ CENTERS + 10 * answer[..., -2:]
    expected = huber(1, (served - quarter(truth)) / 10).mean()
    plain = float(losses.color_loss("both")(truth, answer))
    found = float(losses.color_loss("both", regression=0.5)(truth, answer))
    assert found - plain == pytest.approx(0.5 * expected, rel=1e-3)
    alone = float(losses.color_loss("regression", regression=1.0)(truth, answer[..., -2:]))
    assert alone == pytest.approx(huber(1, answer[..., -2:] - quarter(truth) / 10).mean(), rel=1e-3)


def test_coarse_errors_are_of_averaged_colors(pair: tuple[np.ndarray, np.ndarray]) -> None:
    truth, answer = pair
    color, ab = (
        answer[..., -2:].astype(np.float64) * 10,
        quarter(truth).astype(np.float64),
    )
    expected = np.mean(
        [
            huber(1, (color - ab).reshape(2, 8 // n, n, 8 // n, n, 2).mean((2, 4)) / 10).mean()
            for n in (2, 4, 8)
        ]
    )
    assert float(losses.coarse(color, ab)) == pytest.approx(expected, rel=1e-4)


def test_pixels_of_one_true_color_should_get_one_color() -> None:
    """The loss equals a loop over all pairs of pixels; a uniform shift adds no loss."""
    rng = np.random.default_rng(3)
    ab, color = rng.uniform(-30, 30, (2, 1, 9, 8, 2))
    weighted, weights = 0.0, 1e-3
    for down, right in losses.OFFSETS:
        for y in range(9):
            for x in range(8):
                if not (y + down < 9 and 0 <= x + right < 8):
                    continue
                one, other = ab[0, y, x], ab[0, y + down, x + right]
                weight = np.exp(-((one - other) ** 2).sum() / 72)
                weight *= np.hypot(*one) / (np.hypot(*one) + 10)
                difference = color[0, y, x] - color[0, y + down, x + right] - one + other
                weighted += weight * huber(1, difference / 10).sum()
                weights += weight
    assert float(losses.inconsistent(color, ab)) == pytest.approx(weighted / weights, rel=1e-3)
    assert float(losses.inconsistent(ab + 25, ab)) < 1e-6
    flat = np.full((1, 16, 16, 2), 30.0)
    split = flat.copy()
    split[:, :, 8:] = -30
    assert float(losses.inconsistent(split, flat)) > 1


def test_partial_lpips_uses_the_first_pictures_of_the_batch() -> None:
    truth = np.stack([rgb2lab(photo(64, 64, seed)) for seed in range(4)]).astype(np.float32)
    answer = np.zeros((4, 16, 16, 2), np.float32)
    part = losses.color_loss("regression", perceptual=1.0, perceptual_part=0.5)
    whole = losses.color_loss("regression", perceptual=1.0)
    assert float(part(truth, answer)) == pytest.approx(float(whole(truth[:2], answer[:2])))
    assert float(part(truth, answer)) != pytest.approx(float(whole(truth, answer)), rel=1e-3)


def test_the_original_has_no_perceptual_loss_but_gray_has() -> None:
    truth = np.stack(
        [rgb2lab(np.full((64, 64, 3), v, np.uint8)) for v in ((200, 60, 40), (40, 90, 200))]
    )
    truth = truth.astype(np.float32)
    loss = losses.color_loss("regression", perceptual=1.0)
    right = np.broadcast_to(truth[:, :1, :1, 1:] / 10, (2, 16, 16, 2)).astype(np.float32)
    assert float(loss(truth, right)) < 1e-4
    assert float(loss(truth, np.zeros_like(right))) > 0.05


def test_rare_colors_count_more_and_the_mean_stays() -> None:
    share = np.random.default_rng(0).dirichlet(np.full(len(CENTERS), 0.3))
    weights = losses.class_weights(share, 0.5)
    assert float(weights @ share) == pytest.approx(1, rel=1e-5)
    assert weights[share.argmax()] == weights.min()
    expected = 1 / (0.5 * share + 0.5 / len(CENTERS))
    assert weights / weights[0] == pytest.approx(expected / expected[0], rel=1e-4)
    assert losses.class_weights(share, 1) == pytest.approx(np.ones(len(CENTERS)))


def test_the_prior_is_computed_from_the_pictures(tmp_path: Path) -> None:
    for number in range(12):
        Image.new("RGB", (40, 40), (200, 60, 40)).save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    share = color_prior(TrainRequest(tmp_path, tmp_path / "out", tmp_path))
    assert share.sum() == pytest.approx(1)
    color = rgb2lab(np.array([[[200, 60, 40]]], np.uint8))[0, 0, 1:]
    assert np.abs(share - gaussian(color)).max() < 1e-2
    ab = np.random.default_rng(0).uniform(-60, 60, (50, 2)).astype(np.float32)
    assert soft_counts(ab) == pytest.approx(gaussian(ab).sum(0), abs=1e-4)


def trained(network: object) -> set[str]:
    return {layer.name for layer in network.layers if layer.trainable_weights}  # type: ignore[attr-defined]


def test_only_the_selected_layers_are_trained() -> None:
    everything = trained(build_network(Training(), has_encoder_weights=False))
    assert sum(count for count, _ in SIZES["lite2"]) == BLOCKS
    assert {"stem_conv", "stem_bn", "block20_bn2", "decoder_both"} <= everything
    frozen = trained(build_network(Training(frozen=21), has_encoder_weights=True))
    assert frozen == {name for name in everything if name.startswith("decoder")}
    some = trained(build_network(Training(frozen=3), has_encoder_weights=True))
    assert "block3_project_conv" in some
    assert not {name for name in some if name.startswith(("stem", "block0", "block2_"))}
    assert not {name for name in some if name.startswith("block") and "_bn" in name}


def test_a_pretrained_encoder_learns_slowly(tmp_path: Path) -> None:
    options = Training(frozen=0, encoder_rate=0.2, rebalance=1)
    fresh = make_recipe(TrainRequest(tmp_path, tmp_path, tmp_path, options=options)).layer_rates
    begun = make_recipe(
        TrainRequest(tmp_path, tmp_path, tmp_path, options=options, init_from=("effnet_bins",))
    ).layer_rates
    assert fresh is not None
    assert begun is not None
    assert fresh("block3_project_conv") == 1
    assert begun("block3_project_conv") == 0.2
    assert begun("decoder1_conv") == 1


def test_hint_layers_learn_faster_than_a_decoder_with_weights(tmp_path: Path) -> None:
    options = Training(decoder_rate=0.05, rebalance=1, hints=True)
    request = TrainRequest(tmp_path, tmp_path, tmp_path, options=options)
    fresh = make_recipe(request).layer_rates
    begun = make_recipe(replace(request, init_from=("effnet_bins",))).layer_rates
    assert fresh is not None
    assert begun is not None
    assert fresh("decoder1_conv") == 1
    assert begun("decoder1_conv") == begun("decoder_both") == 0.05
    assert begun("decoder_hint0_conv") == begun("decoder_hint_decoder1_conv") == 1


def test_averaged_weights_keep_16_bits(tmp_path: Path) -> None:
    eight, sixteen = (
        make_recipe(
            TrainRequest(tmp_path, tmp_path, tmp_path, options=Training(bits=bits, rebalance=1))
        )
        for bits in (8, 16)
    )
    assert eight.eight_bits is not None
    assert sixteen.eight_bits is None


@pytest.mark.parametrize(
    "wish",
    [{"head": "both "}, {"bits": 4}, {"frozen": 22}, {"rebalance": 0.0}, {"regression": -1.0}, {"statistics": -1.0}, {"encoder_rate": float("nan")},
     {"encoder": "lite9"}, {"decoder": "192-128"}, {"context": -1}, {"context": 1, "decoder": "100-96-64"},
     {"average": 1.0}, {"perceptual_part": 0.0}, {"decoder_rate": -0.1}, {"scales": -1.0}, {"consistency": -1.0},
     {"head": "regression", "regression": 0.0}],
)  # fmt: skip
def test_invalid_training_options_are_refused(wish: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=": use |needs"):
        Training(**wish)  # type: ignore[arg-type]
