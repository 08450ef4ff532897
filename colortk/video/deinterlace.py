"""Deinterlace frames with FFmpeg's filter ``bwdif``, and mark frames as interlaced."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from colortk.video._av import av


class FrameFilter:
    """One filter of FFmpeg, for frames of one size.

    Parameters
    ----------
    name, arguments : str
        The filter.
    time_base : Fraction
        Unit of the time stamps of its input.
    """

    def __init__(self, name: str, arguments: str, time_base: Fraction) -> None:
        self._filter, self._time_base = (name, arguments), time_base
        self._graph: Any = None
        self._format = ""

    def __call__(self, frame: Any) -> Iterator[Any]:
        """Yield the frames that are finished after another input; ``None`` ends the input.

        Time stamps must be set. The graph is made again if the pixel format changes.
        """
        if frame is not None and frame.format.name != self._format:
            yield from self._end()
            self._start(frame)
        if frame is None:
            yield from self._end()
            return
        self._graph.push(frame)
        yield from self._finished()

    def _start(self, frame: Any) -> None:
        self._format, graph = frame.format.name, av.filter.Graph()
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=self._time_base
        )
        node, sink = graph.add(*self._filter), graph.add("buffersink")
        source.link_to(node)
        node.link_to(sink)
        graph.configure()
        self._graph = graph

    def _end(self) -> Iterator[Any]:
        if self._graph is not None:
            self._graph.push(None)
            yield from self._finished()
        self._graph, self._format = None, ""

    def _finished(self) -> Iterator[Any]:
        with contextlib.suppress(av.error.BlockingIOError, av.error.EOFError):
            while True:
                yield self._graph.pull()


def deinterlacer(order: str, every_field: bool, time_base: Fraction) -> FrameFilter:
    """Return a filter from interlaced to progressive frames.

    Parameters
    ----------
    order : str
        Field that is shown first, "tff" or "bff".
    every_field : bool
        Make a frame of each field, which doubles the frame rate. The unit of time stamps of the
        result is half of ``time_base`` then.
    time_base : Fraction
        Unit of time stamps.
    """
    mode = "send_field" if every_field else "send_frame"
    return FrameFilter("bwdif", f"mode={mode}:parity={order}:deint=all", time_base)


def field_marker(order: str, time_base: Fraction) -> FrameFilter:
    """Return a filter that marks frames as interlaced, for the encoder."""
    return FrameFilter("setfield", order, time_base)
