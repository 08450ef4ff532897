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

from colortk.color import Array, Float32, lightness, rgb_to_lab
from colortk.errors import ColortkError, PictureError
from colortk.harness.entries import Entry
from colortk.harness.metrics.delta_e00 import ciede2000
from colortk.harness.protocol import Protocol, reference
from colortk.harness.runner import Source
from colortk.isolate import Isolated
from colortk.pipeline import colorize, refiner
from colortk.upsample import resize

SIZES = (256, 512, 2048)


def consistency(
    sources: Sequence[Source],
    entries: Sequence[Entry],
    protocol: Protocol,
    timeout: float | None = None,
    advance: Callable[[int], None] = lambda n: None,
) -> dict[str, dict[str, Any]]:
    """Mean CIEDE2000 between sizes, by entry label: ``mean``, ``pairs``, ``n``, ``enlarged``.

    ``enlarged``: pictures whose short side was under 2,048 pixels and that were enlarged to it.
    A plugin that fails has ``error`` instead. ``advance`` is called once a picture and entry.
    """
    native = protocol.varied(short_side=None)
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        values: list[dict[str, float]] = []
        enlarged = 0
        try:
            with Isolated(entry.request, timeout) as plugin:
                for source in sources:
                    try:
                        pixels = reference(source.read(), source.name, native).pixels
                        chroma = [
                            _chroma(pixels, size, plugin, protocol.refine, entry.strength)
                            for size in SIZES
                        ]
                    except PictureError:
                        continue
                    finally:
                        advance(1)
                    enlarged += min(pixels.shape[:2]) < max(SIZES)
                    values.append(_differences(lightness(_at(pixels, SIZES[0])), chroma))
        except ColortkError as error:
            found[entry.label] = {"error": str(error)}
            continue
        if not values:
            found[entry.label] = {"error": "it failed on every picture"}
            continue
        pairs = {pair: float(np.mean([v[pair] for v in values])) for pair in values[0]}
        found[entry.label] = {
            "mean": float(np.mean(list(pairs.values()))),
            "pairs": pairs,
            "n": len(values),
            "enlarged": enlarged,
        }
    return found


def _at(pixels: Array, short: int) -> Array:
    height, width = pixels.shape[:2]
    scale = short / min(height, width)
    return resize(pixels, (max(1, round(width * scale)), max(1, round(height * scale))))


def _chroma(pixels: Array, short: int, plugin: Isolated, refine: str, strength: float) -> Float32:
    """Chroma of the result at one size, brought to the smallest size, (h, w, 2)."""
    result = colorize(lightness(_at(pixels, short)), plugin, refiner(refine), strength).rgb
    return _at(np.ascontiguousarray(rgb_to_lab(result)[..., 1:]), SIZES[0])


def _differences(light: Float32, chroma: list[Float32]) -> dict[str, float]:
    planes = [(light, c[..., 0].copy(), c[..., 1].copy()) for c in chroma]
    return {
        f"{SIZES[i]}-{SIZES[j]}": float(np.mean(ciede2000(planes[i], planes[j])))
        for i, j in combinations(range(len(SIZES)), 2)
    }
