"""The finished film: its stretches one after the other, and every other stream of the input.

Nothing is decoded here: packets are copied as they are, in the order of their time.
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
from colortk.video.film_reader import Film, film_stream, open_film
from colortk.video.segment_folder import SegmentFolder
from colortk.video.segment_writer import Encoding, add_film

#: Container formats by the ending of a file's name.
FORMATS = {
    ".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm",
    ".avi": "avi", ".ts": "mpegts",
}  # fmt: skip
#: Said by a container of itself, not of the film.
_NOT_COPIED = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration"}
#: Ticks a second in which an MP4 says when its streams begin; more do not fit.
_LARGEST_SCALE = 1_000_000
#: A packet of the result: when it is due, and a way to write it.
Due = tuple[Fraction, int, Callable[[], None]]


def format_of(output: Path) -> str:
    """Container format for the ending of ``output``. Raises ``UsageError``."""
    try:
        return FORMATS[output.suffix.lower()]
    except KeyError:
        raise UsageError(
            f"cannot write films of type '{output.suffix}'", f"known: {', '.join(FORMATS)}"
        ) from None


def refused(kind: str, add: Callable[[Any], Any]) -> str:
    """Why a container of format ``kind`` cannot hold the stream that ``add`` adds; "" if it can."""
    with tempfile.TemporaryDirectory(prefix="colortk-") as folder:
        container = av.open(str(Path(folder) / "trial"), "w", format=kind)
        try:
            add(container)
            container.start_encoding()
        except (av.error.FFmpegError, OSError, ValueError, TypeError, NotImplementedError) as error:
            text = getattr(error, "strerror", None) or str(error)
            return " ".join(text.split()) or type(error).__name__
        finally:
            with contextlib.suppress(Exception):  # without a packet some muxers fail to end
                container.close()
    return ""


def check_container(output: Path, film: Film, encoding: Encoding) -> None:
    """Raises ``UsageError`` if a file of that name cannot hold what the codec makes of the film."""
    why = refused(format_of(output), lambda container: add_film(container, film, encoding))
    if why:
        raise UsageError(
            f"a '{output.suffix}' cannot hold this film in {encoding.codec}",
            why,
            "another --codec, or -o NAME.mkv",
        )


def streams_to_copy(source: Any, kind: str, notes: list[str]) -> list[Any]:
    """Every stream of ``source`` but its film that ``kind`` can hold; the others are noted."""
    film, kept = film_stream(source), []
    for stream in source.streams:
        if stream.index == film.index:
            continue
        why = refused(kind, partial(_copy_of, stream=stream))
        if why:
            codec = getattr(getattr(stream, "codec_context", None), "name", None) or "unknown"
            notes.append(
                f"its {stream.type} stream {stream.index} ({codec}) was left out: {kind} cannot hold it"
            )
        else:
            kept.append(stream)
    return kept


def _copy_of(container: Any, stream: Any) -> Any:
    """A stream of ``container`` for packets of ``stream``."""
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
    """Write ``output`` from ``parts`` and the other streams of ``path``; returns their kinds.

    ``span``: seconds of the input's time, from and to; what lies before is cut off and time begins
    there. What could not be copied is said in ``notes``. Raises ``PictureError``.
    """
    kind = format_of(output)
    sweep(output.parent)  # of runs that were killed while they joined
    try:
        with (
            temporary_file(output, force) as temporary,
            contextlib.closing(open_film(path)) as source,
        ):
            copied = streams_to_copy(source, kind, notes)
            kinds = [str(stream.type) for stream in copied]  # while the film is open
            _write(source, copied, temporary, kind, segments, film, span)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise PictureError(f"cannot write '{output}'", why) from error
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
        scale = min(film.time_base.denominator, _LARGEST_SCALE)
        options = {"movflags": "+faststart", "movie_timescale": str(max(scale, 1000))}
    with (
        contextlib.closing(av.open(str(segments.file(0)))) as first,
        contextlib.closing(av.open(str(temporary), "w", format=kind, options=options)) as result,
    ):
        stream = _copy_of(result, first.streams.video[0])
        told = film_stream(source)
        stream.metadata.update({k: v for k, v in told.metadata.items() if k != "DURATION"})
        stream.time_base = film.time_base
        if film.matrix is not None:
            stream.set_display_matrix(film.matrix)
        copies = {one.index: _copy_of(result, one) for one in copied}
        result.metadata.update(
            {k: v for k, v in source.metadata.items() if k.lower() not in _NOT_COPIED}
        )
        if span is None and source.chapters():
            result.set_chapters(source.chapters())
        begin = span[0] if span is not None else _start(source)
        dues = [_film_packets(segments, film, begin, result, stream)]
        if copied:
            dues.append(_other_packets(source, copied, copies, begin, span, result))
        for _, _, write in heapq.merge(*dues, key=lambda due: due[:2]):
            write()


def _start(source: Any) -> Fraction:
    """When the film begins, in seconds of its own time: recordings of broadcasts begin at any hour."""
    return max(Fraction(0), Fraction(source.start_time or 0, av.time_base))


def _film_packets(
    segments: SegmentFolder, film: Film, begin: Fraction, result: Any, stream: Any
) -> Iterator[Due]:
    """The stretches' packets, each as long as it is to the next one."""
    shift = round(begin / film.time_base)

    def due(packet: Any, duration: int) -> Due:
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
            yield due(before, packet.pts - before.pts)
        before = packet
    if before is not None:
        yield due(before, segments.finished[-1].duration)


def _encoded(segments: SegmentFolder, film: Film) -> Iterator[Any]:
    """Packets of all stretches, in the film's time base."""
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
) -> Iterator[Due]:
    """Packets of the input's other streams, as they are, their time counted from ``begin``."""
    packets = source.demux(copied)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError, OSError):
            return  # a truncated film: what there was has been copied
        if packet.dts is None or not packet.size:
            continue
        base = Fraction(packet.time_base)
        at = packet.dts * base
        if span is not None:
            shown = (packet.pts if packet.pts is not None else packet.dts) * base
            if shown < span[0] or (span[1] is not None and shown >= span[1]):
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
