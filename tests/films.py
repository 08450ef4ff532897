"""Small films for tests, made with PyAV, and functions that read a film."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

av = pytest.importorskip("av", reason="films need PyAV: pip install av")

RATE = 8000


def scene(number: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """Return a frame of a picture that moves one pixel per frame, uint8 (H, W, 3)."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x = x + number
    red = 120 + 60 * np.sin(x / 9 + seed * 2)
    green = 110 + 50 * np.sin(y / 7 + seed)
    blue = 100 + 50 * np.sin((x + y) / 11 + 3 * seed)
    return np.clip(np.stack([red, green, blue], -1), 0, 255).astype(np.uint8)


def film(
    path: Path,
    frames: int = 16,
    size: tuple[int, int] = (48, 64),
    times: list[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    sound: str = "",
    subtitles: str = "",
    codec: str = "libx264",
    pixels: str = "yuv420p",
    turn: int = 0,
    cut: int | None = None,
    gray: bool = False,
    options: dict[str, str] | None = None,
    encoding: dict[str, str] | None = None,
) -> Path:
    """Write a film of ``frames``; ``times``: time stamps; ``cut``: where another scene begins.

    ``options``: of the container; ``encoding``: of the codec.
    """
    height, width = size
    with av.open(str(path), "w", options=options or {}) as out:
        stream = out.add_stream(codec, rate=25, options=encoding or {})
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.time_base = stream.time_base = time_base
        if turn:
            stream.set_display_rotation(turn)
        audio = out.add_stream(sound, rate=RATE, layout="mono") if sound else None
        words = out.add_mux_stream(subtitles) if subtitles else None
        for number in range(frames):
            seed = 0 if cut is None or number < cut else 3
            rgb = scene(number, height, width, seed)
            if gray:
                rgb = np.repeat(rgb.mean(-1, keepdims=True).astype(np.uint8), 3, -1)
            frame = av.VideoFrame.from_ndarray(rgb, "rgb24")
            frame.pts, frame.time_base = (times[number] if times else number), time_base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if audio is not None:
            tone = (8000 * np.sin(np.arange(RATE * frames // 25) / 9)).astype(np.int16)
            samples = av.AudioFrame.from_ndarray(tone[None], "s16", "mono")
            samples.sample_rate = RATE
            samples.pts = round(times[0] * time_base * RATE) if times else 0
            out.mux(audio.encode(samples))
            out.mux(audio.encode(None))
        if words is not None:
            for number, text in enumerate((b"one", b"two")):
                packet = av.Packet(text)
                packet.stream, packet.time_base = words, Fraction(1, 1000)
                packet.pts = packet.dts = number * 200
                packet.duration = 150
                out.mux(packet)
    return path


def truncated(path: Path) -> Path:
    """Write a film of 30 frames whose index comes first, and cut off its end."""
    whole, fast = path.with_suffix(".whole.mp4"), path.with_suffix(".fast.mp4")
    film(whole, frames=30, size=(96, 128))
    with (
        av.open(str(whole)) as old,
        av.open(str(fast), "w", options={"movflags": "faststart"}) as new,
    ):
        stream = new.add_stream_from_template(old.streams.video[0], opaque=True)
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    path.write_bytes(fast.read_bytes()[:-600])
    return path


def decoded(path: Path) -> list[Any]:
    """Return the decoded frames of a film."""
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def seconds(path: Path) -> list[float]:
    """Return the presentation times of the frames."""
    return [float(frame.pts * frame.time_base) for frame in decoded(path)]


def packets(path: Path, kind: str) -> list[tuple[float, bytes]]:
    """Return times and bytes of the packets of the first stream of a kind."""
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == kind)
        return [(float(p.pts * p.time_base), bytes(p)) for p in container.demux(stream) if p.size]


def planes(frame: Any) -> list[np.ndarray]:
    """Y', Cb, Cr of a frame."""
    return [
        np.frombuffer(memoryview(p), np.uint8).reshape(-1, p.line_size)[: p.height, : p.width]
        for p in frame.planes
    ]
