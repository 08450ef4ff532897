"""Write the finished film: its segments, and all other streams of the input.

Nothing is decoded: packets are copied without a change, in the order of their time.
"""

from __future__ import annotations

import contextlib
import heapq
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from colortk.errors import PictureError, UsageError
from colortk.io.files import sweep, temporary_file
from colortk.video._av import av
from colortk.video.encoding import Encoding
from colortk.video.film_container import film_stream, open_film
from colortk.video.film_properties import Film
from colortk.video.film_settings import CONTAINERS
from colortk.video.segment_folder import SegmentFolder
from colortk.video.segment_writer import add_film, tag_stream

#: Metadata of the container, not of the film.
_NOT_COPIED = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration"}
#: The most time units per second of an MP4 in which the start of its streams fits.
_MAX_TIME_SCALE = 1_000_000
#: A packet of the result: its time, a rank among packets of the same time, and a function to write
#: it.
TimedPacket = tuple[Fraction, int, Callable[[], None]]


def format_of(output: Path) -> str:
    """Return the container format for the extension of ``output``. Raises ``UsageError``."""
    try:
        return CONTAINERS[output.suffix.lower()]
    except KeyError:
        raise UsageError(
            f"cannot write films of type '{output.suffix}'", f"known types: {', '.join(CONTAINERS)}"
        ) from None


def refusal(kind: str, add: Callable[[Any], Any]) -> str:
    """Return why a container cannot hold a stream.

    Parameters
    ----------
    kind : str
        Format of the container.
    add : callable
        Adds the stream to a container.

    Returns
    -------
    str
        The reason, or "" if it can.
    """
    with tempfile.TemporaryDirectory(prefix="colortk-") as folder:
        container = av.open(str(Path(folder) / "test"), "w", format=kind)
        try:
            add(container)
            container.start_encoding()
        except (av.error.FFmpegError, OSError, ValueError, TypeError, NotImplementedError) as error:
            text = getattr(error, "strerror", None) or str(error)
            return " ".join(text.split()) or type(error).__name__
        finally:
            with contextlib.suppress(Exception):  # some muxers fail to end without a packet
                container.close()
    return ""


def check_container(output: Path, film: Film, encoding: Encoding) -> None:
    """Raise ``UsageError`` if the file type of ``output`` cannot hold the encoded film."""
    reason = refusal(format_of(output), lambda container: add_film(container, film, encoding))
    if reason:
        raise UsageError(
            f"a {output.suffix} file cannot hold this film in {encoding.codec}",
            reason,
            "use another --codec, or -o NAME.mkv",
        )


def streams_to_copy(source: Any, kind: str, notes: list[str]) -> list[Any]:
    """Return the streams that are copied from the input.

    Parameters
    ----------
    source : av.container.InputContainer
        The input.
    kind : str
        Format of the output.
    notes : list of str
        Receives a line for each stream that the output cannot hold.

    Returns
    -------
    list of av.stream.Stream
        All streams but the film that the output can hold.
    """
    film, streams = film_stream(source), []
    for stream in source.streams:
        if stream.index == film.index:
            continue
        reason = refusal(kind, partial(_copy_of, stream=stream))
        if reason:
            codec = getattr(getattr(stream, "codec_context", None), "name", None) or "unknown"
            notes.append(
                f"its {stream.type} stream {stream.index} ({codec}) was left out:"
                f" {kind} cannot hold it"
            )
        else:
            streams.append(stream)
    return streams


def _copy_of(container: Any, stream: Any) -> Any:
    """Add a stream for packets of ``stream`` to ``container``, and return it."""
    copy = container.add_stream_from_template(stream, opaque=True)
    copy.metadata.update(stream.metadata)
    copy.disposition = stream.disposition
    return copy


def mux_film(
    path: Path,
    output: Path,
    segments: SegmentFolder,
    film: Film,
    span: tuple[Fraction, Fraction | None] | None,
    force: bool,
    notes: list[str],
) -> list[str]:
    """Write the finished film, completely or not at all.

    Parameters
    ----------
    path : Path
        The input, from which other streams are copied.
    output : Path
        The finished film.
    segments : SegmentFolder
        Its segments.
    film : Film
        Properties of the input.
    span : tuple of Fraction, or None
        Start and end of the part in seconds of the input's time stamps. Time stamps of the result
        begin at 0 there.
    force : bool
        Overwrite the output.
    notes : list of str
        Receives a line for each stream that is not copied.

    Returns
    -------
    list of str
        Types of the copied streams, such as "audio".

    Raises
    ------
    PictureError
        If the output cannot be written.
    """
    kind = format_of(output)
    sweep(output.parent)  # temporary files of runs that were killed at this point
    try:
        with (
            temporary_file(output, force) as temporary,
            contextlib.closing(open_film(path)) as source,
        ):
            copied = streams_to_copy(source, kind, notes)
            kinds = [str(stream.type) for stream in copied]  # before the container is closed
            _write(source, copied, temporary, kind, segments, film, span)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PictureError(f"cannot write '{output}'", reason) from error
    return kinds


