"""The file of ``effnet_bins`` can end in expected colors; colors and variants stay the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from skimage import data
from skimage.color import rgb2lab

from colortk.plugin import OnnxNetwork
from colortk.runtime.loading import PluginRequest, load

pytest.importorskip("onnx")
from colortk_plugins import effnet_bins
from colortk_plugins.effnet_bins.codec import CHANNELS, DISTRIBUTION, Bins
from colortk_plugins.effnet_bins.tail import with_expected_color

WEIGHTS = Path(effnet_bins.__file__).parent / "artifacts" / "network.onnx"


@pytest.fixture(scope="module")
def lightness() -> np.ndarray:
    picture = data.astronaut()[:128, 64:224]
    plane: np.ndarray = rgb2lab(picture)[..., 0].astype(np.float32)
    return plane


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tail") / "network.onnx"
    path.write_bytes(with_expected_color(WEIGHTS.read_bytes()))
    return path


def test_the_tail_computes_what_the_codec_computes(lightness: np.ndarray, short: Path) -> None:
    x = Bins().inputs(lightness[None])
    logits = OnnxNetwork(WEIGHTS.read_bytes()).predict(x)
    means = OnnxNetwork(short).predict(x)
    assert means.shape == (*logits.shape[:-1], CHANNELS)
    for found, wanted in zip(
        Bins().chroma_and_certainty(means), Bins().chroma_and_certainty(logits), strict=True
    ):
        np.testing.assert_allclose(found, wanted, atol=1e-3)
    name = OnnxNetwork(short).input_names[0]
    inside = OnnxNetwork(short, features=(DISTRIBUTION,)).run({name: x}, (DISTRIBUTION,))
    np.testing.assert_allclose(inside[DISTRIBUTION], logits, atol=1e-5)


@pytest.mark.parametrize("options", [(), ("temperature=0.5",), ("vividness=1",)])
def test_colors_and_variants_are_those_without_a_tail(
    options: tuple[str, ...], lightness: np.ndarray, short: Path
) -> None:
    usual = load(PluginRequest("effnet_bins", options))
    ours = load(PluginRequest("effnet_bins", options, short.parent))
    np.testing.assert_allclose(ours.predict(lightness), usual.predict(lightness), atol=2e-3)
    if not options:
        np.testing.assert_allclose(
            ours.predict_samples(lightness, 3, 1),
            usual.predict_samples(lightness, 3, 1),
            atol=2e-3,
        )


def test_a_network_without_logits_stays_as_it_is() -> None:
    from tiny_network import A, B, tiny

    assert with_expected_color(tiny(A, B)) == tiny(A, B)
