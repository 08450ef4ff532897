"""Films of many kinds: interlaced, tagged, of 10 bits; and their properties, read with PyAV."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from films import av, decoded

#: Samples of sound per second: MPEG audio has none of fewer.
RATE = 32000

FLAGS = av.codec.context.Flags


@dataclass(frozen=True)
class Kind:
    """How a film is made. ``tags``: primaries, transfer and matrix by their numbers in H.273."""

    name: str
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    size: tuple[int, int] = (48, 64)
    tags: tuple[int, int, int] | None = (1, 1, 1)
    full: bool = False
    order: str = ""  # tff or bff: two fields per frame
    marked: bool = True
    sound: str = ""
    times: tuple[int, ...] = ()
    options: dict[str, str] = field(default_factory=dict)


def picture(time: float, height: int, width: int) -> np.ndarray:
    """Return a gray frame of bars that move four pixels in a unit of time."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    bars = np.where(np.sin((x + 4 * time) / 3) > 0, 190, 60) + 20 * np.sin(y / 9)
    return np.repeat(np.clip(bars, 0, 255).astype(np.uint8)[..., None], 3, -1)


def frame_at(number: int, kind: Kind) -> np.ndarray:
    """Return a frame of a film; of an interlaced film, its fields are half a frame apart."""
    first, second = (picture(number + part, *kind.size) for part in (0, 0.5))
    if not kind.order:
        return first
    woven = first.copy()
    late = 1 if kind.order == "tff" else 0
    woven[late::2] = second[late::2]
    return woven


def write(path: Path, kind: Kind, frames: int = 6) -> Path:
    """Write a film of ``frames``."""
    marker = None
    with av.open(str(path), "w") as out:
        stream = out.add_stream(kind.codec, rate=25, options=kind.options)
        height, width = kind.size
        stream.width, stream.height, stream.pix_fmt = width, height, kind.pix_fmt
        context = stream.codec_context
        base = Fraction(1, 1000 if kind.times else 25)
        context.time_base = stream.time_base = base
        context.color_range = 2 if kind.full else 1
        if kind.tags:
            context.color_primaries, context.color_trc, context.colorspace = kind.tags
        if kind.order and kind.marked:
            context.flags |= FLAGS.interlaced_dct | FLAGS.interlaced_me
            context.field_order = 2 if kind.order == "tff" else 3
            marker = av.filter.Graph()
            source = marker.add_buffer(
                width=width, height=height, format=av.VideoFormat(kind.pix_fmt), time_base=base
            )
            setter, sink = marker.add("setfield", kind.order), marker.add("buffersink")
            source.link_to(setter)
            setter.link_to(sink)
            marker.configure()
        audio = out.add_stream(kind.sound, rate=RATE, layout="mono") if kind.sound else None
        for number in range(frames):
            rgb = av.VideoFrame.from_ndarray(frame_at(number, kind), "rgb24")
            frame = rgb.reformat(
                format=kind.pix_fmt, dst_colorspace=kind.tags[2] if kind.tags else None,
                dst_color_range=2 if kind.full else 1,
            )  # fmt: skip
            frame.pts = kind.times[number] if kind.times else number
            frame.time_base = base
            frame.color_range = 2 if kind.full else 1
            if kind.tags:
                frame.color_primaries, frame.color_trc, frame.colorspace = kind.tags
            if marker is not None:
                marker.push(frame)
                frame = marker.pull()
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if audio is not None:
            tone = (8000 * np.sin(np.arange(RATE * frames // 25) / 9)).astype(np.int16)
            samples = av.AudioFrame.from_ndarray(tone[None], "s16", "mono")
            samples.sample_rate = RATE
            out.mux(audio.encode(samples))
            out.mux(audio.encode(None))
    return path


def properties(path: Path) -> dict[str, Any]:
    """Return what PyAV reads of a film: of the first frame, and of the stream if it has no tag."""
    frames = decoded(path)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        frame = frames[0]

        def tag(name: str) -> int:
            value = int(getattr(frame, name))
            return value if value not in (0, 2) else int(getattr(context, name))

        return {
            "size": (frame.width, frame.height),
            "frames": len(frames),
            "rate": stream.average_rate,
            "times": [round(float((f.pts - frames[0].pts) * f.time_base), 3) for f in frames],
            "interlaced": bool(frame.interlaced_frame),
            "field_order": int(context.field_order),
            "tags": tuple(tag(name) for name in ("color_primaries", "color_trc", "colorspace")),
            "full": int(frame.color_range or context.color_range) == 2,
            "bits": max(part.bits for part in frame.format.components),
        }
