"""``colortk live`` keeps the speed of a film, by a clock that the tests move."""

from __future__ import annotations

import itertools
import math
import queue
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from colortk.cli.main import invoke
from colortk.errors import PictureError, PredictionError, UsageError
from colortk.pipeline import refiner
from colortk.runtime.loading import Loaded
from colortk.types import Float32
from colortk.video import live
from colortk.video.colorize_frame import FrameSettings
from colortk.video.live import LiveColorizer, LiveSummary, show
from colortk.video.live_source import FilmFrames, open_source
from colortk.video.luma_tables import BT601
from test_film_colorizer import Counting, Smoothing, flat, loaded

films = pytest.importorskip("films", reason="films need PyAV: pip install av")

RATE = 25


class Clock:
    """A clock that moves when somebody sleeps or works."""

    def __init__(self) -> None:
        self.time = 100.0
        self.sleeps: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.sleeps.append(seconds)
        self.time += seconds


class Bars:
    """A capture of a film whose frame number k has the value k; a frame takes ``cost`` seconds."""

    def __init__(self, count: int, clock: Clock, cost: float = 0.0) -> None:
        self.count, self.clock, self.cost = count, clock, cost
        self.next = 0

    def isOpened(self) -> bool:  # noqa: N802
        return True

    def get(self, number: int) -> float:
        return RATE

    def grab(self) -> bool:
        self.clock.time += self.cost
        self.next += 1
        return self.next <= self.count

    def read(self) -> tuple[bool, np.ndarray]:
        good = self.grab()
        return good, np.full((2, 2, 3), self.next - 1)

    def release(self) -> None:
        self.count = 0


def played(
    monkeypatch: pytest.MonkeyPatch, count: int, work: float, cost: float = 0.0
) -> tuple[list[tuple[int, float]], int, float]:
    """Play a film with ``work`` seconds for each shown frame.

    Return number and time of the shown frames, the number of dropped frames, and the time at the end.
    """
    clock = Clock()
    capture = Bars(count, clock, cost)
    monkeypatch.setattr("colortk.video.live_source._opened", lambda source, reason: capture)
    shown, frames = [], FilmFrames("film", clock.now, clock.sleep)
    for frame in frames:
        shown.append((int(frame[0, 0, 0]), clock.time - 100))
        clock.time += work
    return shown, frames.dropped, clock.time - 100


def test_fast_enough_shows_every_frame_at_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, dropped, end = played(monkeypatch, 100, work=0.03)
    assert dropped == 0
    assert [number for number, _ in shown] == list(range(100))
    assert [time for _, time in shown] == pytest.approx([k / RATE for k in range(100)])
    assert end == pytest.approx(100 / RATE, abs=1 / RATE)


