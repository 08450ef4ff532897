"""Colors from keyframes: steadier and with fewer predictions, no ghosts after a cut, resumable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="needs the extra `video`")

import colortk
from colortk.harness.flicker import flicker
from colortk.video.film_reader import Frame
from colortk.video.keyframes import KeyframedFrame, KeyframePropagation
from films import decoded, film
from test_steady import lab_of, moving

RED, BLUE = np.float32([50, 30]), np.float32([10, -50])


def frames_of(grays: list[np.ndarray]) -> Iterator[Frame]:
    return (Frame(gray, number, 1) for number, gray in enumerate(grays))


class Noisy:
    """A colorizer whose color changes from call to call."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def __call__(self, frame: Frame) -> np.ndarray:
        self.seen.append(frame.pts)
        noise = np.random.default_rng(frame.pts).normal(0, 6, 2)
        return (np.zeros((36, 48, 2)) + [15, 20] + noise).astype(np.float32)


def test_keyframes_flicker_less_with_fewer_predictions() -> None:
    grays, colorizer = moving(17), Noisy()
    results = list(KeyframePropagation(colorizer, 8)(frames_of(grays)))
    assert colorizer.seen == [0, 8, 16]
    assert [item.frame.pts for item in results] == list(range(17))
    assert [item.frame.pts for item in results if item.state is not None] == [0, 8, 16]
    steady = flicker(lab_of(g, item.ab) for g, item in zip(grays, results, strict=True))
    single = flicker(lab_of(g, Noisy()(f)) for g, f in zip(grays, frames_of(grays), strict=True))
    assert steady.color < single.color / 5


def test_chroma_moves_with_the_picture() -> None:
    """A colored part at the left moves out of the frame by two pixels per frame."""
    grays = moving(9)

    def colorize(frame: Frame) -> np.ndarray:
        ab = np.zeros((72, 96, 2), np.float32)
        ab[:, : max(0, 60 - 2 * frame.pts)] = 40
        return ab

    for item in KeyframePropagation(colorize, 8)(frames_of(grays)):
        edge = 60 - 2 * item.frame.pts
        inside, outside = item.ab[8:-8, 8 : edge - 6, 0], item.ab[8:-8, edge + 6 : -20, 0]
        assert inside.min() > 30, item.frame.pts
        assert np.abs(outside).max() < 10, item.frame.pts


def test_no_color_crosses_a_cut() -> None:
    grays = moving(6, seed=1) + moving(5, seed=2)
    propagation = KeyframePropagation(
        lambda frame: np.zeros((36, 48, 2), np.float32) + (RED if frame.pts < 6 else BLUE), 4
    )
    for item in propagation(frames_of(grays)):
        assert np.abs(item.ab - (RED if item.frame.pts < 6 else BLUE)).max() < 1e-3
    assert propagation.cuts == 1


def test_a_film_goes_on_from_the_state_of_a_keyframe() -> None:
    grays = moving(20)
    whole = list(KeyframePropagation(Noisy(), 6)(frames_of(grays)))
    for item in [item for item in whole if item.state is not None][:-1]:
        rest = KeyframePropagation(Noisy(), 6)
        rest.state = item.state
        start = item.frame.pts + 1
        again: list[KeyframedFrame] = list(rest(f for f in frames_of(grays) if f.pts >= start))
        for one, other in zip(whole[start:], again, strict=True):
            assert np.array_equal(one.ab, other.ab)


@pytest.mark.slow
def test_a_resumed_film_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = film(tmp_path / "in.mkv", frames=30, codec="ffv1", cut=17)
    more = {"plugin": "sift_mlp", "codec": "ffv1", "segment_seconds": 0.2, "keyframes": 4}
    colortk.colorize_video(source, tmp_path / "whole.mkv", **more)

    def stop(done: int, total: int | None) -> None:
        if done == 22:
            raise RuntimeError("enough")

    output = tmp_path / "out.mkv"
    with pytest.raises(RuntimeError, match="enough"):
        colortk.colorize_video(source, output, progress=stop, **more)
    summary = colortk.colorize_video(source, output, resume=True, **more)
    assert 5 <= summary.resumed < 22
    assert summary.cuts == 1
    for one, other in zip(decoded(tmp_path / "whole.mkv"), decoded(output), strict=True):
        assert one.pts == other.pts
        assert np.array_equal(one.to_ndarray(), other.to_ndarray())
