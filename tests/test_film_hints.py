"""Hints in films: from their frame on they follow the motion, until a cut or until hidden."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="needs the extra `video`")

from colortk.cli.main import invoke
from films import av, decoded

SIZE, FRAMES, CUT = (64, 96), 16, 12


def made(path: Path) -> Path:
    """Write a gray film of a bright square that moves two pixels per frame; then another scene."""
    height, width = SIZE
    rng = np.random.default_rng(0)
    grounds = [np.kron(rng.integers(30, 90, (16, 24)), np.ones((4, 4))) for _ in range(2)]
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(FRAMES):
            gray = grounds[number >= CUT].copy()
            if number < CUT:
                left = 10 + 2 * number
                gray[20:44, left : left + 24] = 200 + 10 * (np.arange(24) // 6 % 2)
            rgb = np.repeat(gray.astype(np.uint8)[..., None], 3, -1)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, "rgb24")))
        out.mux(stream.encode(None))
    return path


def redness(path: Path, number: int) -> float:
    """Return the mean of red minus green in the middle of the square."""
    rgb = decoded(path)[number].to_ndarray(format="rgb24").astype(int)
    left = 10 + 2 * number
    inside = rgb[26:38, left + 6 : left + 18]
    return float((inside[..., 0] - inside[..., 1]).mean())


def colorize(folder: Path, points: list[dict[str, object]], *more: str) -> None:
    """Colorize the film with hints."""
    source = made(folder / "in.mkv")
    (folder / "in.hints.json").write_text(json.dumps({"points": points}))
    command = ["video", str(source), "-o", str(folder / "out.mkv"), "-p", "gray", "--json"]
    assert invoke([*command, "--hints", "auto", "--codec", "ffv1", "--force", *more]) == 0


def test_a_hint_follows_the_motion_from_its_frame_until_the_cut(tmp_path: Path) -> None:
    # The middle of the square in frame 3 is at 28, 32.
    colorize(tmp_path, [{"x": 28, "y": 32, "color": "#e06060", "frame": 3}], "--keyframes", "4")
    output = tmp_path / "out.mkv"
    assert all(redness(output, number) < 2 for number in (0, 1, 2))
    assert all(redness(output, number) > 15 for number in range(3, CUT)), [
        redness(output, number) for number in range(FRAMES)
    ]
    last = decoded(output)[CUT + 1].to_ndarray(format="rgb24").astype(int)
    assert np.abs(last[..., 0] - last[..., 1]).max() <= 2, "no color after the cut"


@pytest.mark.slow
def test_a_hint_by_time_and_a_resumed_film_give_the_same(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    point = {"x": 28, "y": 32, "color": "#e06060"}
    colorize(tmp_path / "a", [{**point, "frame": 3}], "--keyframes", "4")
    colorize(tmp_path / "b", [{**point, "time": 0.12}], "--stretch", "0.1", "--keyframes", "4")
    films = [decoded(tmp_path / name / "out.mkv") for name in "ab"]
    for one, other in zip(*films, strict=True):
        assert np.array_equal(one.to_ndarray(), other.to_ndarray())

    import colortk

    source, output = tmp_path / "b" / "in.mkv", tmp_path / "again.mkv"
    more = {"plugin": "gray", "codec": "ffv1", "segment_seconds": 0.1, "keyframes": 4}
    more["hints"] = {"points": [{**point, "frame": 3}]}

    def stop(done: int, total: int | None) -> None:
        if done == 10:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        colortk.colorize_video(source, output, progress=stop, **more)
    assert colortk.colorize_video(source, output, resume=True, **more).resumed > 3
    for one, other in zip(decoded(output), films[0], strict=True):
        assert np.array_equal(one.to_ndarray(), other.to_ndarray())


def test_hints_that_cannot_be_used_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = [
        {"x": 500, "y": 32, "color": "#e06060"},
        {"x": 94, "y": 5, "color": "#e06060"},
        {"x": 28, "y": 32, "color": "#e06060", "frame": 3},
    ]
    colorize(tmp_path, points, "--from", "0.2")
    notes = json.loads(capsys.readouterr().out)["notes"]
    assert sum("before --from" in note for note in notes) == 3
    colorize(tmp_path, points)
    notes = json.loads(capsys.readouterr().out)["notes"]
    assert sum("outside the frame" in note for note in notes) == 1
    command = ["video", str(tmp_path / "in.mkv"), "-o", str(tmp_path / "x.mkv"), "-p", "gray"]
    assert invoke([*command, "--temporal", "flow", "--hint", "5,5,#ff0000"]) == 2
    assert "use --temporal keyframes" in capsys.readouterr().err


def test_a_point_that_is_hidden_ends_with_a_line() -> None:
    from fractions import Fraction

    from colortk.guidance.hints import Hint
    from colortk.video.film_hints import FilmHints
    from colortk.video.film_properties import Film
    from colortk.video.film_reader import Frame
    from test_keyframes import moving

    film = Film(
        96, 72, Fraction(25), Fraction(1, 25), Fraction(0), None, None, None, None, None, None, 0, 8
    )  # type: ignore[arg-type]
    notes: list[str] = []
    tracks = FilmHints([Hint(48, 36, (200, 0, 0))], film, lambda frame: None, notes)  # type: ignore[arg-type, return-value]
    frame = Frame(moving(1)[0], 0, 1)
    assert tracks.is_due(frame)
    tracks.begin(frame)
    flow = np.zeros((72, 96, 2), np.float32) + np.float32([4, -2])
    tracks.follow(flow, np.ones((72, 96), np.float32), Frame(frame.gray, 1, 1), film)
    (number, x, y), *_ = tracks.points
    assert (number, x * 96 - 0.5, y * 72 - 0.5) == (0, pytest.approx(52), pytest.approx(34))
    tracks.follow(flow, np.zeros((72, 96), np.float32), Frame(frame.gray, 2, 1), film)
    assert tracks.points == []
    assert notes == [
        "hint 48,36,#c80000 ends at 0.08 s: its point is hidden or leaves the frame."
        " Set another hint later to continue."
    ]
