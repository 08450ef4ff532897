"""Measure whether a plugin gives a picture the same colors at every size.

The same picture is colorized with its short side at 256, 512 and 2,048 pixels. The chroma is
resized to the smallest size and compared there, with the same lightness: the mean CIEDE2000
difference between the sizes. A difference under 2 is hardly noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from colortk.color.cielab import lightness, rgb_to_lab
from colortk.color.upsample import resize
from colortk.errors import ColortkError, PictureError
from colortk.harness.json_values import OMIT_NONE
from colortk.harness.metrics.ciede2000 import ciede2000
from colortk.harness.outcome import MAX_CONSECUTIVE_FAILURES
from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.protocol import Protocol, cropped, reference_picture
from colortk.harness.sources import Source
from colortk.pipeline import colorize, refiner
from colortk.runtime.isolate import Isolated
from colortk.runtime.sandbox import Hidden
from colortk.types import Array, Float32

#: Short sides, in pixels.
SIZES = (256, 512, 2048)


@dataclass(frozen=True)
class SizeConsistency:
    """How much the colors of one plugin change with the size of the picture.

    Parameters
    ----------
    n, failed : int
        Pictures that were measured, and pictures that the plugin failed on.
    enlarged : int
        Pictures that were smaller than the largest size and were enlarged to it.
    error : str, optional
        Why the plugin failed, the first time.
    mean : float, optional
        Mean CIEDE2000 over the pairs of sizes and the pictures.
    pairs : dict of str to float, optional
        The same for each pair of sizes, such as "256-512".
    """

    n: int
    failed: int
    enlarged: int
    error: str | None = field(default=None, metadata=OMIT_NONE)
    mean: float | None = field(default=None, metadata=OMIT_NONE)
    pairs: dict[str, float] | None = field(default=None, metadata=OMIT_NONE)


def measure_size_consistency(
    sources: Sequence[Source],
    variants: Sequence[PluginVariant],
    protocol: Protocol,
    timeout: float | None = None,
    advance: Callable[[int], None] = lambda n: None,
) -> dict[str, SizeConsistency]:
    """Colorize the middle square of each picture at three sizes, and compare the colors.

    After five time-outs or crashes in a row, a plugin gets no more pictures.

    Parameters
    ----------
    sources : sequence of Source
        The pictures.
    variants : sequence of PluginVariant
        The plugins.
    protocol : Protocol
        Its refinement is used.
    timeout : float, optional
        Seconds for one prediction.
    advance : callable, optional
        Called with 1 for each picture and plugin.

    Returns
    -------
    dict of str to SizeConsistency
        By label of the plugin.
    """
    return {v.label: _measure(sources, v, protocol, timeout, advance) for v in variants}


def _measure(
    sources: Sequence[Source],
    variant: PluginVariant,
    protocol: Protocol,
    timeout: float | None,
    advance: Callable[[int], None],
) -> SizeConsistency:
    native = protocol.varied(short_side=None)
    values: list[dict[str, float]] = []
    failed = enlarged = consecutive_failures = 0
    error = None
    try:
        with Isolated(variant.request, timeout, hidden=Hidden()) as plugin:
            for source in sources:
                advance(1)
                if consecutive_failures >= MAX_CONSECUTIVE_FAILURES:
                    failed += 1
                    continue
                try:
                    pixels = reference_picture(source.read(), source.name, native).pixels
                    squares = [cropped(pixels, size) for size in SIZES]
                    chroma = [
                        _chroma(square.pixels, plugin, protocol.refine, variant.strength)
                        for square in squares
                    ]
                except PictureError as problem:
                    failed += 1
                    error = error or f"{source.name}: {problem}"
                    consecutive_failures = 0 if plugin.alive else consecutive_failures + 1
                    continue
                consecutive_failures = 0
                enlarged += squares[-1].enlarged
                values.append(_differences(lightness(squares[0].pixels), chroma))
    except ColortkError as problem:
        error = str(problem)
    if not values:
        return SizeConsistency(0, failed, enlarged, error)
    pairs = {pair: float(np.mean([value[pair] for value in values])) for pair in values[0]}
    mean = float(np.mean(list(pairs.values())))
    return SizeConsistency(len(values), failed, enlarged, error, mean, pairs)


def _chroma(square: Array, plugin: Isolated, refine: str, strength: float) -> Float32:
    """Colorize (n, n, 3), and return the chroma at the smallest size, (256, 256, 2)."""
    result = colorize(lightness(square), plugin, refiner(refine), strength).rgb
    return resize(np.ascontiguousarray(rgb_to_lab(result)[..., 1:]), (SIZES[0], SIZES[0]))


def _differences(light: Float32, chroma: list[Float32]) -> dict[str, float]:
    planes = [(light, c[..., 0].copy(), c[..., 1].copy()) for c in chroma]
    return {
        f"{SIZES[i]}-{SIZES[j]}": float(np.mean(ciede2000(planes[i], planes[j])))
        for i, j in combinations(range(len(SIZES)), 2)
    }
