"""``colortk video``: the output keeps size, timing, sound and lightness of the input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Run, colorizer_module, leftovers, one_line
from films import av, decoded, film, packets, planes, seconds, truncated


def video(colortk: Run, site: Path | None, *arguments: Any, **options: Any) -> Any:
    """Run ``colortk video --json`` and return its summary."""
    run = colortk("video", *arguments, "--json", plugins=site, **options)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_a_film_keeps_its_sound_and_all_but_its_colors(
    tmp_path: Path, colortk: Run, site: Path
) -> None:
    source = film(tmp_path / "in.mp4", sound="aac")
    out = tmp_path / "out.mp4"
    told = video(colortk, site, source, "-o", out, "-p", "orange", "--crf", "4")
    assert (told["frames"], told["width"], told["height"]) == (16, 64, 48)
    assert told["copied"] == ["audio"]
    assert not told["notes"]
    assert not told["lost_frames"]
    assert seconds(out) == seconds(source)
    assert packets(out, "audio") == packets(source, "audio")
    with av.open(str(source)) as before, av.open(str(out)) as after:
        assert after.streams.video[0].average_rate == before.streams.video[0].average_rate
        assert abs(after.duration - before.duration) <= 1000
        assert after.streams.video[0].codec_context.name == "h264"
    assert not leftovers(tmp_path)

    from colortk.color.cielab import rgb_to_lab

    old, new = (rgb_to_lab(decoded(path)[8].to_ndarray(format="rgb24")) for path in (source, out))
    assert np.abs(old[..., 0] - new[..., 0]).mean() < 0.6, "and what H.264 adds"
    assert new[..., 1].mean() > 10, "orange"
    assert new[..., 2].mean() > 20


@pytest.mark.slow
def test_video_equals_run_on_each_frame(tmp_path: Path, colortk: Run) -> None:
    from PIL import Image

    from colortk import metrics

    source = film(tmp_path / "in.mkv", frames=3, size=(120, 160), codec="ffv1")
    weak = ("-p", "sift_mlp")  # strong colors would lose quality at edges by 4:2:0 subsampling
    line = ("-o", tmp_path / "out.mkv", "--temporal", "off", "--codec", "ffv1")
    video(colortk, None, source, *line, *weak)
    for number, (before, after) in enumerate(
        zip(decoded(source), decoded(tmp_path / "out.mkv"), strict=True)
    ):
        picture = tmp_path / f"{number}.png"
        Image.fromarray(before.to_ndarray(format="rgb24")).save(picture)
        assert colortk("run", picture, *weak).returncode == 0
        alone = np.asarray(Image.open(tmp_path / f"{number}-colorized.png"))
        scores = metrics.score(after.to_ndarray(format="rgb24"), alone, ["delta_e00"])
        assert scores["delta_e00"] < 1


def test_variable_frame_rate_is_kept(tmp_path: Path, colortk: Run, site: Path) -> None:
    times = [0, 900, 1000, 4000, 4001, 9000, 9500, 20000]
    base = Fraction(1, 1000)
    source = film(tmp_path / "in.mp4", frames=8, times=times, time_base=base)
    video(colortk, site, source, "-o", tmp_path / "out.mp4", "-p", "orange")
    assert seconds(tmp_path / "out.mp4") == seconds(source) == [t / 1000 for t in times]


@pytest.mark.slow
def test_a_rotated_film_is_colorized_upright(
    tmp_path: Path, colortk: Run, distribution: Callable[..., Path]
) -> None:
    body = """ab = np.zeros((*lightness.shape, 2), np.float32)
        ab[: len(ab) // 2, :, 1] = -30
        ab[len(ab) // 2 :, :, 1] = 30
        return ab"""
    skies = distribution("sky", colorizer_module("sky", "sky", body))
    for turn in (90, 180, -90):
        source, out = tmp_path / f"{turn}.mp4", tmp_path / f"{turn}-out.mp4"
        film(source, frames=2, turn=turn)
        video(colortk, skies, source, "-o", out, "-p", "sky")
        frame = decoded(out)[0]
        assert frame.rotation == decoded(source)[0].rotation == turn or abs(turn) == 180
        assert (frame.width, frame.height) == (64, 48)
        cb = np.rot90(planes(frame)[1], frame.rotation // 90)
        third = len(cb) // 3
        assert cb[:third].mean() > 135 > 121 > cb[-third:].mean(), "blue above, yellow below"


def test_films_of_odd_size_keep_their_size(tmp_path: Path, colortk: Run, site: Path) -> None:
    source = film(tmp_path / "in.mkv", frames=3, size=(143, 175), codec="ffv1")
    told = video(colortk, site, source, "-o", tmp_path / "out.mp4", "-p", "orange")
    frame = decoded(tmp_path / "out.mp4")[0]
    assert (frame.width, frame.height, frame.format.name) == (175, 143, "yuv444p")
    assert "odd" in told["notes"][0]
    assert planes(frame)[2].mean() > 140


@pytest.mark.slow
def test_a_recorded_broadcast_begins_at_0(tmp_path: Path, colortk: Run, site: Path) -> None:
    hour = [3600 * 90000 + 3600 * number for number in range(20)]
    source = film(
        tmp_path / "in.ts", frames=20, times=hour, time_base=Fraction(1, 90000), sound="aac"
    )
    late = seconds(source)[0]
    assert late > 3000
    out = tmp_path / "out.mkv"
    video(colortk, site, source, "-o", out, "-p", "orange")
    for old, new in (
        (seconds(source), seconds(out)),
        ([p[0] for p in packets(source, "audio")], [p[0] for p in packets(out, "audio")]),
    ):
        shift = np.array(old) - new
        assert shift.max() - shift.min() < 0.002, "Matroska's time has milliseconds"
        assert abs(shift[0] - late) < 1
    headed = [
        p[1] for p in packets(source, "audio")
    ]  # by the ADTS header, which belongs to the container
    assert [p[1] for p in packets(out, "audio")] == [data[7:] for data in headed]
    with av.open(str(out)) as after:
        assert after.streams.video[0].average_rate == 25, "not the time base's 1000"
    video(
        colortk,
        site,
        source,
        "-o",
        tmp_path / "part.mkv",
        "-p",
        "orange",
        "--from",
        0.4,
        "--to",
        0.6,
    )  # with one key frame, seeking is not possible
    assert len(seconds(tmp_path / "part.mkv")) == 5


def test_a_film_of_one_gray_frame_stays_gray(tmp_path: Path, colortk: Run) -> None:
    source = film(tmp_path / "in.mkv", frames=1, codec="ffv1", gray=True)
    told = video(colortk, None, source, "-o", tmp_path / "out.mkv", "-p", "gray", "--codec", "ffv1")
    assert told["frames"] == 1
    before, after = planes(decoded(source)[0]), planes(decoded(tmp_path / "out.mkv")[0])
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one, other)


def test_the_readable_frames_of_a_truncated_film_are_colorized(
    tmp_path: Path, colortk: Run, site: Path
) -> None:
    cut = truncated(tmp_path / "cut.mp4")
    run = colortk("video", cut, "-o", tmp_path / "out.mp4", "-p", "orange", "--json", plugins=site)
    one_line(run, 1, "frames of", "could not be decoded")
    told = json.loads(run.stdout)
    assert 2 < told["frames"] < 30
    assert told["lost_frames"] > 0
    assert len(decoded(tmp_path / "out.mp4")) == told["frames"]
    cut.write_bytes(cut.read_bytes()[:600])
    one_line(colortk("video", cut, "-o", tmp_path / "no.mp4"), 1, "cannot read")
    assert not (tmp_path / "no.mp4").exists()
    assert not leftovers(tmp_path)


@pytest.mark.slow
def test_films_with_late_starts_and_long_last_frames_are_complete(
    tmp_path: Path, colortk: Run
) -> None:
    late = film(tmp_path / "late.mkv", frames=8, times=[*range(20, 28)], sound="flac")
    with av.open(str(late)) as container:
        assert "DURATION" in container.streams.video[0].metadata, "which says when it ends"
    slow = tmp_path / "slow.mp4"
    with (
        av.open(str(film(tmp_path / "usual.mp4", frames=8, codec="mpeg4"))) as old,
        av.open(str(slow), "w") as new,
    ):
        stream = new.add_stream_from_template(old.streams.video[0], opaque=True)
        kept = [packet for packet in old.demux(video=0) if packet.size]
        for packet in kept:
            packet.stream = stream
            packet.duration *= 20 if packet is kept[-1] else 1
            new.mux(packet)
    for source in (late, slow):
        out = tmp_path / f"out{source.suffix}"
        assert video(colortk, None, source, "-o", out, "-p", "gray")["frames"] == 8


def test_a_part_of_a_film_keeps_sound_and_subtitles(
    tmp_path: Path, colortk: Run, site: Path
) -> None:
    source = film(tmp_path / "in.mkv", frames=25, sound="aac", subtitles="subrip")
    out = tmp_path / "out.mkv"
    told = video(
        colortk, site, source, "-o", out, "-p", "orange", "--from", "0.2", "--to", "0:00.6"
    )
    assert told["copied"] == ["audio", "subtitle"]
    assert seconds(out) == pytest.approx([n / 25 for n in range(10)], abs=0.0011)
    wanted = [(t, data) for t, data in packets(source, "audio") if 0.2 <= t < 0.6]
    assert [data for _, data in packets(out, "audio")] == [data for _, data in wanted]
    for (new, _), (old, _) in zip(packets(out, "audio"), wanted, strict=True):
        assert new == pytest.approx(old - 0.2, abs=0.0011)
    assert [data for _, data in packets(out, "subtitle")] == [b"two"]


def test_a_stream_that_the_container_cannot_hold(tmp_path: Path, colortk: Run, site: Path) -> None:
    source = film(tmp_path / "in.mkv", frames=3, subtitles="subrip")
    run = colortk("video", source, "-o", tmp_path / "o.mp4", "-p", "orange", plugins=site)
    assert run.returncode == 0
    assert "subtitle stream 1 (srt) was left out: mp4 cannot hold it" in run.stderr


@pytest.mark.slow
def test_a_resumed_film_equals_an_uninterrupted_one(
    tmp_path: Path, colortk: Run, distribution: Callable[..., Path]
) -> None:
    slow = """import os, time
        if os.path.exists("hold") and os.path.exists("out.mkv.parts/000001.nut"):
            time.sleep(3)  # for each keyframe: the film cannot end before it is interrupted
        # Rounded, because the order of NumPy's sums depends on the memory address.
        mean = round(float(lightness.mean()), 1)
        return np.full((*lightness.shape, 2), mean % 5 * 8, np.float32)"""
    (tmp_path / "hold").touch()
    site = distribution("slow", colorizer_module("slow", "slow", slow))
    source = film(tmp_path / "in.mp4", frames=120)
    out = tmp_path / "out.mkv"
    arguments = ["video", source, "-o", out, "-p", "slow", "--stretch", "0.2"]
    # x264 does not always encode the same frames to the same bytes.
    arguments += ["--codec", "ffv1"]
    environment = {**os.environ, "PYTHONPATH": str(site), "COLORTK_STORE": str(tmp_path / "s")}
    process = subprocess.Popen(
        [sys.executable, "-c", "from colortk.cli.main import main; main()", *map(str, arguments)],
        env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    parts = tmp_path / "out.mkv.parts"
    deadline = time.monotonic() + 240
    while not (parts / "000001.nut").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=240)
    assert process.returncode == 130, error
    assert "Run the same command with --resume to continue" in error
    assert not out.exists()
    assert (parts / "000001.nut").exists()
    (tmp_path / "hold").unlink()

    again = colortk(*arguments, plugins=site)
    one_line(again, 1, "holds segments of an earlier run", "--resume")
    other = colortk(*arguments, "--strength", "0.5", "--resume", plugins=site)
    one_line(other, 2, "cannot be resumed", "settings")
    told = video(colortk, site, *arguments[1:], "--resume")
    assert told["frames"] == 120
    assert 5 <= told["resumed"] < 120
    assert not leftovers(tmp_path)
    video(colortk, site, *arguments[1:3], tmp_path / "whole.mkv", *arguments[4:])
    for one, other in zip(decoded(out), decoded(tmp_path / "whole.mkv"), strict=True):
        assert one.pts == other.pts
        assert np.array_equal(one.to_ndarray(), other.to_ndarray())


def test_the_label_is_written_into_the_film(tmp_path: Path, colortk: Run, site: Path) -> None:
    source = film(tmp_path / "in.mp4", frames=3, size=(96, 128))
    video(colortk, site, source, "-o", tmp_path / "o.mp4", "-p", "orange", "--fps-overlay")
    luma, cb, _ = planes(decoded(tmp_path / "o.mp4")[2])
    assert luma[:10, :20].min() < 30
    assert luma[:12, :60].max() > 180
    assert abs(int(cb[1, 1]) - 128) < 6


@pytest.mark.slow
def test_expected_failures_are_one_line(tmp_path: Path, colortk: Run, picture: Path) -> None:
    source = film(tmp_path / "in.mp4", frames=2)
    kept = tmp_path / "kept.mp4"
    kept.write_bytes(b"kept")
    one_line(colortk("video", source, "-o", kept), 1, "exists", "--force")
    assert kept.read_bytes() == b"kept"
    one_line(colortk("video", source, "-o", source, "--force"), 2, "would overwrite the input")
    one_line(colortk("video", "no.mp4", "-o", "o.mp4"), 1, "cannot read 'no.mp4'", "not exist")
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film at all" * 100)
    one_line(
        colortk("video", broken, "-o", "o.mp4"),
        1,
        "cannot read",
        "it is not a film, or its header is missing",
    )
    one_line(colortk("video", picture, "-o", "o.mp4"), 1, "it is a picture", "colortk run")
    one_line(colortk("video", source, "-o", "o.xyz"), 2, "cannot write films of type")
    one_line(colortk("video", source, "-o", "o.mp4", "--codec", "libx246"), 2, "did you mean")
    one_line(colortk("video", source, "-o", "o.webm", "--codec", "libx264"), 2, "cannot hold")
    one_line(
        colortk("video", source, "-o", "o.mp4", "--from", "2", "--to", "1"),
        2,
        "the start is not before the end",
    )
    one_line(colortk("video", source, "-o", "o.mp4", "--from", "1:75"), 2, "is not a time")
    one_line(colortk("video", source, "-o", "o.mp4", "--from", "50"), 1, "no frames")
    one_line(colortk("video", source, "-o", "o.mp4", "-p", "nobody"), 2, "nobody")
    assert not (tmp_path / "o.mp4").exists()
    assert not leftovers(tmp_path)


def test_a_plugin_that_fails_on_a_frame(
    tmp_path: Path, colortk: Run, distribution: Callable[..., Path]
) -> None:
    site = distribution("bad", colorizer_module("bad", "bad", "raise ValueError('no')"))
    source = film(tmp_path / "in.mp4", frames=3)
    run = colortk("video", source, "-o", tmp_path / "o.mp4", "-p", "bad", plugins=site)
    one_line(run, 1, "plugin 'bad' failed", "no")
    assert not (tmp_path / "o.mp4").exists()
    assert not leftovers(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="displays are found otherwise")
def test_live_without_a_display_is_one_line(tmp_path: Path, colortk: Run, monkeypatch: Any) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    one_line(colortk("live"), 3, "no display", "DISPLAY")
    one_line(colortk("live", env={"DISPLAY": ":7654"}), 3, "no window can be opened")
