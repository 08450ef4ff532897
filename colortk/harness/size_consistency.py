"""Does a plugin give one picture the same colours at every size?

The same picture is colorized with its short side at 256, 512 and 2,048 pixels; chroma is brought
to the smallest of them and compared there, with the same lightness: the mean CIEDE2000 difference
between the sizes. Under 2 it goes unnoticed; people complain when it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from colortk.color.cielab import lightness, rgb_to_lab
from colortk.color.upsample import resize
from colortk.errors import ColortkError, PictureError
from colortk.harness.metrics.delta_e00 import ciede2000
from colortk.harness.outcome import MAX_CONSECUTIVE_FAILURES
from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.protocol import Protocol, cropped, reference_picture
from colortk.harness.sources import Source
from colortk.pipeline import colorize, refiner
from colortk.runtime.isolate import Isolated
from colortk.runtime.sandbox import Hidden
from colortk.types import Array, Float32

SIZES = (256, 512, 2048)


def consistency(
    sources: Sequence[Source],
    variants: Sequence[PluginVariant],
    protocol: Protocol,
    timeout: float | None = None,
    advance: Callable[[int], None] = lambda n: None,
) -> dict[str, dict[str, Any]]:
    """Mean CIEDE2000 between sizes, by variant label: ``mean``, ``pairs``, ``n``, ``enlarged``.

    The middle square of every picture. ``enlarged``: pictures whose short side was under 2,048
    pixels and that were enlarged to it. A plugin that fails on a picture has ``failed``, how often,
    and ``error``, the first reason; after five time-outs or crashes in a row it is given up.
    ``advance`` is called once a picture and variant.
    """
    return {e.label: _measure(sources, e, protocol, timeout, advance) for e in variants}


def _measure(
    sources: Sequence[Source],
    variant: PluginVariant,
    protocol: Protocol,
    timeout: float | None,
    advance: Callable[[int], None],
) -> dict[str, Any]:
    native = protocol.varied(short_side=None)
    values: list[dict[str, float]] = []
    found: dict[str, Any] = {"n": 0, "failed": 0, "enlarged": 0}
    dead = 0
    try:
        with Isolated(variant.request, timeout, hidden=Hidden()) as plugin:
            for source in sources:
                advance(1)
                if dead >= MAX_CONSECUTIVE_FAILURES:
                    found["failed"] += 1
                    continue
                try:
                    pixels = reference_picture(source.read(), source.name, native).pixels
                    squares = [cropped(pixels, size) for size in SIZES]
                    chroma = [
                        _chroma(square.pixels, plugin, protocol.refine, variant.strength)
                        for square in squares
                    ]
                except PictureError as error:
                    found["failed"] += 1
                    found.setdefault("error", f"{source.name}: {error}")
                    dead = 0 if plugin.alive else dead + 1
                    continue
                dead = 0
                found["enlarged"] += squares[-1].enlarged
                values.append(_differences(lightness(squares[0].pixels), chroma))
    except ColortkError as error:
        found["error"] = str(error)
    found["n"] = len(values)
    if values:
        pairs = {pair: float(np.mean([v[pair] for v in values])) for pair in values[0]}
        found |= {"mean": float(np.mean(list(pairs.values()))), "pairs": pairs}
    return found


def _chroma(square: Array, plugin: Isolated, refine: str, strength: float) -> Float32:
    """Chroma of the result of (n, n, 3), brought to the smallest size, (256, 256, 2)."""
    result = colorize(lightness(square), plugin, refiner(refine), strength).rgb
    return resize(np.ascontiguousarray(rgb_to_lab(result)[..., 1:]), (SIZES[0], SIZES[0]))


def _differences(light: Float32, chroma: list[Float32]) -> dict[str, float]:
    planes = [(light, c[..., 0].copy(), c[..., 1].copy()) for c in chroma]
    return {
        f"{SIZES[i]}-{SIZES[j]}": float(np.mean(ciede2000(planes[i], planes[j])))
        for i, j in combinations(range(len(SIZES)), 2)
    }
