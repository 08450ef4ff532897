"""``colortk compare`` on films: plugins with and without smoothing, and their flicker."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from colortk.color.cielab import rgb_to_lab
from colortk.errors import PictureError, UsageError
from colortk.harness.compare import compare
from colortk.harness.films.film_variants import PROTOCOL
from colortk.harness.films.frame import FilmFrame, ReferenceFrame
from colortk.harness.films.reference_film import ReferenceFilm, evenly_spaced
from colortk.harness.flicker import ColorFlicker, flicker
from colortk.harness.frame_motion import MotionFinder
from colortk.harness.protocol import load_protocol
from conftest import Run, colorizer_module, one_line, photo, rows_of
from films import decoded, film, planes, truncated
from test_steady import moving

#: A plugin whose color changes by 3 in a* and b* from frame to frame.
BLINK = """
        self.calls = getattr(self, "calls", 0) + 1
        ab = np.full((*lightness.shape, 2), 10, np.float32) + 3 * (self.calls % 2)
        return ab.astype(np.float32)
"""
LATE = """
        self.calls = getattr(self, "calls", 0) + 1
        if self.calls > 5: raise RuntimeError("inside")
        return np.zeros((*lightness.shape, 2), np.float32)
"""
METRICS = """
from colortk import MetricSpec, hookimpl

class Frames:
    def __init__(self): self.count = 0
    def add(self, frame):
        assert frame.number == self.count and (frame.step is None) == (self.count == 0)
        assert frame.result.shape == frame.truth.shape == frame.lab.shape
        self.count += 1
    def result(self): return float(self.count)

class Broken(Frames):
    def result(self): raise ValueError("no result")

@hookimpl
def colortk_metrics():
    return [MetricSpec(name.lower(), "for tests", f"mine:{name}", None, takes="film")
            for name in ("Frames", "Broken")]
