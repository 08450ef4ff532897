"""The working size of a picture, and resizing as :func:`colortk.color.upsample.resize` does it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from colortk.color.working_size import MAX_RATIO, WorkingSize
from colortk.runtime.picture_graph.builder import GraphBuilder
from colortk.runtime.picture_graph.values import Value


def add_working_shape(
    graph: GraphBuilder, size: WorkingSize, height: Value, width: Value, max_side: int | None
) -> tuple[Value, Value]:
    """Return height and width at which the plugin gets a picture, int64.

    It is :func:`colortk.color.working_size.working_shape`, with a limit of the longer side.

    Parameters
    ----------
    graph : GraphBuilder
        The graph.
    size : WorkingSize
        The size that the plugin declares, with a short side.
    height, width : Value
        Size of the picture, int64.
    max_side : int or None
        Most pixels of the longer side. The ratio of the sides is kept.
    """
    assert size.short is not None
    sides = [height.to(np.float64), width.to(np.float64)]
    if size.square:
        targets = [graph.number(float(size.short), np.float64)] * 2
    else:
        scale = float(size.short) / sides[0].minimum(sides[1])
        targets = [(side * scale).minimum(float(MAX_RATIO * size.short)) for side in sides]
        if max_side is not None:
            shrink = (float(max_side) / targets[0].maximum(targets[1])).minimum(1.0)
            targets = [target * shrink for target in targets]
    step = size.multiple
    rounded = [(target / float(step)).then("Round").to(np.int64) * step for target in targets]
    if max_side is not None:
        rounded = [side.minimum(max_side // step * step) for side in rounded]
    rows, columns = (side.maximum(step) for side in rounded)
    return rows, columns


def short_side(size: WorkingSize, max_side: int | None) -> int:
    """Return the pixels of the short side of the working size of most pictures."""
    assert size.short is not None
    short = size.short if max_side is None else min(size.short, max_side)
    return max(size.multiple, round(short / size.multiple) * size.multiple)


@dataclass(frozen=True)
class Taps:
    """How each element of the result is a weighted sum of elements.

    Attributes
    ----------
    index : Value
        Which elements, int64 (n, K).
    weights : Value
        Their weights, float32 (n, K).
    """

    index: Value
    weights: Value


def add_taps(
    graph: GraphBuilder, before: tuple[Value, Value], after: tuple[Value, Value]
) -> tuple[Taps, Taps]:
    """Return the sums that resize rows and columns, as OpenCV does.

    A smaller result has averages (INTER_AREA), a larger one is linear (INTER_LINEAR). If one side
    grows and the area shrinks, INTER_AREA is another linear interpolation.

    Parameters
    ----------
    graph : GraphBuilder
        The graph.
    before, after : tuple of Value
        Height and width, int64.
    """
    shrinks = after[0] * after[1] < before[0] * before[1]
    both = (before[0] >= after[0]) & (before[1] >= after[1])
    rows, columns = (
        _axis_taps(graph, old, new, shrinks, both) for old, new in zip(before, after, strict=True)
    )
    return rows, columns


def _axis_taps(
    graph: GraphBuilder, before: Value, after: Value, shrinks: Value, both: Value
) -> Taps:
    count, last = before.to(np.float64), before - 1
    scale = count / after.to(np.float64)
    step = graph.steps(after).to(np.float64)
    # averages: each element counts by its part in the interval [start, start + scale]
    start = step * scale
    average = shrinks & both
    taps = graph.where(average, scale.then("Ceil").to(np.int64) + 1, graph.number(2, np.int64))
    linear = ((step + 0.5) * scale - 0.5).maximum(0.0).minimum(last.to(np.float64))
    # OpenCV's interpolation for INTER_AREA where a side grows
    low = start.then("Floor")
    share = (step + 1.0) - (low + 1.0) / scale
    mixed = low + graph.where(share > 0.0, share - share.then("Floor"), share * 0.0)
    position = graph.where(shrinks, mixed.minimum(last.to(np.float64)), linear)
    first = graph.where(average, start, position).then("Floor").to(np.int64)
    index = first.reshape(-1, 1) + graph.steps(taps).reshape(1, -1)
    place = index.to(np.float64)
    left, middle = start.reshape(-1, 1), position.reshape(-1, 1)
    overlap = (place + 1.0).minimum(left + scale) - place.maximum(left)
    tent = 1.0 - (place - middle).then("Abs")
    weights = graph.where(average, overlap.maximum(0.0) / scale, tent.maximum(0.0))
    return Taps(index.minimum(last), weights.to(np.float32))


def add_resized(graph: GraphBuilder, x: Value, rows: Value, columns: Value) -> Value:
    """Scale planes: by averages when they shrink, bilinearly when they grow.

    Parameters
    ----------
    graph : GraphBuilder
        The graph.
    x : Value
        float32 (1, C, H, W).
    rows, columns : Value
        Size of the result, int64.

    Returns
    -------
    Value
        float32 (1, C, rows, columns).
    """
    taps = add_taps(graph, (x.size(2), x.size(3)), (rows, columns))
    # First the direction in which less is computed when it shrinks: rows, which lie in order.
    return add_resized_columns(graph, add_resized_rows(graph, x, taps[0]), taps[1])


def add_resized_rows(graph: GraphBuilder, x: Value, taps: Taps) -> Value:
    """Apply ``taps`` to the rows of float32 (1, C, H, W)."""
    count = taps.index.size(1)
    rows = x.take(taps.index, axis=2)  # (1, C, n, K, W)
    weights = taps.weights.reshape(1, 1, -1, 1, count)
    summed = weights.matmul(rows)  # (1, C, n, 1, W)
    return summed.reshape(1, x.size(1), -1, x.size(3))


def add_resized_columns(graph: GraphBuilder, x: Value, taps: Taps) -> Value:
    """Apply ``taps`` to the columns of float32 (1, C, H, W)."""
    turned = x.transpose(0, 1, 3, 2)
    return add_resized_rows(graph, turned, taps).transpose(0, 1, 3, 2)
