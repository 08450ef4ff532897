"""sRGB to lightness, and lightness and chroma to sRGB, as ONNX operators.

The tables are those of :mod:`colortk.color.cielab` and :mod:`colortk.color.refine`, so that the
values are those of ``colortk run``.
"""

from __future__ import annotations

import numpy as np

from colortk.color import cielab
from colortk.color.refine import gamut_table
from colortk.runtime.picture_graph.builder import GraphBuilder
from colortk.runtime.picture_graph.values import Value

_STEPS = cielab.LUMINANCE_STEPS
#: Added where 0 would be divided by 0.
_TINY = 1e-6


class ColorTables:
    """Conversions of colors that share their tables in a graph.

    Parameters
    ----------
    graph : GraphBuilder
        The graph.
    """

    def __init__(self, graph: GraphBuilder) -> None:
        self.graph = graph
        self._linear = graph.array(cielab.linear_table(256))
        self._luminance = graph.array((cielab.RGB_TO_XYZ[1] * _STEPS)[:, None])
        self._lightness = graph.array(cielab.lightness_of_luminance())
        self._levels = graph.array(cielab.levels_of_linear(), np.uint8)
        # Hues from -180° to 180°, as the arc tangent returns them; the table begins at 0°.
        table = gamut_table()
        half = table.shape[1] // 2
        self._gamut = graph.array(np.hstack([table[:, half:-1], table[:, : half + 1]])[None, None])
        # RGB minus Y by X - Y and Z - Y, where white is 1: gray then has equal channels exactly.
        matrix = np.linalg.inv(cielab.RGB_TO_XYZ) * cielab.WHITE
        self._rgb_of_xz = graph.array(matrix[:, [0, 2]])

    def add_lightness(self, pixels: Value) -> Value:
        """Return CIE L*, float32 (...), of sRGB or gray, uint8 (..., 3) or (..., 1)."""
        linear = self._linear.take(pixels.expand(3).to(np.int32))
        luminance = linear.matmul(self._luminance) + 0.5
        steps = self.graph.value("Squeeze", [luminance, self.graph.shape(-1)]).to(np.int32)
        return self._lightness.take(steps)

    def add_gamut_share(self, lightness: Value, a: Value, b: Value) -> Value:
        """Return the factor that reduces chroma into sRGB, at most 1; all float32 (H, W).

        It is that of :func:`colortk.color.refine.ratio`.
        """
        chroma = (a * a + b * b).then("Sqrt")
        # The arc tangent of two values by that of half the angle, which is 90° for pure -a*.
        opposite = chroma + a
        half = (b / (opposite + _TINY)).then("Atan")
        half = self.graph.where((opposite < _TINY) & (a < 0.0), np.pi / 2, half)
        last = self.graph.shape(-1)
        position = [
            self.graph.value("Unsqueeze", [value, last])
            for value in (half * (2 / np.pi), lightness * (2 / 100) - 1.0)
        ]
        grid = self.graph.value("Unsqueeze", [self.graph.join(position, -1), self.graph.shape(0)])
        limit = self.graph.value(
            "GridSample", [self._gamut, grid], align_corners=1, padding_mode="border"
        )
        limit = self.graph.value("Squeeze", [limit, self.graph.shape(0, 1)])
        return (limit / (chroma + _TINY)).minimum(1.0)

    def add_rgb(self, lightness: Value, a: Value, b: Value) -> Value:
        """Return 8-bit sRGB, uint8 (H, W, 3), of CIELAB, each float32 (H, W)."""
        middle = (lightness + 16.0) * (1 / 116)
        x, y, z = (
            self._decoded(f) for f in (middle + a * (1 / 500), middle, middle - b * (1 / 200))
        )
        flat = self.graph.join([(t - y).reshape(1, -1) for t in (x, z)], 0)
        linear = self._rgb_of_xz.matmul(flat) + y.reshape(1, -1)
        steps = (linear * float(_STEPS) + 0.5).maximum(0.0).minimum(float(_STEPS))
        levels = self._levels.take(steps.to(np.int32))
        return levels.transpose(1, 0).reshape(lightness.size(0), lightness.size(1), 3)

    def _decoded(self, f: Value) -> Value:
        """Invert CIELAB's f, as :func:`colortk.color.cielab.decode_f` does."""
        low = (f - 16 / 116) * (1 / cielab.SLOPE)
        return self.graph.where(f > cielab.SLOPE * cielab.EPSILON + 16 / 116, f * f * f, low)
