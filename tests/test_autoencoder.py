"""The colorizer of Darban (2024): its mean of several views, against plain ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest
from PIL import Image

from colortk.color.cielab import lightness
from colortk.runtime.loading import PluginRequest, load
from conftest import photo


def alone(plane: np.ndarray) -> np.ndarray:
    """Return chroma (H, W, 2) of L* (H, W), predicted by the network alone."""
    from importlib.resources import files

    path = files("colortk_plugins.autoencoder").joinpath("artifacts", "network.onnx")
    network = onnxruntime.InferenceSession(path.read_bytes())
    (answer,) = network.run(None, {network.get_inputs()[0].name: plane[None, None] / 100})
    return np.asarray(answer[0].transpose(1, 2, 0) * 128)


def mirrored(answer: Callable[[np.ndarray], np.ndarray], seen: np.ndarray) -> np.ndarray:
    """Return the mean of the prediction and of the mirrored prediction."""
    return (answer(seen) + np.fliplr(answer(np.ascontiguousarray(np.fliplr(seen))))) / 2


@pytest.mark.parametrize(
    ("shape", "halved"),
    [((64, 96), (32, 48)), ((256, 256), (128, 128)), ((8, 40), (8, 16)), ((256, 344), (128, 176))],
)
@pytest.mark.slow
def test_prediction_is_the_mean_of_two_sizes_and_their_mirrors(
    shape: tuple[int, int], halved: tuple[int, int]
) -> None:
    seen = lightness(photo(*shape, 3))
    height, width = shape
    half = cv2.resize(seen, halved[::-1], interpolation=cv2.INTER_AREA)

    def grown(chroma: np.ndarray) -> np.ndarray:
        return cv2.resize(chroma, (width, height), interpolation=cv2.INTER_LINEAR)

    views = {
        (): (mirrored(alone, seen) + grown(mirrored(alone, half))) / 2,
        ("sizes=1",): mirrored(alone, seen),
        ("mirrored=off",): (alone(seen) + grown(alone(half))) / 2,
        ("sizes=1", "mirrored=off"): alone(seen),
    }
    for options, expected in views.items():
        found = load(PluginRequest("autoencoder", options)).predict(seen)
        assert np.abs(found - expected).max() < 1e-2, options
    for options in list(views)[1:]:
        assert np.abs(views[()] - views[options]).max() > 0.1, options


def test_a_mirrored_picture_gets_mirrored_colors() -> None:
    seen = lightness(photo(96, 128, 3))
    ask = load(PluginRequest("autoencoder")).predict
    answer = ask(np.ascontiguousarray(np.fliplr(seen)))
    assert np.abs(answer - np.fliplr(ask(seen))).max() < 1e-3


def test_other_sizes_are_refused(colortk: Callable[..., Any], tmp_path: Path) -> None:
    Image.fromarray(photo(20, 30)).save(tmp_path / "a.png")
    run = colortk("run", "-p", "autoencoder", "--option", "sizes=3", tmp_path / "a.png")
    assert run.returncode == 2
    assert "sizes=3: use 1 or 2" in run.stderr
    assert run.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
