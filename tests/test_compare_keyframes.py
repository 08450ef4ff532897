"""``colortk compare`` on films with the options of ``colortk video``: keyframes, deinterlacing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from colortk.color.working_size import WorkingSize
from colortk.errors import PictureError, UsageError
from colortk.harness.compare import compare
from colortk.harness.films.film_rows import RowGroup, RunningRow
from colortk.harness.films.film_variants import (
    PROTOCOL,
    film_variants,
    is_steadied,
    keyframe_interval,
)
from colortk.harness.films.frame import FilmFrame, ReferenceFrame
from colortk.harness.films.reference_film import ReferenceFilm
from colortk.harness.plugin_variants import parse_variant
from colortk.harness.protocol import load_protocol
from colortk.harness.records import ResultRow
from colortk.pipeline import refiner
from colortk.video.colorize_frame import FrameSettings
from colortk.video.luma_tables import BT709
from conftest import Run, colorizer_module, one_line
from film_kinds import Kind, write
from films import film
from test_compare_films import BLINK, LATE, SMALL, shots
from test_steady import moving


class Scores:
    """The frames that are scored."""

    def __init__(self) -> None:
        self.frames: list[FilmFrame] = []

    def add(self, frame: FilmFrame, scored: bool) -> None:
        self.frames.append(frame)


class Counting:
    """A plugin whose chroma is 10 for the first frame it gets, and 2 more for each other frame."""

    spec = SimpleNamespace(working_size=WorkingSize(None))
    last, alive, late = None, True, False

    def __init__(self, fails: int = -1) -> None:
        self.got: list[np.ndarray] = []
        self._fails = fails

    def predict(self, lightness: np.ndarray) -> np.ndarray:
        if len(self.got) == self._fails:
            raise PictureError("it failed")
        self.got.append(lightness)
        return np.full((*lightness.shape, 2), 8 + 2 * len(self.got), np.float32)


def group(intervals: list[int | None], plugin: Counting) -> RowGroup:
    settings = FrameSettings(refiner("none"), BT709, (1, 1))
    rows = [
        RunningRow(
            parse_variant("gray"), ResultRow("", parse_variant("gray").key), settings, Scores(),  # type: ignore[arg-type]
            False, interval, -1,
        )
        for interval in intervals
    ]  # fmt: skip
    return RowGroup(rows, plugin)  # type: ignore[arg-type]


def run(rows: RowGroup, frames: list[ReferenceFrame], repeated: int = -1) -> None:
    for frame in frames:
        rows.add(frame, frame.number == repeated)
    rows.end()


def scored(rows: RowGroup, number: int = 0) -> list[FilmFrame]:
    scores: Any = rows.rows[number].scores
    return scores.frames


def test_keyframes_alone_are_predicted_and_all_frames_are_scored_in_order() -> None:
    frames, plugin = shots(moving(11)), Counting()
    rows = group([4], plugin)
    run(rows, frames, repeated=5)
    assert [frame.number for frame in scored(rows)] == list(range(11))
    keys = [0, 4, 8, 10]
    for got, key in zip(plugin.got, keys, strict=True):
        assert np.array_equal(got, frames[key].lightness)
    assert (rows.rows[0].predictions, rows.rows[0].frames) == (4, 11)
    # Between keyframes, colors go from one to the other; each keyframe averages the earlier ones.
    means = [float(frame.lab[8:-8, 8:-16, 1].mean()) for frame in scored(rows)]
    assert means[0] == pytest.approx(10, abs=0.05)
    assert means[4] == pytest.approx(11, abs=0.2)
    assert means[0] < means[1] < means[2] < means[3] < means[4]
    assert rows.repeatable is not None
    assert np.array_equal(rows.repeatable[0], frames[8].lightness), "the next keyframe after 5"


def test_rows_share_the_predictions_of_their_plugin() -> None:
    frames, plugin = shots(moving(9)), Counting()
    rows = group([None, 4], plugin)
    run(rows, frames, repeated=5)
    assert len(plugin.got) == 9
    each = [float(frame.lab[..., 1].mean()) for frame in scored(rows)]
    assert each == pytest.approx([10 + 2 * k for k in range(9)], abs=0.05)
    assert (rows.rows[0].predictions, rows.rows[1].predictions) == (9, 3)
    # The prediction of keyframe 4 is that of the row frame by frame: the mean of 10 and 18.
    fourth = float(scored(rows, 1)[4].lab[8:-8, 8:-16, 1].mean())
    assert fourth == pytest.approx(14, abs=0.3)
    assert rows.repeatable is not None
    assert np.array_equal(rows.repeatable[0], frames[5].lightness)


def test_a_cut_ends_a_shot_with_a_keyframe() -> None:
    grays = [*moving(3), *(255 - gray for gray in moving(3, seed=5))]
    frames, plugin = shots(grays), Counting()
    rows = group([4], plugin)
    run(rows, frames)
    assert [frame.number for frame in scored(rows)] == list(range(6))
    for got, key in zip(plugin.got, [0, 2, 3, 5], strict=True):
        assert np.array_equal(got, frames[key].lightness)
    with pytest.raises(PictureError, match="it failed"):
        run(group([4], Counting(fails=1)), shots(grays))


def test_the_keys_of_rows_record_how_colors_are_made_steady() -> None:
    variants = [parse_variant("mean_color"), parse_variant("gray")]
    rows = film_variants(variants, ("off", "flow", "keyframes"), "gray", 8)
    labels = [row.label for row in rows]
    assert labels == ["mean_color", "mean_color+flow", "mean_color+keyframes", "gray"]
    assert [is_steadied(row) for row in rows] == [False, True, False, False]
    assert [keyframe_interval(row) for row in rows] == [None, None, 8, None]
    (other,) = film_variants(variants[:1], ("keyframes",), "gray", 16)
    assert other.label == "mean_color+keyframes16"
    assert len({row.key for row in (*rows, other)}) == 5
    assert other.options["host temporal"] == "keyframes 16"


def combs(frame: ReferenceFrame) -> float:
    """Return how much lines differ from those beside them, more than from those two away."""
    gray = frame.truth.pixels[..., 1].astype(float)
    return float(np.abs(gray[1:-1] - (gray[:-2] + gray[2:]) / 2).mean())


def test_originals_are_deinterlaced(tmp_path: Path) -> None:
    kind = Kind("interlaced", codec="mpeg2video", order="tff", size=(96, 128), sound="")
    path = write(tmp_path / "x.mkv", kind, 6)
    films = {
        mode: ReferenceFilm(path, load_protocol(PROTOCOL).varied(short_side=None, deinterlace=mode))
        for mode in ("off", "auto", "bob")
    }
    assert [reel.frame_count for reel in films.values()] == [6, 6, 12]
    combed = {mode: np.mean([combs(f) for f in reel.frames()]) for mode, reel in films.items()}
    assert combed["auto"] < combed["off"] / 2
    assert combed["bob"] < combed["off"] / 2


def test_deinterlacing_is_a_part_of_the_protocol() -> None:
    plain = load_protocol(PROTOCOL)
    assert plain.varied(deinterlace="off") == plain
    changed = plain.varied(deinterlace="auto")
    assert changed.name == "v2-film, deinterlace=auto"
    assert changed.hash != plain.hash
    with pytest.raises(UsageError, match="has no 'deinterlace'"):
        load_protocol("v2").varied(deinterlace="auto")


def test_wrong_values_are_refused(tmp_path: Path) -> None:
    clip = film(tmp_path / "x.mp4", frames=2)
    with pytest.raises(UsageError, match="known: auto, off, bob"):
        compare(clip, ["gray"], deinterlace="on")
    for keyframes in (0, 251, True):
        with pytest.raises(UsageError, match="1 to 250 frames are allowed"):
            compare(clip, ["gray"], keyframes=keyframes)
    with pytest.raises(UsageError, match="temporal 'sideways'"):
        compare([tmp_path], ["gray"], temporal="sideways")


@pytest.mark.slow
def test_keyframes_are_rows_of_the_table(
    tmp_path: Path, colortk: Run, distribution: Callable[..., Path]
) -> None:
    clip = film(tmp_path / "color.mkv", frames=16, codec="ffv1")
    for name, body in (("blink", BLINK), ("late", LATE)):
        site = distribution(name, colorizer_module(name, name, body.strip()))
    one_line(colortk("compare", clip, "--keyframes", "0"), 2, "--keyframes")
    command = ("compare", clip, *SMALL, "-p", "blink", "--temporal", "all", "--keyframes", "5")
    report = json.loads(colortk(*command, "--json", plugins=site).stdout)["films"]
    rows = {row["name"]: row for row in report["plugins"]}
    assert set(rows) == {"gray", "blink", "blink+flow", "blink+keyframes5"}
    assert rows["blink+keyframes5"]["options"]["host temporal"] == "keyframes 5"
    flicker = {name: row["metrics"]["flicker"]["mean"] for name, row in rows.items()}
    assert flicker["blink+keyframes5"] < flicker["blink"] / 4
    run = colortk(*command, plugins=site)
    assert "NAME+keyframes: colors moved along motion from keyframes" in run.stdout
    # A plugin that fails after five frames gets four keyframes.
    command = ("compare", clip, *SMALL, "-p", "late", "--temporal", "keyframes", "--json")
    found = json.loads(colortk(*command, plugins=site).stdout)["films"]
    assert {row["name"]: row["failed"] for row in found["plugins"]} == {
        "late+keyframes": 0, "gray": 0,
    }  # fmt: skip
    board = colortk("leaderboard", plugins=site).stdout
    assert "blink+keyframes5" in board
    assert "late+keyframes\t" in board
