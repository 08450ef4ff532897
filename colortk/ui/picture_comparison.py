"""One picture through several plugins, scored where it has colours of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from colortk.color.cielab import Array, lightness
from colortk.errors import ColortkError, UsageError
from colortk.harness.metrics.pair import Pair, Truth
from colortk.harness.protocol import DEFAULT, protocol
from colortk.harness.scored_set import HEADLINE
from colortk.harness.scoring import Scorer
from colortk.pipeline import colorize, refiner
from colortk.plugin.registry import registry
from colortk.plugin.spec import MetricSpec
from colortk.ui.limits import Limits
from colortk.ui.plugin_pool import Shelf
from colortk.ui.previews import eight_bits, fitted, heat, save, without_colour

#: Longest side at which pictures are compared, in pixels, and plugins at once.
SIDE, MOST = 768, 8


@dataclass(frozen=True)
class Row:
    """What one plugin made. ``heat``: ΔE00 to the original. ``scores``: by metric.

    ``error``: why there is nothing else.
    """

    label: str
    summary: str = ""
    picture: Path | None = None
    heat: Path | None = None
    scores: dict[str, float] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Compared:
    """``original``: as uploaded. ``grey``: what the plugins saw. ``scored``: it has colours."""

    name: str
    original: Path
    grey: Path
    width: int
    height: int
    scored: bool
    rows: list[Row]
    metrics: list[MetricSpec]


@lru_cache(maxsize=1)
def _scorer() -> Scorer:
    known = registry().of(MetricSpec)
    return Scorer([name for name in HEADLINE if name in known])


def compare_plugins(
    path: Path,
    name: str,
    labels: list[str],
    strength: float,
    shelf: Shelf,
    limits: Limits,
    folder: Path,
) -> Compared:
    """The picture file ``path``, called ``name``, through the plugins ``labels``.

    A plugin that fails costs its own row. Raises ``PictureError`` or ``UsageError``.
    """
    if not labels:
        raise UsageError("nothing to compare", hint="choose plugins")
    if len(labels) > MOST:
        raise UsageError(f"{len(labels)} plugins are too many at once", f"{MOST} are possible")
    pixels = limits.decode(path, name).pixels
    pixels = eight_bits(fitted(pixels, SIDE))
    truth = Truth(pixels)
    scored = float(truth.chroma.mean()) >= protocol(DEFAULT).near_gray
    rows = [_row(label, truth, strength, shelf, folder, scored) for label in labels]
    height, width = pixels.shape[:2]
    return Compared(
        name,
        save(folder / "original.jpg", pixels),
        save(folder / "grey.jpg", without_colour(pixels)),
        width,
        height,
        scored,
        rows,
        list(_scorer().specs.values()) if scored else [],
    )


def _row(
    label: str, truth: Truth, strength: float, shelf: Shelf, folder: Path, scored: bool
) -> Row:
    summary = shelf.summary(label)
    number = shelf.labels.index(label)
    try:
        plugin = shelf.take(label)
        light = lightness(truth.pixels)
        rgb: Array = colorize(light, plugin, refiner("ratio"), strength * plugin.strength).rgb
    except ColortkError as error:
        return Row(label, summary, error=str(error))
    picture = save(folder / f"{number}.jpg", rgb)
    if not scored:
        return Row(label, summary, picture)
    pair = Pair(truth, rgb)
    hot = save(folder / f"{number}-heat.jpg", heat(pair.delta_e00))
    return Row(label, summary, picture, hot, _scorer().score(pair).values)
