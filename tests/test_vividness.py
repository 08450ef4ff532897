"""``--vividness``: one dial from accurate to as colorful as photographs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage import data
from skimage.color import rgb2lab

import colortk


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    picture: np.ndarray = data.chelsea()[:, 20:320]
    return picture


def mean_chroma(picture: np.ndarray) -> float:
    lab = rgb2lab(picture)
    return float(np.hypot(lab[..., 1], lab[..., 2]).mean())


def test_chroma_rises_with_the_dial_and_lightness_stays(photograph: np.ndarray) -> None:
    results = [
        colortk.colorize(photograph, options={"vividness": amount}, threads=1)
        for amount in (0.0, 0.25, 1.0)
    ]
    chroma = [mean_chroma(result) for result in results]
    assert chroma[0] < 0.97 * chroma[1]
    assert chroma[1] < 0.9 * chroma[2]
    lightness = [rgb2lab(result)[..., 0] for result in results]
    assert max(np.abs(plane - lightness[0]).mean() for plane in lightness) < 0.2
    assert (colortk.colorize(photograph, threads=1) == results[1]).all()


@pytest.mark.slow
def test_the_command_has_the_dial(
    photograph: np.ndarray, colortk: Callable[..., Any], tmp_path: Path
) -> None:
    Image.fromarray(photograph).save(tmp_path / "cat.png")

    def run(name: str, *options: str) -> bytes:
        result = colortk("run", "cat.png", "-o", name, *options, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        return (tmp_path / name).read_bytes()

    vivid = run("a.png", "--vividness", "1")
    assert vivid == run("b.png", "--option", "vividness=1.0")
    assert vivid == run("c.png", "--option", "vivid=3")
    assert vivid != run("d.png")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-p", "gray", "--vividness", "1"), "plugin 'gray' has no options: got 'vividness'"),
        (("--vividness", "1.5"), "1.5 is not in the range 0<=x<=1"),
        (("--vividness", "0.25", "--option", "vivid=2"), "give one of them"),
        (("--vividness", "1", "--option", "vividness=0.5"), "give one of them"),
        (("--option", "vividness=0.5", "--option", "vivid=2"), "give one of them"),
    ],
)
def test_a_wrong_dial_is_one_line(
    options: tuple[str, ...],
    message: str,
    photograph: np.ndarray,
    colortk: Callable[..., Any],
    tmp_path: Path,
) -> None:
    Image.fromarray(photograph).save(tmp_path / "cat.png")
    result = colortk("run", "cat.png", *options, cwd=tmp_path)
    assert result.returncode == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert sorted(p.name for p in tmp_path.glob("*.png")) == ["cat.png"]
