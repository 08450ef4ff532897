"""The guided filter of :mod:`colortk.color.upsample` as ONNX operators."""

from __future__ import annotations

from colortk.color.upsample import EDGE, window_radius
from colortk.runtime.picture_graph.builder import GraphBuilder
from colortk.runtime.picture_graph.sizes import add_resized
from colortk.runtime.picture_graph.values import Value

#: Beyond the end of every axis, for a slice that runs backward to the first element.
_BEFORE_FIRST = -(1 << 62)


def add_chroma_along_edges(graph: GraphBuilder, lightness: Value, ab: Value, short: int) -> Value:
    """Enlarge chroma to the size of a lightness, along its edges.

    It is :func:`colortk.color.upsample.chroma_field`, evaluated for the whole picture.

    Parameters
    ----------
    graph : GraphBuilder
        The graph.
    lightness : Value
        CIE L*, float32 (1, 1, H, W).
    ab : Value
        a* and b*, float32 (1, 2, h, w), smaller than ``lightness``.
    short : int
        Pixels of the short side of ``ab``.

    Returns
    -------
    Value
        a* and b*, float32 (1, 2, H, W).
    """
    small = add_resized(graph, lightness, ab.size(2), ab.size(3))
    functions = add_fit(graph, small, ab, short)
    sizes = graph.shape(1, 4, lightness.size(2), lightness.size(3))
    nothing = Value(graph, "")
    enlarged = graph.value("Resize", [functions, nothing, nothing, sizes], mode="linear")
    slopes, offsets = enlarged.split(1, [2, 2])
    return slopes * lightness + offsets


def add_fit(graph: GraphBuilder, guide: Value, ab: Value, short: int) -> Value:
    """Return linear functions of a lightness that follow a chroma of the same size.

    Parameters
    ----------
    graph : GraphBuilder
        The graph.
    guide : Value
        CIE L*, float32 (1, 1, h, w).
    ab : Value
        a* and b*, float32 (1, 2, h, w).
    short : int
        Pixels of their short side, which the size of the windows depends on.

    Returns
    -------
    Value
        Planes of slope a, slope b, offset a and offset b, float32 (1, 4, h, w).
    """
    radius = window_radius(short)
    slopes, _, _ = _slopes(graph, guide, ab, radius, 2)
    slopes = _means(graph, slopes, radius)
    return graph.join([slopes, ab - slopes * guide], 1)


def add_smoothed_along_edges(graph: GraphBuilder, guide: Value, plane: Value, short: int) -> Value:
    """Smooth a plane along the edges of a lightness of the same size.

    It is :func:`colortk.color.upsample.chroma_field` with ``exact=False``.

    Parameters
    ----------
    graph : GraphBuilder
        The graph.
    guide : Value
        CIE L*, float32 (1, 1, h, w).
    plane : Value
        Float32 (1, 1, h, w).
    short : int
        Pixels of their short side.

    Returns
    -------
    Value
        Float32 (1, 1, h, w).
    """
    radius = window_radius(short)
    slope, average, center = _slopes(graph, guide, plane, radius, 1)
    both = _means(graph, graph.join([slope, average - slope * center], 1), radius)
    slope, offset = both.split(1, [1, 1])
    return slope * guide + offset


def _slopes(
    graph: GraphBuilder, guide: Value, x: Value, radius: int, channels: int
) -> tuple[Value, Value, Value]:
    """Return the slopes of ``x`` on ``guide`` in each window, and the means of both."""
    planes = graph.join([guide, guide * guide, x, x * guide], 1)
    parts = _means(graph, planes, radius).split(1, [1, 1, channels, channels])
    center, square, average, product = parts
    variance = (square - center * center).maximum(0.0) + EDGE**2
    return (product - average * center) / variance, average, center


def _means(graph: GraphBuilder, x: Value, radius: int) -> Value:
    """Return the means in windows around each pixel of (1, C, h, w), mirrored at the border."""
    for axis in (2, 3):
        # ONNX can mirror only without the pixel at the border, OpenCV's REFLECT repeats it.
        first = x.part(axis, radius - 1, _BEFORE_FIRST, -1)
        last = x.part(axis, -1, -radius - 1, -1)
        side = [2 * radius + 1, 1] if axis == 2 else [1, 2 * radius + 1]
        x = graph.join([first, x, last], axis).then("AveragePool", kernel_shape=side)
    return x
