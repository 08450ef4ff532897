"""Write a colorizer as one ONNX file, from picture to picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol, runtime_checkable

import numpy as np

from colortk.color.upsample import MAX_ENLARGED_PIXELS
from colortk.errors import EnvironmentProblem, PluginError, UsageError
from colortk.runtime.loading import Loaded
from colortk.runtime.onnx_graph import IR_VERSION, OPSET
from colortk.runtime.picture_graph.colors import ColorTables
from colortk.runtime.picture_graph.plugin_graph import PictureGraph
from colortk.runtime.picture_graph.sizes import (
    add_resized_columns,
    add_resized_rows,
    add_taps,
    add_working_shape,
    short_side,
)
from colortk.runtime.picture_graph.upsample import add_fit
from colortk.runtime.picture_graph.values import Value

#: Pixels of a band: its planes fit into the processor's cache.
BAND_PIXELS = 1 << 16
#: Names of the inputs and of the output.
PICTURE, STRENGTH, COLORIZED = "picture", "strength", "colorized"


@runtime_checkable
class GraphColorizer(Protocol):
    """A colorizer that can be written as ONNX operators."""

    def add_to_graph(self, graph: PictureGraph, lightness: Value) -> Value:
        """Add the operators that predict the chroma of a picture.

        Parameters
        ----------
        graph : PictureGraph
            The graph.
        lightness : Value
            CIE L*, float32 (1, 1, h, w), at the working size.

        Returns
        -------
        Value
            a* and b*, float32 (1, 2, h, w): what ``predict_ab`` returns.
        """
        ...


@dataclass(frozen=True)
class FileOptions:
    """How the file takes pictures.

    Attributes
    ----------
    size : tuple of int or None
        Height and width of every picture; ``None``: pictures of any size.
    max_side : int or None
        Most pixels of the longer side at which the network sees a picture.
    strength : bool
        The file has a second input, the factor on the colors.
    """

    size: tuple[int, int] | None = None
    max_side: int | None = None
    strength: bool = False


def require_onnx() -> None:
    """Raise ``EnvironmentProblem`` if the package ``onnx`` is not installed."""
    if find_spec("onnx") is None:
        raise EnvironmentProblem(
            "colortk export cannot write ONNX files",
            "the package 'onnx' is not installed",
            "python -m pip install 'colorization-toolkit[export]'",
        )


def picture_file(plugin: Loaded, options: FileOptions, facts: Mapping[str, str]) -> bytes:
    """Return the ONNX file of a colorizer.

    Parameters
    ----------
    plugin : Loaded
        The colorizer.
    options : FileOptions
        How the file takes pictures.
    facts : mapping of str to str
        Metadata of the file.

    Raises
    ------
    PluginError
        If the colorizer cannot be written as ONNX operators.
    UsageError
        If ``max_side`` is smaller than the sizes that the colorizer takes.
    EnvironmentProblem
        If the package ``onnx`` is not installed.
    """
    require_onnx()
    spec, colorizer = plugin.spec, plugin.colorizer
    if not isinstance(colorizer, GraphColorizer):
        raise PluginError(
            f"plugin '{spec.name}' cannot be exported",
            "it has no method add_to_graph, which writes its prediction as ONNX operators",
            "use another plugin, such as effnet_bins",
        )
    size = spec.working_size
    if size.short is None:
        raise PluginError(
            f"plugin '{spec.name}' cannot be exported",
            "it takes pictures at their own size, and an export needs a working size",
        )
    if options.max_side is not None and (
        options.max_side < size.multiple or (size.square and options.max_side < size.short)
    ):
        least = size.short if size.square else size.multiple
        reason = f"plugin '{spec.name}' takes pictures of at least {least} pixels"
        raise UsageError(f"--max-side {options.max_side}", reason)
    graph = PictureGraph(short_side(size, options.max_side))
    picture = Value(graph, PICTURE, np.uint8)
    tables = ColorTables(graph)
    height, width = picture.size(0), picture.size(1)
    shape = add_working_shape(graph, size, height, width, options.max_side)
    small = _small_lightness(graph, tables, picture, shape)
    ab = colorizer.add_to_graph(graph, small)
    if options.strength:
        ab = ab * Value(graph, STRENGTH)
    functions = add_fit(graph, small, ab, graph.short)
    return _content(graph, _joined(graph, tables, picture, functions), options, facts)


def _small_lightness(
    graph: PictureGraph, tables: ColorTables, picture: Value, shape: tuple[Value, Value]
) -> Value:
    """Return CIE L* of a picture at the working size, float32 (1, 1, h, w)."""
    height, width = picture.size(0), picture.size(1)
    rows, columns = add_taps(graph, (height, width), shape)
    taps = rows.index.size(1)
    count = (graph.number(BAND_PIXELS, np.int64) // (taps * width)).maximum(1)

    def band(number: Value) -> Value:
        wanted = (number * count + graph.steps(count)).minimum(shape[0] - 1)
        lightness = tables.add_lightness(picture.take(rows.index.take(wanted)))  # (n, K, W)
        weights = rows.weights.take(wanted).reshape(-1, 1, taps)
        return weights.matmul(lightness)  # (n, 1, W)

    bands = graph.bands((shape[0] + count - 1) // count, band)
    narrow = bands.reshape(1, 1, -1, width).part(2, 0, shape[0])
    return add_resized_columns(graph, narrow, columns)


def _joined(graph: PictureGraph, tables: ColorTables, picture: Value, functions: Value) -> Value:
    """Return the colorized picture, uint8 (H, W, 3)."""
    height, width = picture.size(0), picture.size(1)
    # As in colortk.color.upsample: the functions of a small picture are enlarged in both
    # directions at once, and those of a large one row by row.
    is_large = height * width > MAX_ENLARGED_PIXELS
    fitted = graph.where(is_large, functions.size(2), height)
    rows, columns = add_taps(graph, (functions.size(2), functions.size(3)), (fitted, width))
    planes = add_resized_columns(graph, add_resized_rows(graph, functions, rows), columns)
    planes = graph.value("Squeeze", [planes, graph.shape(0)])  # (4, fitted, W)
    count = (graph.number(BAND_PIXELS, np.int64) // width).maximum(1).minimum(height)
    scale = fitted.to(np.float64) / height.to(np.float64)
    last = fitted - 1

    def band(number: Value) -> Value:
        wanted = (number * count + graph.steps(count)).minimum(height - 1)
        lightness = tables.add_lightness(picture.take(wanted))
        position = ((wanted.to(np.float64) + 0.5) * scale - 0.5).maximum(0.0)
        position = position.minimum(last.to(np.float64))
        low = position.then("Floor")
        share = (position - low).to(np.float32).reshape(1, -1, 1)
        row = low.to(np.int64)
        above, below = (planes.take(index, 1) for index in (row, (row + 1).minimum(last)))
        slopes, offsets = (above + (below - above) * share).split(0, [2, 2])
        chroma = slopes * lightness + offsets
        a, b = (
            graph.value("Squeeze", [plane, graph.shape(0)]) for plane in chroma.split(0, [1, 1])
        )
        reduced = tables.add_gamut_share(lightness, a, b)
        return tables.add_rgb(lightness, a * reduced, b * reduced)

    bands = graph.bands((height + count - 1) // count, band)
    return bands.reshape(-1, width, 3).part(0, 0, height)


def _content(
    graph: PictureGraph, colorized: Value, options: FileOptions, facts: Mapping[str, str]
) -> bytes:
    """Return the file with its inputs, its output and its metadata, checked."""
    import onnx
    from onnx import TensorProto, helper

    height, width = options.size or ("height", "width")
    picture = helper.make_tensor_value_info(
        PICTURE, TensorProto.UINT8, [height, width, "channels"], "sRGB or gray, 0 to 255"
    )
    inputs = [picture]
    if options.strength:
        inputs.append(
            helper.make_tensor_value_info(STRENGTH, TensorProto.FLOAT, [], "factor on chroma")
        )
    result = helper.make_tensor_value_info(
        COLORIZED, TensorProto.UINT8, [height, width, 3], "sRGB, 0 to 255"
    )
    nodes = [*graph.nodes, helper.make_node("Identity", [colorized.name], [COLORIZED], COLORIZED)]
    model = helper.make_model(
        helper.make_graph(nodes, "colortk", inputs, [result], graph.tensors),
        producer_name="colortk",
        producer_version=facts.get("colortk", ""),
        doc_string=facts.get("usage", ""),
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    helper.set_model_props(model, dict(facts))
    content: bytes = model.SerializeToString(deterministic=True)
    onnx.checker.check_model(content, full_check=True)
    return content
