"""Plugins that declare ``film``: they get the frames of a film in order, and are checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colortk.cli.main import invoke
from colortk.errors import PictureError, PredictionError, UsageError
from colortk.plugin.spec import ColorizerSpec, WorkingSize
from colortk.plugin.spec_checks import check_spec
from colortk.runtime.film_frames import MAX_LOOKAHEAD
from colortk.runtime.loading import Loaded
from colortk.testing import check_functions
from colortk.types import Float32
from conftest import colorizer_module

#: The memory of the plugin below: it counts the frames of a film.
COUNTING = """def film_of(self, lightnesses):
    for number, lightness in enumerate(lightnesses):
        yield np.zeros((*lightness.shape, 2), np.float32) + np.float32([3 * number, 0])

Colorizer.predict_ab_film = film_of

@hookimpl"""


def flat(lightness: Float32, value: float) -> Float32:
    return np.full((*lightness.shape, 2), value, np.float32)


class Smoothing:
    """The chroma of a frame is the mean lightness of it and of its two neighbors, in one buffer."""

    def predict_ab(self, lightness: Float32) -> Float32:
        return flat(lightness, float(lightness.mean()))

    def predict_ab_film(self, lightnesses: Iterator[Float32]) -> Iterator[Float32]:
        window: list[Float32] = []
        buffer = np.zeros((0, 0, 2), np.float32)
        for lightness in lightnesses:
            window = [*window, lightness][-3:]
            if len(window) == 1:
                buffer = flat(lightness, 0)
                continue
            buffer[:] = np.mean(window)
            yield buffer
        buffer[:] = np.mean(window[-2:])
        yield buffer


class Counting(Smoothing):
    """The chroma of a frame is three times its number."""

    def predict_ab_film(self, lightnesses: Iterator[Float32]) -> Iterator[Float32]:
        for number, lightness in enumerate(lightnesses):
            yield flat(lightness, 3 * number)


def loaded(colorizer: Any, film: bool = True) -> Loaded:
    factory = f"{__name__}:Smoothing"
    size = WorkingSize(short=32)
    spec = ColorizerSpec("smoothing", "for tests", factory, film=film, working_size=size)
    return Loaded(spec, colorizer)


def frames(count: int) -> list[Float32]:
    return [np.full((4, 6), 10 * number + 5, np.float32) for number in range(count)]


def predicted_film(method: Callable[..., Any], count: int = 3) -> list[Float32]:
    class Plugin(Smoothing):
        predict_ab_film = method

    return list(loaded(Plugin()).predict_film(iter(frames(count))))


def test_a_plugin_looks_at_neighboring_frames_and_may_reuse_its_buffer() -> None:
    film = frames(5)
    results = list(loaded(Smoothing()).predict_film(iter(film)))
    values = [float(frame.mean()) for frame in film]
    expected = [np.mean(values[max(0, i - 1) : i + 2]) for i in range(5)]
    assert [ab.shape for ab in results] == [(4, 6, 2)] * 5
    assert [float(ab[0, 0, 0]) for ab in results] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (lambda self, film: iter(()), "fewer predictions than there are frames"),
        (lambda self, film: [flat(x, 0) for x in film][:-1], "fewer predictions"),
        (lambda self, film: [flat(x, 0) for x in [*film, np.zeros((4, 6))]], "more predictions"),
        (lambda self, film: (flat(x, 0)[..., 0] for x in film), r"shape \(4, 6\)"),
        (lambda self, film: (flat(x, np.nan) for x in film), "not finite"),
        (lambda self, film: (None for x in film), "NoneType, not an array"),
        (lambda self, film: None, "TypeError"),
        (lambda self, film: (1 / 0 for x in film), "ZeroDivisionError"),
    ],
)
def test_wrong_predictions_of_a_film_are_refused(method: Callable[..., Any], message: str) -> None:
    with pytest.raises(PredictionError, match=message):
        predicted_film(method)


def test_a_plugin_cannot_read_a_whole_film_ahead() -> None:
    def read_all(self: object, film: Iterator[Float32]) -> list[Float32]:
        return [flat(x, 0) for x in film]

    assert len(predicted_film(read_all, MAX_LOOKAHEAD)) == MAX_LOOKAHEAD
    with pytest.raises(PredictionError, match=f"it read {MAX_LOOKAHEAD} frames"):
        predicted_film(read_all, MAX_LOOKAHEAD + 1)


def test_a_plugin_that_catches_errors_of_reading_does_not_shorten_the_film() -> None:
    def careless(self: object, film: Iterator[Float32]) -> Iterator[Float32]:
        read = []
        try:
            for x in film:
                read.append(flat(x, 0))
        except Exception:
            pass
        yield from read

    def damaged() -> Iterator[Float32]:
        yield from frames(3)
        raise PictureError("cannot read 'film.mkv'", "it is damaged")

    class Plugin(Smoothing):
        predict_ab_film = careless

    with pytest.raises(PictureError, match=r"film\.mkv.*damaged"):
        list(loaded(Plugin()).predict_film(damaged()))
    with pytest.raises(PredictionError, match=f"it read {MAX_LOOKAHEAD} frames"):
        predicted_film(careless, MAX_LOOKAHEAD + 1)


def test_a_declaration_of_film_needs_the_method() -> None:
    spec = ColorizerSpec("x", "for tests", "colortk.plugin:Colorizer", film="yes")  # type: ignore[arg-type]
    assert check_spec(spec, ColorizerSpec) == "has film='yes'; expected True or False"
    with pytest.raises(UsageError, match="it predicts each frame by itself"):
        next(loaded(Smoothing(), film=False).predict_film(iter(frames(2))))


def test_the_check_detects_a_plugin_that_remembers_the_last_film() -> None:
    check_functions.films_are_repeatable(loaded(Counting()))

    class Remembering(Counting):
        value = 0.0

        def predict_ab_film(self, lightnesses: Iterator[Float32]) -> Iterator[Float32]:
            for lightness in lightnesses:
                self.value = 0.5 * self.value + float(lightness.mean())
                yield flat(lightness, self.value)

    with pytest.raises(AssertionError, match="another film in between changed it"):
        check_functions.films_are_repeatable(loaded(Remembering()))
    with pytest.raises(check_functions.NothingToCheckError, match="does not declare film"):
        check_functions.films_are_repeatable(loaded(Smoothing(), film=False))


def test_video_gives_all_frames_in_order_also_after_a_stop(tmp_path: Path) -> None:
    films = pytest.importorskip("films", reason="films need PyAV: pip install av")
    from colortk.video.colorize_film import colorize_film
    from colortk.video.encoding import Encoding
    from colortk.video.film_settings import FilmSettings, default_temporal

    plugin = loaded(Counting())
    assert default_temporal(plugin.spec, hints=False) == "plugin"
    assert default_temporal(plugin.spec, hints=True) == "keyframes"
    assert default_temporal(loaded(Counting(), film=False).spec, hints=False) == "keyframes"
    source = films.film(tmp_path / "in.mkv", frames=20, codec="ffv1", gray=True)

    def settings(name: str, **more: Any) -> FilmSettings:
        encoding = Encoding("ffv1")
        return FilmSettings(
            tmp_path / name, encoding, temporal="plugin", segment_seconds=0.2, begin=0.16, **more
        )

    colorize_film(source, plugin, settings("whole.mkv"))
    done = 0

    def stop(count: int) -> None:
        nonlocal done
        done += count
        if done >= 12:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        colorize_film(source, plugin, settings("out.mkv"), lambda total: stop)
    summary = colorize_film(source, plugin, settings("out.mkv", resume=True))
    assert 5 <= summary.resumed < 12
    assert summary.frames == 16
    redness = []
    pairs = zip(
        films.decoded(tmp_path / "whole.mkv"), films.decoded(tmp_path / "out.mkv"), strict=True
    )
    for one, other in pairs:
        assert one.pts == other.pts
        assert np.array_equal(one.to_ndarray(), other.to_ndarray())
        rgb = other.to_ndarray(format="rgb24").astype(int)
        redness.append(float((rgb[..., 0] - rgb[..., 1]).mean()))
    assert len(redness) == 16
    assert abs(redness[0]) < 2, "the first frame of the part has number 0"
    assert min(np.diff(redness)) > 0.5, "each frame is redder than the one before"
    with pytest.raises(UsageError, match="--temporal plugin"):
        colorize_film(source, loaded(Counting(), film=False), settings("other.mkv"))


def test_the_command_refuses_a_plugin_without_film(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("av", reason="needs the extra `video`")
    assert invoke(["video", str(tmp_path / "in.mp4"), "-p", "gray", "--temporal", "plugin"]) == 2
    error = capsys.readouterr().err
    assert "--temporal plugin with plugin 'gray': it predicts each frame by itself" in error


@pytest.mark.slow
def test_a_third_party_plugin_is_checked_and_used_by_video(
    tmp_path: Path, distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    films = pytest.importorskip("films", reason="films need PyAV: pip install av")
    zeros = "return np.zeros((*lightness.shape, 2), np.float32)"
    module = colorizer_module("counting", "counting", zeros, ", film=True")
    site = distribution("counting", module.replace("@hookimpl", COUNTING, 1))
    rows = json.loads(colortk("plugins", "check", "counting", "--json", plugins=site).stdout)
    statuses = {row["check"]: row["status"] for row in rows}
    assert statuses["films_are_repeatable"] == "passed"
    assert "failed" not in statuses.values()
    source = films.film(tmp_path / "in.mkv", frames=6, gray=True)
    output = tmp_path / "out.mkv"
    run = colortk("video", source, "-o", output, "-p", "counting", "--codec", "ffv1", plugins=site)
    assert run.returncode == 0, run.stderr
    rgb = [frame.to_ndarray(format="rgb24").astype(int) for frame in films.decoded(output)]
    redness = [float((frame[..., 0] - frame[..., 1]).mean()) for frame in rgb]
    assert redness[0] < 2 < redness[-1]


@pytest.mark.slow
def test_a_plugin_that_declares_film_without_the_method_is_refused(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    zeros = "return np.zeros((*lightness.shape, 2), np.float32)"
    site = distribution("bare", colorizer_module("bare", "bare", zeros, ", film=True"))
    rows = json.loads(colortk("plugins", "check", "bare", "--json", plugins=site).stdout)
    failed = [row["reason"] for row in rows if row["status"] == "failed"]
    assert len(failed) == 1
    assert "it declares film, and Colorizer has no predict_ab_film" in failed[0]
