"""Visitors share a plugin in turns, and what one of them does keeps no others waiting for long."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colortk.guidance.hints import Hint
from colortk.runtime.decode_process import DecodeProcess
from colortk.ui import limits
from colortk.ui.kept_predictions import KeptPrediction
from colortk.ui.page_hints import render_hints
from colortk.ui.pooled_plugin import PooledPlugin
from colortk.ui.turns import Busy, Turns


def test_turns_are_first_come_first_served() -> None:
    """The main thread asks again at once, as a film for its next frame; the others come first."""
    turns, order = Turns(), []

    def visit(name: str) -> None:
        with turns.turn():
            order.append(name)

    threads = [threading.Thread(target=visit, args=(name,)) for name in "abc"]
    with turns.turn():
        for number, thread in enumerate(threads, 2):
            thread.start()
            while turns.count < number:  # until it waits
                thread.join(0.001)
        with pytest.raises(Busy), turns.turn(wait=False):
            pass
    with turns.turn():
        assert order == ["a", "b", "c"]
    for thread in threads:
        thread.join()
    with turns.turn(wait=False):
        assert turns.count == 1
    assert turns.count == 0


class Process:
    """Stands for the process of a plugin: says what it was asked, and gives one color."""

    alive = True
    follows_hints = True

    def __init__(self) -> None:
        self.requests: list[str] = []

    def predict(self, lightness: Any) -> Any:
        self.requests.append("predict")
        return np.zeros((*lightness.shape, 2), np.float32)

    def predict_guided(self, lightness: Any, hints: Any) -> Any:
        self.requests.append("guided")
        return np.full((*lightness.shape, 2), 30, np.float32)


def pooled(process: Process) -> PooledPlugin:
    plugin = PooledPlugin.__new__(PooledPlugin)
    plugin.strength, plugin._turns, plugin._closed = 1.0, Turns(), False
    plugin._isolated, plugin._second, plugin._second_options = process, None, ()  # type: ignore[assignment]
    return plugin


def test_a_preview_does_not_wait_for_a_plugin_that_works_for_others() -> None:
    process = Process()
    plugin = pooled(process)
    light = np.full((40, 50), 50, np.float32)
    light[:, 25:] = 80  # the host spreads hints up to this edge
    kept = KeptPrediction(np.zeros((40, 50, 2), np.float32), light, 40, 50)

    class Preview:
        follows_hints, spec = True, None

        def predict(self, lightness: Any) -> Any:
            return kept.ab

        def predict_guided(self, lightness: Any, hints: Any) -> Any:
            return plugin.predict_guided(lightness, hints, wait=False)

    def preview() -> Any:
        hints = [Hint(5, 5, (120, 120, 160))]
        return render_hints(kept, hints, 1.0, "ratio", keep_border=False, plugin=Preview())  # type: ignore[arg-type]

    by_plugin = preview()
    assert process.requests == ["guided"]
    with plugin._turns.turn():
        by_host = preview()
    assert process.requests == ["guided"]
    assert (by_plugin[35, 45] != by_host[35, 45]).any()
    np.testing.assert_array_equal(by_plugin[5, 5], by_host[5, 5])
    process.alive = False  # it has to be loaded again, which takes long
    np.testing.assert_array_equal(preview(), by_host)


def test_a_picture_does_not_wait_for_the_decoder_of_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    users: list[DecodeProcess] = []

    def decode(self: DecodeProcess, *values: Any) -> str:
        with self._turn:
            users.append(self)
            if values[1] == "slow":
                assert limits.Limits().decode(source, "quick") == "picture"
            return "picture"

    monkeypatch.setattr(DecodeProcess, "decode", decode)
    source = tmp_path / "a.png"
    source.write_bytes(b"1")
    assert limits.Limits().decode(source, "slow") == "picture"
    assert len(users) == 2
    assert users[0] is not users[1]
