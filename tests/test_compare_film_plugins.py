"""Plugins that declare ``film`` in a process of their own, and as rows of ``colortk compare``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from colortk.errors import Notice, PredictionError, UsageError
from colortk.harness.films.film_variants import film_variants, gets_whole_film, steadied_label
from colortk.harness.plugin_variants import parse_variants
from colortk.plugin.registry import registry
from colortk.runtime.film_frames import MAX_LOOKAHEAD
from colortk.runtime.isolate import Isolated
from colortk.runtime.loading import PluginRequest
from colortk.types import Float32
from conftest import Run, colorizer_module, one_line

#: The chroma of a frame of a film is the mean lightness of it and its neighbors. Alone, it jumps.
#: The lightness of a film's first frame selects what the plugin does wrong.
FILM = """import os, queue, sys, threading, time

def blurred(lightnesses):
    window = []
    for lightness in lightnesses:
        window = [*window, lightness][-3:]
        if len(window) > 1:
            yield mean(window)
    yield mean(window[-2:])

def mean(window):
    value = 0.2 * float(np.mean([lightness.mean() for lightness in window]))
    return np.full((*window[0].shape, 2), value, np.float32)

def read_in_a_thread(lightnesses):
    frames = queue.Queue(3)
    def read():
        for lightness in lightnesses:
            frames.put(lightness)
        frames.put(None)
    threading.Thread(target=read, daemon=True).start()
    while (lightness := frames.get()) is not None:
        yield mean([lightness])

def faulty(kind, lightnesses):
    if kind == 1: raise ValueError("no film")
    if kind == 2: yield np.zeros((1, 1, 2), np.float32)
    if kind == 3: yield from [mean([lightness]) for lightness in lightnesses]
    if kind == 4: os._exit(3)
    if kind == 5: time.sleep(600)
    if kind == 6: return
    if kind == 7: forge("end")
    if kind == 8: forge("more")
    if kind == 9: yield from [np.zeros((8, 8, 2), np.float32)] * 2

def forge(kind):
    from colortk.runtime.messages import Message
    frame = sys._getframe()
    while "replies" not in frame.f_locals:
        frame = frame.f_back
    replies = frame.f_locals["replies"]
    for _ in range(300):
        replies._channel.send(Message(kind, replies._request.number))
        replies._request = next(replies._requests)

def film_of(self, lightnesses):
    first = next(lightnesses)
    def every():
        yield first
        yield from lightnesses
    kind = int(round(float(first[0, 0])))
    if kind == 10:
        return read_in_a_thread(every())
    return faulty(kind, every()) if kind < 10 else blurred(every())

Colorizer.predict_ab_film = film_of

@hookimpl"""
ALONE = """
        self.calls = getattr(self, "calls", 0) + 1
        return np.full((*lightness.shape, 2), 10 + 8 * (self.calls % 2), np.float32)
"""


@pytest.fixture
def site(distribution: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install the plugin ``wide`` in this process and its children."""
    module = colorizer_module("wide", "wide", ALONE.strip(), ", film=True")
    site = distribution("wide", module.replace("@hookimpl", FILM, 1))
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.syspath_prepend(str(site))
    registry.cache_clear()
    yield site
    monkeypatch.undo()
    registry.cache_clear()
    sys.modules.pop("wide", None)


def predicted(plugin: Isolated, values: list[float]) -> list[float]:
    """Return the chroma of frames of these lightnesses."""
    film = plugin.begin_film()
    try:
        results = [ab for value in values for ab in film.add(frame(value))] + film.finish()
    finally:
        film.abandon()
    assert [ab.shape for ab in results] == [(8, 8, 2)] * len(results)
    assert film.seconds > 0
    return [float(ab[0, 0, 0]) for ab in results]


def frame(value: float) -> Float32:
    return np.full((8, 8), value, np.float32)


def test_a_film_is_predicted_in_another_process_with_frames_ahead(site: Path) -> None:
    values = [20.0, 30.0, 70.0, 50.0]
    expected = [0.2 * float(np.mean(values[max(0, i - 1) : i + 2])) for i in range(4)]
    with Isolated(PluginRequest("wide"), timeout=60) as plugin:
        process = plugin._worker
        assert predicted(plugin, values) == pytest.approx(expected)
        assert float(plugin.predict(frame(50))[0, 0, 0]) == 18
        assert predicted(plugin, values) == pytest.approx(expected), "the next film"
        assert plugin._worker is process
        for kind, message in (
            (1, "ValueError: no film"), (2, r"shape \(1, 1, 2\)"), (6, "fewer predictions"),
        ):  # fmt: skip
            with pytest.raises(PredictionError, match=message):
                predicted(plugin, [kind, *values])
        assert predicted(plugin, values) == pytest.approx(expected), "after failures"