"""
#: Scores that need no network, at a size that takes no time.
SMALL = ("--size", "48", "-m", "psnr", "-m", "flicker", "-m", "delta_e00")


def shots(grays: list[np.ndarray]) -> list[ReferenceFrame]:
    steps, before, found = MotionFinder(), None, []
    for number, gray in enumerate(grays):
        fine = np.repeat(gray[..., None], 3, 2).astype(np.float32)
        found.append(ReferenceFrame(number, fine, False, steps, before))
        before = found[-1].gray
    return found


def test_flicker_against_colors_moved_by_hand() -> None:
    """The texture moves two pixels per frame, so the previous frame is known without optical flow."""
    rng, height, width = np.random.default_rng(0), 72, 96
    grays = moving(6, height=height, width=width)
    painted = np.zeros((height, width + 12, 2), np.float32)
    painted[...] = 12 * np.sin(np.arange(width + 12) / 9)[:, None]
    jumps = rng.normal(0, 4, (6, 2)).astype(np.float32)
    meter, labs = ColorFlicker(), []
    for number, shot in enumerate(shots(grays)):
        ab = painted[:, 2 * number : 2 * number + width] + jumps[number]
        labs.append(np.dstack([shot.lightness, ab]))
        meter.add(FilmFrame(shot, labs[-1]))
    found = meter.result()
    by_hand = [
        np.linalg.norm(labs[n][:, :-2, 1:] - labs[n - 1][:, 2:, 1:], axis=-1).mean()
        for n in range(1, 6)
    ]
    assert found == pytest.approx(np.mean(by_hand), rel=0.03)
    assert found == pytest.approx(flicker(labs).color), "each of its own motion: the same"
    alone = ColorFlicker()
    alone.add(FilmFrame(shots(grays)[0], labs[0]))
    with pytest.raises(PictureError, match="flicker cannot be measured"):
        alone.result()


def test_scored_frames_are_evenly_spread() -> None:
    assert evenly_spaced(12, 3) == (2, 6, 10)
    assert evenly_spaced(5, 12) == (0, 1, 2, 3, 4)
    assert evenly_spaced(1, 12) == (0,)
    found = evenly_spaced(1000, 12)
    assert len(set(np.diff(found)) - {83, 84}) == 0
    assert abs(found[0] - (999 - found[-1])) <= 1


def test_scored_frames_equal_the_decoded_frames(tmp_path: Path) -> None:
    path = film(tmp_path / "x.mkv", frames=5, size=(48, 64), codec="ffv1", pixels="bgr0")
    how = load_protocol(PROTOCOL).varied(short_side=None, frames=3)
    reel = ReferenceFilm(path, how)
    assert (reel.frame_count, reel.lost_count, reel.scored, reel.enlarged) == (
        3,
        0,
        (0, 1, 2),
        False,
    )
    wanted = [frame.to_ndarray(format="rgb24") for frame in decoded(path)[:3]]
    for shot, pixels in zip(reel.frames(), wanted, strict=True):
        assert np.array_equal(shot.truth.pixels, pixels)
        assert np.abs(shot.lab - rgb_to_lab(pixels)).max() < 0.01
    small = ReferenceFilm(path, load_protocol(PROTOCOL).varied(short_side=24))
    assert [shot.lightness.shape for shot in small.frames()] == [(24, 32)] * 5
    gray = film(tmp_path / "gray.mkv", frames=1, codec="ffv1", gray=True)
    (shot,) = ReferenceFilm(gray, how).frames()
    luma = planes(decoded(gray)[0])[0].astype(float)
    assert np.abs((luma - 16) * 255 / 219 - shot.truth.pixels[..., 1]).max() < 2, "full range"
    turned = film(tmp_path / "turned.mp4", frames=2, turn=90)
    assert [shot.truth.pixels.shape for shot in ReferenceFilm(turned, how).frames()] == [
        (64, 48, 3)
    ] * 2


@pytest.mark.slow
def test_films_are_scored_with_and_without_smoothing(
    tmp_path: Path, colortk: Run, distribution: Callable[..., Path]
) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    film(clips / "color.mkv", frames=16, codec="ffv1")
    film(clips / "gray.mkv", frames=8, codec="ffv1", gray=True)
    for name, body in (("blink", BLINK), ("late", LATE)):
        distribution(name, colorizer_module(name, name, body.strip()))
    site = distribution("mine", METRICS)
    more = ("-m", "frames", "-m", "broken", "-p", "blink", "-p", "late", "--json")
    run = colortk("compare", clips, *SMALL, *more, plugins=site)
    assert run.returncode == 1, "a plugin failed"
    whole = json.loads(run.stdout)
    assert (whole["images"], whole["films"]["images"]) == (0, 1)
    report = whole["films"]
    assert report["protocol"]["name"] == "v2-film, short_side=48"
    rows = {row["name"]: row for row in report["plugins"]}
    assert set(rows) == {"gray", "blink", "blink+flow", "late", "late+flow"}
    assert rows["gray"]["metrics"]["flicker"]["mean"] == 0
    off, flow = (rows[name]["metrics"] for name in ("blink", "blink+flow"))
    assert off["flicker"]["mean"] == pytest.approx(3 * np.sqrt(2), rel=0.05)
    assert flow["flicker"]["mean"] < off["flicker"]["mean"] / 2
    assert {off[name]["n"] for name in off} == {1}, "a gray film is left out of every measure"
    assert [Path(name).name for name in report["gray_originals"]] == ["gray.mkv"]
    assert off["frames"]["mean"] == 16
    assert "broken" not in off
    beside = rows["blink"]["beside"]["flicker"]
    assert 0 < beside < 3, "the originals', whose colors move with what they are on"
    for name in ("late", "late+flow"):
        assert rows[name]["failed"] == 1
    reasons = [
        [r["error"] for r in report["failures"] if r["plugin"] == n] for n in ("late", "late+flow")
    ]
    assert reasons[0] == reasons[1]
    assert "frame 5: plugin 'late' failed: RuntimeError: inside" in reasons[0][0]
    assert run.stderr.count("RuntimeError: inside") == 1, "once a film, and not of the gray one"
    assert "no broken of" in run.stderr
    assert [(f["frames"], f["near_gray"]) for f in report["originals"]] == [(16, False), (8, True)]

    again = json.loads(colortk("compare", clips, *SMALL, *more, plugins=site).stdout)["films"]
    assert (report.pop("computed"), again.pop("computed")) == (12, 0)
    assert report.pop("loading_seconds") > again.pop("loading_seconds") == 0
    assert report == again


@pytest.mark.slow
def test_unreadable_films_are_reported(tmp_path: Path, colortk: Run) -> None:
    cut = truncated(tmp_path / "cut.mp4")
    (tmp_path / "bad.mkv").write_bytes(b"no film")
    for computed in (2, 0):  # the stored results lack the missing frames, too
        run = colortk(
            "compare", cut, tmp_path / "bad.mkv", *SMALL, "-p", "gray", "--json", "--frames", "200"
        )
        assert run.returncode == 1
        lines = run.stderr.splitlines()
        assert len(lines) == 2, lines
        assert "bad.mkv" in lines[0]
        assert "could not be read: the others were compared" in lines[1]
        report = json.loads(run.stdout)["films"]
        assert report["computed"] == computed
        (told,) = report["originals"]
        assert 2 < told["frames"] < 30
        assert told["lost_frames"] > 0


@pytest.mark.slow
def test_wrong_film_options_and_missing_pyav_are_one_line(
    tmp_path: Path, colortk: Run, folder: Path
) -> None:
    clip = film(tmp_path / "x.mp4", frames=2)
    site = tmp_path / "none"
    site.mkdir()
    (site / "av.py").write_text("raise ImportError('not here')")
    one_line(colortk("compare", clip, plugins=site), 3, "films need PyAV", "pip install")
    dask = ("--backend", "dask", "--scheduler", "tcp://127.0.0.1:1")
    one_line(colortk("compare", clip, *dask), 2, "films are not sent to a Dask cluster")
    with pytest.raises(UsageError, match="'flicker' scores films: no film was given"):
        compare(folder, ["gray"], ["flicker"])
    with pytest.raises(UsageError, match="known: keyframes, flow, off"):
        compare(clip, ["gray"], temporal=["on"])


@pytest.mark.slow
def test_pictures_and_films_in_one_folder(folder: Path, colortk: Run, site: Path) -> None:
    from PIL import Image

    for path in list(folder.iterdir())[1:]:
        path.unlink()
    Image.fromarray(photo(70, 90, 5)).save(folder / "another.png")
    film(folder / "one.mkv", frames=6, codec="ffv1")
    film(folder / "two.mkv", frames=6, codec="ffv1", cut=3)
    files = ("--csv", "s.csv", "--markdown", "s.md", "--html", "r.html")
    run = colortk("compare", folder, "-p", "orange", *SMALL, *files, plugins=site)
    assert run.returncode == 0, run.stderr
    assert "# Films: mean" in run.stdout
    assert "2 films, 12 frames" in run.stdout
    heads = [line.split("\t") for line in run.stdout.splitlines() if line.startswith("rank\t")]
    assert [("flicker ↓" in head, head[-4]) for head in heads] == [
        (False, "s/picture"),
        (True, "s/frame"),
    ]
    place = folder.parent
    lines = list(csv.DictReader(io.StringIO((place / "s.csv").read_text("utf-8"))))
    found = {(line["of"], line["plugin"]) for line in lines}
    assert ("films", "orange+flow") in found
    assert ("pictures", "orange+flow") not in found
    ways = {(line["of"], line["protocol"].partition(",")[0]) for line in lines}
    assert ways == {("films", "v2-film"), ("pictures", "v2")}
    assert "## Films" in (place / "s.md").read_text("utf-8")
    text = (place / "r.html").read_text("utf-8")
    assert text.count('<section id="films">') == 1
    assert text.count("data:image/jpeg;base64,/9j/") == 2 * (2 + 3)
    assert 'href="#films"' in text
    assert "<!--" not in text.split("<script>")[0]

    # Several processes with another store give the same rows.
    one, two = (
        json.loads(
            colortk(
                "compare", folder, "-p", "orange", *SMALL, "--json", "--store", place / f"s{jobs}",
                "--jobs", jobs, plugins=site,
            ).stdout
        )["films"]
        for jobs in (1, 4)
    )  # fmt: skip
    assert [r["metrics"] for r in one["plugins"]] == [r["metrics"] for r in two["plugins"]]
    assert [r["name"] for r in one["plugins"]] == [r["name"] for r in two["plugins"]]

    boards = json.loads(colortk("leaderboard", "--json", plugins=site).stdout)
    (board,) = (board for board in boards if board["kind"] == "films")
    assert {row["name"] for row in board["plugins"]} == {"gray", "orange", "orange+flow"}
    assert all(row["current"] for row in board["plugins"])
    assert "flicker" in board["plugins"][0]["metrics"]

    only = colortk(
        "compare", folder / "one.mkv", "-p", "orange", *SMALL, "--html", "o.html", plugins=site
    )
    assert only.returncode == 0, only.stderr
    page = (place / "o.html").read_text("utf-8")
    assert "Ranking" not in page
    assert "<script>" not in page
    assert "Only 1 film" in page
    skipped = colortk("compare", folder, *SMALL, "-p", "gray", "--temporal", "skip", "--json")
    assert "films" not in json.loads(skipped.stdout)
    assert set(rows_of(skipped)) == {"gray"}


@pytest.mark.slow
def test_memory_does_not_grow_with_the_film(tmp_path: Path, site: Path) -> None:
    pytest.importorskip("resource")
    peaks = []
    for frames in (40, 400):
        clip = film(tmp_path / f"{frames}.mkv", frames=frames, codec="ffv1", size=(144, 192))
        code = (
            "import resource, sys; from pathlib import Path; from colortk import compare;"
            "compare(sys.argv[1], ['orange'], ['flicker', 'psnr'], frames=400, store=Path(sys.argv[2]), changes={'short_side': None});"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        store = tmp_path / f"store{frames}"
        store.mkdir()
        out = subprocess.run(
            [sys.executable, "-c", code, str(clip), str(store)],
            env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        peaks.append(int(out.stdout))
    assert peaks[1] < peaks[0] * 1.05 + 4096