def _write(
    source: Any,
    copied: list[Any],
    temporary: Path,
    kind: str,
    segments: SegmentFolder,
    film: Film,
    span: tuple[Fraction, Fraction | None] | None,
) -> None:
    options = {}
    if kind in ("mp4", "mov"):
        scale = min(film.time_base.denominator, _MAX_TIME_SCALE)
        options = {"movflags": "+faststart", "movie_timescale": str(max(scale, 1000))}
    with (
        contextlib.closing(av.open(str(segments.file(0)))) as first,
        contextlib.closing(av.open(str(temporary), "w", format=kind, options=options)) as result,
    ):
        stream = _copy_of(result, first.streams.video[0])
        tag_stream(stream, film)  # NUT, the format of segments, has no tags
        if kind in ("mp4", "mov") and stream.codec_context.name == "hevc":
            stream.codec_context.codec_tag = "hvc1"  # which Apple's players need
        original = film_stream(source)
        stream.metadata.update({k: v for k, v in original.metadata.items() if k != "DURATION"})
        stream.time_base = film.time_base
        if film.matrix is not None:
            stream.set_display_matrix(film.matrix)
        copies = {other.index: _copy_of(result, other) for other in copied}
        result.metadata.update(
            {k: v for k, v in source.metadata.items() if k.lower() not in _NOT_COPIED}
        )
        if span is None and source.chapters():
            result.set_chapters(source.chapters())
        begin = span[0] if span is not None else _start(source)
        packets = [_film_packets(segments, film, begin, result, stream)]
        if copied:
            packets.append(_other_packets(source, copied, copies, begin, span, result))
        for _, _, write in heapq.merge(*packets, key=lambda packet: packet[:2]):
            write()


def _start(source: Any) -> Fraction:
    """Return the start of the film in seconds; recordings of broadcasts begin at any time."""
    return max(Fraction(0), Fraction(source.start_time or 0, av.time_base))


def _film_packets(
    segments: SegmentFolder, film: Film, begin: Fraction, result: Any, stream: Any
) -> Iterator[TimedPacket]:
    """Yield the packets of the segments. Each lasts until the next one."""
    shift = round(begin / film.time_base)

    def timed(packet: Any, duration: int) -> TimedPacket:
        packet.duration = max(1, duration)
        packet.pts -= shift
        packet.dts = packet.pts
        packet.stream = stream

        def write() -> None:
            result.mux_one(packet)

        return packet.pts * film.time_base, 0, write

    before = None
    for packet in _encoded(segments, film):
        if before is not None:
            yield timed(before, packet.pts - before.pts)
        before = packet
    if before is not None:
        yield timed(before, segments.finished[-1].duration)


def _encoded(segments: SegmentFolder, film: Film) -> Iterator[Any]:
    """Yield the packets of all segments, in the time base of the film."""
    for path in segments.files():
        with contextlib.closing(av.open(str(path))) as container:
            for packet in container.demux(video=0):
                if packet.size:
                    packet.pts = packet.dts = round(packet.pts * packet.time_base / film.time_base)
                    packet.time_base = film.time_base
                    yield packet


def _other_packets(
    source: Any,
    copied: list[Any],
    copies: dict[int, Any],
    begin: Fraction,
    span: tuple[Fraction, Fraction | None] | None,
    result: Any,
) -> Iterator[TimedPacket]:
    """Yield the packets of the other streams of the input, with times counted from ``begin``."""
    packets = source.demux(copied)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError, OSError):
            return  # a truncated film: the present part has been copied
        if packet.dts is None or not packet.size:
            continue
        base = Fraction(packet.time_base)
        at = packet.dts * base
        if span is not None:
            shown_at = (packet.pts if packet.pts is not None else packet.dts) * base
            if shown_at < span[0] or (span[1] is not None and shown_at >= span[1]):
                continue
        shift = round(begin / base)
        packet.dts -= shift
        if packet.pts is not None:
            packet.pts -= shift
        at -= begin
        index = packet.stream.index

        def write(packet: Any = packet, index: int = index) -> None:
            packet.stream = copies[index]
            result.mux_one(packet)

        yield at, 1, write
