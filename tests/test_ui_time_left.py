"""The remaining time of jobs of the web page."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from colortk.ui import time_left
from colortk.ui.time_left import TimeEstimates, format_time_left


@pytest.mark.parametrize(
    "seconds, text",
    [
        (-1, "almost done"),
        (0.4, "almost done"),
        (3.2, "about 4 s left"),
        (99, "about 99 s left"),
        (130, "about 3 min left"),
    ],
)
def test_remaining_times_are_rounded_up(seconds: float, text: str) -> None:
    assert format_time_left(seconds) == text


def test_the_second_job_of_a_kind_shows_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[float | None, str]] = []
    was_shown = threading.Event()

    def progress(share: float | None, desc: str) -> None:
        shown.append((share, desc))
        was_shown.set()

    clock = iter([0.0, 0.0, 20.0, 100.0, 105.0, 105.0, 105.0, 105.0])
    # The clock of this module alone: other threads read the clock of the system, too.
    monkeypatch.setattr(time_left, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(time_left, "INTERVAL", 1000.0)
    estimates = TimeEstimates()
    for _ in range(2):
        was_shown.clear()
        with estimates.shown("a", progress):
            assert was_shown.wait(60)
    assert shown[0] == (None, "Colorizing. The first picture takes longer")
    assert shown[1] == (0.25, "Colorizing, about 15 s left")


def test_a_failed_job_leaves_no_estimate() -> None:
    estimates = TimeEstimates()
    texts: list[Any] = []
    for _ in range(2):
        with pytest.raises(OSError), estimates.shown("a", lambda share, desc: texts.append(desc)):
            raise OSError
    assert set(texts) == {"Colorizing. The first picture takes longer"}
