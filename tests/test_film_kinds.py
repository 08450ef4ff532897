"""What ``colortk video`` keeps of films of many kinds: compared with PyAV before and after."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colortk.cli.main import invoke

pytest.importorskip("av", reason="needs the extra `video`")

from film_kinds import Kind, picture, properties, write
from films import av, decoded, packets, planes

QUIET = {"x265-params": "log-level=none"}
KINDS = [
    Kind("bt709.mp4", sound="aac"),
    Kind("pal.mkv", tags=(5, 6, 5), sound="ac3"),
    Kind("ntsc.mp4", tags=(6, 6, 6)),
    Kind("full.mp4", full=True),
    Kind("jpeg.avi", codec="mjpeg", pix_fmt="yuvj420p", full=True, tags=None),
    Kind("hevc10.mp4", codec="libx265", pix_fmt="yuv420p10le", options=QUIET, sound="aac"),
    Kind("full10.mkv", codec="libx265", pix_fmt="yuv420p10le", options=QUIET, full=True),
    Kind("prores.mov", codec="prores_ks", pix_fmt="yuv422p10le", tags=(1, 1, 1)),
    Kind("odd.mkv", codec="ffv1", size=(47, 63)),
    Kind("variable.mp4", times=(0, 40, 100, 280, 320, 500)),
    Kind("vp9.webm", codec="libvpx-vp9"),
    Kind("mpeg2.ts", codec="mpeg2video", tags=(5, 6, 5), sound="mp2"),
    Kind("untagged.mp4", tags=None),
]


def colorize(source: Path, output: Path, capsys: Any, *options: str) -> dict[str, Any]:
    """Run ``colortk video --json`` and return its summary."""
    command = ["video", str(source), "-o", str(output), "-p", "mean_color", "--json", *options]
    assert invoke(command) == 0, capsys.readouterr().err
    summary: dict[str, Any] = json.loads(capsys.readouterr().out)
    return summary


#: The everyday tests try these only.
EVERYDAY = ("full.mp4", "hevc10.mp4", "tff.mp4")


def each(kinds: list[Kind]) -> Any:
    """Return a parameter for each kind; most are slow."""
    parameters = [
        pytest.param(kind, id=kind.name, marks=() if kind.name in EVERYDAY else pytest.mark.slow)
        for kind in kinds
    ]
    return pytest.mark.parametrize("kind", parameters)


@each(KINDS)
def test_a_film_keeps_its_properties(
    kind: Kind, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, output = write(tmp_path / kind.name, kind), tmp_path / f"out-{kind.name}"
    summary = colorize(source, output, capsys)
    before, after = properties(source), properties(output)
    for name in ("size", "frames", "times", "full", "bits", "interlaced"):
        assert after[name] == before[name], name
    # With a variable rate the mean depends on the duration of the last frame.
    assert after["rate"] == before["rate"] or kind.times
    if kind.tags is not None:
        assert after["tags"] == before["tags"] == kind.tags
    else:
        assert after["tags"] in ((1, 6, 6), (1, 6, 5)), "primaries of sRGB, luma of BT.601"
    if kind.sound:
        old, new = (packets(path, "audio") for path in (source, output))
        assert [data for _, data in new] == [data for _, data in old]
        delays = np.array([time for time, _ in old]) - [time for time, _ in new]
        assert np.ptp(delays) < 0.0011, "a stream of a broadcast begins at 0 in the output"
    assert (summary["field_order"], summary["deinterlaced"]) == ("progressive", False)
    if kind.tags is not None and kind.size[0] % 2 == 0:  # the tones: lightness is kept, ±1 %
        old, new = (decoded(path)[3].reformat(format="gray16le") for path in (source, output))
        difference = old.to_ndarray().astype(float) - new.to_ndarray()
        assert abs(difference.mean()) / 65535 < 0.05


FIELDS = [
    Kind("tff.mp4", order="tff"),
    Kind("bff.mkv", order="bff"),
    Kind("unmarked.mp4", order="bff", marked=False),
    Kind("mpeg2.ts", codec="mpeg2video", order="tff", sound="mp2"),
]


@each(FIELDS)
def test_an_interlaced_film_becomes_progressive(
    kind: Kind, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, output = write(tmp_path / kind.name, kind, frames=8), tmp_path / "out.mkv"
    summary = colorize(source, output, capsys)
    assert (summary["field_order"], summary["deinterlaced"]) == (kind.order, True)
    assert "interlaced" in summary["notes"][0]
    before, after = properties(source), properties(output)
    assert not after["interlaced"]
    assert after["field_order"] in (0, 1)
    for name in ("size", "frames", "rate"):
        assert after[name] == before[name]
    luma = [planes(frame)[0].astype(float) for frame in decoded(output)]
    for number in range(2, 6):  # the field that is shown first has the time of the frame
        wanted, late = (
            picture(number + part, *kind.size)[..., 0].astype(float) for part in (0, 0.5)
        )
        wanted, late = (16 + value * 219 / 255 for value in (wanted, late))
        assert np.abs(luma[number] - wanted).mean() < np.abs(luma[number] - late).mean()
        adjacent = np.abs(np.diff(luma[number], axis=0)).mean()
        assert adjacent < 12, "no combs; combs of these bars have more than 30"
    if kind.sound:
        assert [data for _, data in packets(output, "audio")] == [
            data for _, data in packets(source, "audio")
        ]


@pytest.mark.slow
def test_bob_makes_a_frame_of_each_field_and_resumes_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = Kind("tff.mp4", order="tff")
    source, output = write(tmp_path / kind.name, kind, frames=8), tmp_path / "out.mkv"
    more = ("--deinterlace", "bob", "--codec", "ffv1", "--stretch", "0.1")
    summary = colorize(source, output, capsys, *more)
    assert summary["frames"] == 16
    after = properties(output)
    assert after["rate"] == Fraction(50)
    assert after["times"] == [pytest.approx(k / 50, abs=0.0011) for k in range(16)]
    part = tmp_path / "part.mkv"
    colorize(source, part, capsys, *more, "--from", "0.12", "--to", "0.24")
    whole = [planes(frame)[0] for frame in decoded(output)]
    for number, frame in enumerate(decoded(part)):
        same = np.array_equal(planes(frame)[0], whole[6 + number])
        assert same, f"frame {number} depends on where reading begins"


@pytest.mark.slow
@pytest.mark.parametrize("order", ["tff", "bff"])
def test_off_keeps_the_fields(
    order: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "in.mkv", Kind("", order=order))
    for name in ("out.mp4", "out.mkv"):
        output = tmp_path / name
        summary = colorize(source, output, capsys, "--deinterlace", "off")
        assert (summary["field_order"], summary["deinterlaced"]) == (order, False)
        after = properties(output)
        assert after["interlaced"]
        assert after["field_order"] == (2 if order == "tff" else 3)
    command = ["video", str(source), "-o", str(tmp_path / "x.mp4"), "--deinterlace", "off"]
    assert invoke([*command, "-p", "gray", "--codec", "libx265"]) == 2
    assert "cannot mark fields" in capsys.readouterr().err


@pytest.mark.slow
def test_progressive_frames_that_are_marked_as_fields_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"x264-params": "tff=1"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.flags |= av.codec.context.Flags.interlaced_dct
        noise = np.random.default_rng(0).integers(0, 255, (16, 40), np.uint8)
        wide = np.kron(noise, np.ones((4, 4), np.uint8))
        for number in range(8):
            window = wide[:, 3 * number : 3 * number + 64]
            rgb = np.repeat(window[..., None], 3, -1)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")))
        out.mux(stream.encode(None))
    summary = colorize(path, tmp_path / "out.mp4", capsys)
    assert not summary["deinterlaced"]
    assert "marked as interlaced" in summary["notes"][0]


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_a_high_dynamic_range_is_refused(
    transfer: int, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = Kind("", "libx265", "yuv420p10le", tags=(9, transfer, 9), options=QUIET)
    source = write(tmp_path / "in.mkv", kind, frames=2)
    assert invoke(["video", str(source), "-p", "gray"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"high dynamic range ({name})" in error
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


@pytest.mark.slow
def test_a_wide_gamut_becomes_bt709(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kind = Kind("", "libx265", "yuv420p10le", tags=(9, 14, 9), options=QUIET)
    source, output = write(tmp_path / "in.mkv", kind, frames=2), tmp_path / "out.mkv"
    summary = colorize(source, output, capsys)
    assert properties(output)["tags"] == (1, 1, 1)
    assert "wide gamut" in summary["notes"][0]


@pytest.mark.slow
def test_ten_bits_are_finer_than_eight(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "in.mkv"
    ramp = np.linspace(200, 260, 64)  # of 10 bits: 61 levels, 16 of 8 bits
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p10le"
        frame = av.VideoFrame(64, 48, "yuv420p10le")
        for stored, values in zip(frame.planes, (ramp, 512, 512), strict=True):
            rows = np.frombuffer(memoryview(stored), np.uint16).reshape(stored.height, -1)
            rows[:, : stored.width] = np.rint(values)
        frame.pts, frame.time_base, frame.color_range = 0, Fraction(1, 25), 1
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    for plugin in ("gray", "mean_color"):
        output = tmp_path / f"{plugin}.mkv"
        command = ["video", str(path), "-o", str(output), "-p", plugin, "--codec", "ffv1"]
        assert invoke(command) == 0, capsys.readouterr().err
        frame = decoded(output)[0]
        assert frame.format.name == "yuv420p10le"
        luma = np.frombuffer(memoryview(frame.planes[0]), np.uint16)
        luma = luma.reshape(48, -1)[20, :64].astype(int)
        if plugin == "gray":
            assert np.array_equal(luma, np.rint(ramp))
        else:
            # Lightness is kept although Y' changes with chroma, and no level of the ramp is lost.
            assert len(set(luma.tolist())) > 50
            assert np.abs(np.diff(luma)).max() <= 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pix_fmt", "codec", "wanted"),
    [("yuv422p10", "libx264", "yuv422p10le"), ("yuv444p", "libx265", "yuv444p")],
)
def test_the_pixel_format_can_be_chosen(
    pix_fmt: str, codec: str, wanted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, output = write(tmp_path / "in.mp4", Kind(""), frames=2), tmp_path / "out.mkv"
    summary = colorize(source, output, capsys, "--pix-fmt", pix_fmt, "--codec", codec)
    assert summary["pix_fmt"] == decoded(output)[0].format.name == wanted


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--pix-fmt", "rgb24"), "known values: yuv420p"),
        (("--pix-fmt", "yuv420p10le", "--codec", "mpeg4"), "the encoder does not support it"),
        (("--deinterlace", "on"), "is not one of 'auto', 'off', 'bob'"),
    ],
)
def test_a_wrong_choice_is_one_clear_line(
    options: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "in.mp4", Kind(""), frames=2)
    assert invoke(["video", str(source), "-o", str(tmp_path / "o.mp4"), *options]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "o.mp4").exists()
