"""``colortk.colorize_video``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import colortk
from colortk.errors import PictureError, UsageError
from films import decoded, film


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return film(tmp_path / "in.mkv", frames=4, size=(48, 64), codec="ffv1")


def test_a_film_is_colorized_with_progress(source: Path, tmp_path: Path) -> None:
    calls: list[tuple[int, int | None]] = []
    output = tmp_path / "out.mkv"
    summary = colortk.colorize_video(
        source, output, "mean_color", codec="ffv1", progress=lambda *call: calls.append(call)
    )
    assert (summary.frames, summary.lost_frames, summary.output) == (4, 0, str(output))
    assert calls[-1][0] == 4
    frames = [frame.to_ndarray(format="rgb24") for frame in decoded(output)]
    assert len(frames) == 4
    assert np.ptp(frames[0].astype(int), axis=2).max() > 0, "it has color"


def test_the_output_has_a_default_name(source: Path) -> None:
    summary = colortk.colorize_video(source, plugin="gray", codec="ffv1", end=0.05)
    assert summary.output == str(source.with_name("in-colorized.mkv"))
    with pytest.raises(PictureError, match="exists"):
        colortk.colorize_video(source, plugin="gray")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"plugin": lambda lightness: lightness}, "a function cannot colorize a film"),
        ({"plugin": "gra"}, "did you mean 'gray'"),
        ({"temporal": "smooth"}, "known values: keyframes, flow, off, plugin"),
        ({"strength": 3}, "a number from 0 to 2"),
        ({"keyframes": 0}, "a whole number from 1 to 250"),
        ({"keyframes": 251}, "a whole number from 1 to 250"),
        ({"segment_seconds": 0}, "a number above 0"),
        ({"begin": 2, "end": 1}, "the start is not before the end"),
        ({"codec": "libx246"}, "did you mean"),
        ({"device": "tpu"}, "known devices"),
    ],
)
def test_a_wrong_argument_is_one_clear_line(
    arguments: dict[str, Any], message: str, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        colortk.colorize_video(source, tmp_path / "out.mkv", **{"plugin": "gray", **arguments})
    assert "\n" not in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


def test_an_exception_of_the_progress_callback_ends_the_call(source: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int | None) -> None:
        if done == 2:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        colortk.colorize_video(source, tmp_path / "out.mkv", "gray", progress=stop)
    assert not (tmp_path / "out.mkv").exists()