@pytest.mark.slow
def test_no_film_of_a_plugin_hangs_or_ends_the_host(site: Path) -> None:
    values = [20.0, 30.0, 70.0]
    with Isolated(PluginRequest("wide"), timeout=60) as plugin:
        for kind, message in (
            (4, r"died on a film: its process ended \(exit code 3\)"),
            (5, "no reply on a film within 5 s"),
            (7, "it mixes up the frames of a film"),
            (8, "it does not predict the frames of a film|mixes up"),
            (9, "more predictions than it got frames"),
        ):
            plugin.timeout = 5 if kind == 5 else 60  # it hangs
            with pytest.raises(PredictionError, match=message):
                predicted(plugin, [kind, *values * 40])
        plugin.timeout = 60
        assert predicted(plugin, [3.0] * MAX_LOOKAHEAD) == pytest.approx([0.6] * MAX_LOOKAHEAD)
        with pytest.raises(PredictionError, match=f"it read {MAX_LOOKAHEAD} frames"):
            predicted(plugin, [3.0] * (MAX_LOOKAHEAD + 1))
        for _ in range(5):
            assert predicted(plugin, [10.0, 20.0, 30.0]) == pytest.approx([2, 4, 6]), "threads"
        film = plugin.begin_film()
        film.add(frame(20))
        film.abandon()  # a film that is not read to its end
        assert predicted(plugin, [20.0, 30.0]) == pytest.approx([5, 5])
    with Isolated(PluginRequest("gray")) as other, pytest.raises(UsageError, match="by itself"):
        other.begin_film()


def test_plugins_of_films_have_a_row_of_their_own(site: Path) -> None:
    variants = parse_variants(["wide", "mean_color", "gray"])
    rows = film_variants(variants, ("off", "flow", "plugin"), "gray")
    labels = [row.label for row in rows]
    assert labels == ["wide", "wide+flow", "wide+plugin", "mean_color", "mean_color+flow", "gray"]
    assert [row.label for row in rows if gets_whole_film(row)] == ["wide+plugin"]
    assert len({row.key for row in rows}) == 6
    assert [steadied_label(mode) for mode in (None, "flow", "plugin", "keyframes 8")] == [
        "", "+flow", "+plugin", "+keyframes",
    ]  # fmt: skip
    with pytest.warns(Notice, match="no row of mean_color"):
        rows = film_variants(variants, ("plugin",), "gray")
    assert [row.label for row in rows] == ["wide+plugin", "gray"]
    with pytest.raises(UsageError, match=r"--temporal plugin with plugin 'mean_color'"):
        film_variants(variants[1:], ("plugin",), "gray")


@pytest.mark.slow
def test_compare_scores_a_plugin_that_gets_whole_films(
    site: Path, tmp_path: Path, colortk: Run
) -> None:
    films = pytest.importorskip("films", reason="films need PyAV: pip install av")
    clip = films.film(tmp_path / "color.mkv", frames=9, codec="ffv1")
    command = ("compare", clip, "--size", "48", "-m", "psnr", "-m", "flicker", "-p", "wide")
    run = colortk(*command, "--json", plugins=site)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)["films"]
    rows = {row["name"]: row for row in report["plugins"]}
    assert set(rows) == {"gray", "wide", "wide+flow", "wide+plugin"}
    assert rows["wide+plugin"]["options"]["host temporal"] == "plugin"
    flicker = {name: row["metrics"]["flicker"]["mean"] for name, row in rows.items()}
    assert flicker["wide+plugin"] < flicker["wide"] / 4
    assert rows["wide+plugin"]["seconds"]["mean"] > 0
    assert rows["wide+plugin"]["peak_memory"] > 1 << 20
    again = json.loads(colortk(*command, "--json", plugins=site).stdout)["films"]
    assert again["computed"] == 0
    text = colortk(*command, plugins=site).stdout
    assert "NAME+plugin: the plugin gets the frames in order" in text
    assert "wide+plugin" in colortk("leaderboard", plugins=site).stdout
    one_line(colortk("compare", clip, "-p", "gray", "-p", "mean_color", "--temporal", "plugin"), 2,
             "use --temporal keyframes")  # fmt: skip
