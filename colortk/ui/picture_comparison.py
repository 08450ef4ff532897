"""One picture through several plugins, scored where it has colours of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from colortk.color.cielab import lightness
from colortk.errors import ColortkError, UsageError
from colortk.harness.metrics.pair import Pair, Truth
from colortk.harness.protocol import DEFAULT, load_protocol
from colortk.harness.scored_set import HEADLINE
from colortk.harness.scoring import Scorer
from colortk.pipeline import colorize, refiner
from colortk.plugin.registry import registry
from colortk.plugin.spec import MetricSpec
from colortk.types import Array
from colortk.ui.limits import Limits
from colortk.ui.plugin_pool import PluginPool
from colortk.ui.previews import gray_preview, heat_map, save_preview, shrink_to_side, to_eight_bits

#: Longest side at which pictures are compared, in pixels, and plugins at once.
SIDE, MAX_PLUGINS = 768, 8


@dataclass(frozen=True)
class PluginResult:
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
class PictureComparison:
    """``original``: as uploaded. ``grey``: what the plugins saw. ``scored``: it has colours."""

    name: str
    original: Path
    grey: Path
    width: int
    height: int
    scored: bool
    rows: list[PluginResult]
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
    pool: PluginPool,
    limits: Limits,
    folder: Path,
) -> PictureComparison:
    """The picture file ``path``, called ``name``, through the plugins ``labels``.

    A plugin that fails costs its own row. Raises ``PictureError`` or ``UsageError``.
    """
    if not labels:
        raise UsageError("nothing to compare", hint="choose plugins")
    if len(labels) > MAX_PLUGINS:
        raise UsageError(
            f"{len(labels)} plugins are too many at once", f"{MAX_PLUGINS} are possible"
        )
    pixels = limits.decode(path, name).pixels
    pixels = to_eight_bits(shrink_to_side(pixels, SIDE))
    truth = Truth(pixels)
    scored = float(truth.chroma.mean()) >= load_protocol(DEFAULT).near_gray
    rows = [_plugin_result(label, truth, strength, pool, folder, scored) for label in labels]
    height, width = pixels.shape[:2]
    return PictureComparison(
        name,
        save_preview(folder / "original.jpg", pixels),
        save_preview(folder / "grey.jpg", gray_preview(pixels)),
        width,
        height,
        scored,
        rows,
        list(_scorer().specs.values()) if scored else [],
    )


def _plugin_result(
    label: str, truth: Truth, strength: float, pool: PluginPool, folder: Path, scored: bool
) -> PluginResult:
    summary = pool.summary(label)
    number = pool.labels.index(label)
    try:
        plugin = pool.get(label)
        light = lightness(truth.pixels)
        rgb: Array = colorize(light, plugin, refiner("ratio"), strength * plugin.strength).rgb
    except ColortkError as error:
        return PluginResult(label, summary, error=str(error))
    picture = save_preview(folder / f"{number}.jpg", rgb)
    if not scored:
        return PluginResult(label, summary, picture)
    pair = Pair(truth, rgb)
    hot = save_preview(folder / f"{number}-heat.jpg", heat_map(pair.delta_e00))
    return PluginResult(label, summary, picture, hot, _scorer().score(pair).values)
