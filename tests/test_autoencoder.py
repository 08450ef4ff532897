"""Document 002's colorizer: its answers at two sizes, against ONNX Runtime alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest
from PIL import Image

from colortk.color import lightness
from colortk.loading import Request, load
from conftest import photo


def alone(plane: np.ndarray) -> np.ndarray:
    """Chroma (H, W, 2) of L* (H, W), by the network and nothing else."""
    from importlib.resources import files

    path = files("colortk_plugins.autoencoder").joinpath("artifacts", "network.onnx")
    network = onnxruntime.InferenceSession(path.read_bytes())
    (answer,) = network.run(None, {network.get_inputs()[0].name: plane[None, None] / 100})
    return np.asarray(answer[0].transpose(1, 2, 0) * 128)


@pytest.mark.parametrize(
    ("shape", "halved"),
    [((64, 96), (32, 48)), ((256, 256), (128, 128)), ((8, 40), (8, 16)), ((256, 344), (128, 176))],
)
def test_the_answer_is_the_mean_of_two_sizes(
    shape: tuple[int, int], halved: tuple[int, int]
) -> None:
    seen = lightness(photo(*shape, 3))
    height, width = shape
    half = cv2.resize(seen, halved[::-1], interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(alone(half), (width, height), interpolation=cv2.INTER_LINEAR)
    whole = alone(seen)
    found = load(Request("autoencoder")).predict(seen)
    assert np.abs(found - (whole + coarse) / 2).max() < 1e-2
    assert np.abs(found - whole).max() > 0.1
    one = load(Request("autoencoder", ("sizes=1",))).predict(seen)
    assert np.abs(one - whole).max() < 1e-2


def test_other_sizes_are_refused(colortk: Callable[..., Any], tmp_path: Path) -> None:
    Image.fromarray(photo(20, 30)).save(tmp_path / "a.png")
    run = colortk("run", "-p", "autoencoder", "--option", "sizes=3", tmp_path / "a.png")
    assert run.returncode == 2
    assert "1 or 2 is wanted" in run.stderr
    assert run.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