@pytest.mark.parametrize("work", [0.05, 0.1, 0.37])
def test_too_slow_drops_frames_and_does_not_lag(
    work: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, dropped, end = played(monkeypatch, 100, work)
    assert len(shown) + dropped == 100
    # As many frames as there is time for, and each within the interval of a frame.
    assert len(shown) == pytest.approx(4 / work, abs=2)
    for number, time in shown:
        assert -1e-9 <= time - number / RATE < 1 / RATE + 1e-9
    assert end < 4 + work + 1 / RATE


def test_a_frame_that_took_long_is_caught_up_with(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    capture = Bars(50, clock)
    monkeypatch.setattr("colortk.video.live_source._opened", lambda source, reason: capture)
    numbers = []
    for frame in FilmFrames("film", clock.now, clock.sleep):
        numbers.append(int(frame[0, 0, 0]))
        clock.time += 0.5 if len(numbers) == 1 else 0.01
    assert numbers == [0, *range(math.floor(0.5 * RATE), 50)]


def test_a_film_that_cannot_be_decoded_in_time_is_still_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown, dropped, _ = played(monkeypatch, 400, work=0.02, cost=0.2)
    assert len(shown) >= 400 // (RATE + 1)  # a frame in each second of the film
    assert len(shown) + dropped == 400


def test_frames_of_a_real_film_are_counted(tmp_path: Path) -> None:
    clock = Clock()
    frames = FilmFrames(
        str(films.film(tmp_path / "a.mp4", 50, size=(48, 64))), clock.now, clock.sleep
    )
    assert frames.rate == RATE
    count = 0
    for frame in frames:
        assert frame.shape == (48, 64, 3)
        count += 1
        clock.time += 0.12
    frames.close()
    assert count + frames.dropped == 50
    assert count == 17


def test_the_summary_states_the_shown_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(LiveSummary(40, 60, 4.0, 25.0)) == (
        "40 frames shown, 10.0 frames/s (the film has 25.0), 60 dropped"
    )
    assert str(LiveSummary(40, 0, 4.0)) == "40 frames shown, 10.0 frames/s, 0 dropped"
    pictures: list[np.ndarray] = []
    monkeypatch.setattr(live, "cv2", _Window(pictures))
    clock = Clock()
    source = str(films.film(tmp_path / "a.mp4", 6))
    monkeypatch.setattr(live, "open_source", lambda name: FilmFrames(name, clock.now, clock.sleep))
    summary = show(source, lambda frame: 255 - frame)  # type: ignore[arg-type]
    assert (summary.frames, summary.dropped, summary.source_rate) == (6, 0, RATE)
    assert len(pictures) == 6


def test_what_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("no film")
    with pytest.raises(PictureError, match="does not exist or is not a film"):
        open_source(str(tmp_path / "a.mp4"))


def shown_redness(colorizer: LiveColorizer, count: int) -> list[float]:
    """Return how much more red than green there is in gray frames that are shown in color."""
    frame = np.full((16, 24, 3), 128, np.uint8)
    shown = [colorizer(frame).astype(int) for _ in range(count)]
    return [float((pixels[8:, :, 2] - pixels[8:, :, 1]).mean()) for pixels in shown]


def live_colorizer(plugin: Loaded, temporal: str = "plugin") -> LiveColorizer:
    return LiveColorizer(plugin, FrameSettings(refiner("ratio"), BT601), temporal)


class InThread(Counting):
    """Like ``Counting``, and it reads the frames in a thread."""

    def predict_ab_film(self, lightnesses: Iterator[Float32]) -> Iterator[Float32]:
        read: queue.Queue[Float32] = queue.Queue()
        thread = threading.Thread(target=lambda: [read.put(x) for x in lightnesses], daemon=True)
        thread.start()
        for number in itertools.count():
            yield flat(read.get(), 3 * number)


@pytest.mark.parametrize("plugin", [Counting, InThread])
def test_a_plugin_that_needs_no_later_frames_gets_them_in_order(plugin: type[Counting]) -> None:
    with closing(live_colorizer(loaded(plugin()))) as colorizer:
        redness = shown_redness(colorizer, 5)
    assert abs(redness[0]) < 2
    assert min(np.diff(redness)) > 1, "each frame is redder than the one before"


def test_a_plugin_that_cannot_be_live_is_refused_with_a_line() -> None:
    with pytest.raises(UsageError, match=r"looks at later frames.*use --temporal flow, or"):
        shown_redness(live_colorizer(loaded(Smoothing())), 1)
    assert len(shown_redness(live_colorizer(loaded(Smoothing()), "flow"), 2)) == 2
    with pytest.raises(UsageError, match=r"predicts each frame by itself.*--temporal flow"):
        live_colorizer(loaded(Smoothing(), film=False))

    class Short(Counting):
        def predict_ab_film(self, lightnesses: Iterator[Float32]) -> Iterator[Float32]:
            yield flat(next(lightnesses), 0)

    with pytest.raises(PredictionError, match="fewer predictions than there are frames"):
        shown_redness(live_colorizer(loaded(Short())), 2)


def test_the_command_chooses_how_colors_are_made_steady(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    of_plugin: list[bool] = []

    def end_at_once(source: str, colorizer: LiveColorizer) -> LiveSummary:
        of_plugin.append(abs(shown_redness(colorizer, 1)[0]) < 2)  # its first frame is gray
        return LiveSummary()

    monkeypatch.setattr("colortk.video.display_check.require_display", lambda: None)
    monkeypatch.setattr(live, "show", end_at_once)
    assert invoke(["live", "film.mp4", "-p", "gray", "--temporal", "plugin"]) == 2
    assert "plugin 'gray': it predicts each frame by itself" in capsys.readouterr().err
    monkeypatch.setattr("colortk.runtime.loading.load", lambda request: loaded(Counting()))
    assert invoke(["live", "film.mp4", "-p", "gray"]) == 0
    assert invoke(["live", "film.mp4", "-p", "gray", "--temporal", "flow"]) == 0
    assert of_plugin == [True, False]


class _Window:
    """OpenCV's window, which is never closed."""

    WINDOW_NORMAL = WINDOW_KEEPRATIO = WND_PROP_VISIBLE = 1

    def __init__(self, pictures: list[np.ndarray]) -> None:
        self._pictures = pictures

    def namedWindow(self, name: str, flags: int) -> None:  # noqa: N802
        pass

    def imshow(self, name: str, picture: np.ndarray) -> None:
        self._pictures.append(picture)

    def waitKey(self, milliseconds: int) -> int:  # noqa: N802
        return -1

    def getWindowProperty(self, name: str, key: int) -> float:  # noqa: N802
        return 1.0

    def destroyAllWindows(self) -> None:  # noqa: N802
        pass
