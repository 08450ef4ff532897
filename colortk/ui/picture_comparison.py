"""Colorize one picture with several plugins, and score the results if the picture has colors."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from colortk.color.cielab import lightness
from colortk.errors import ColortkError, UsageError
from colortk.harness.metrics.pair import Pair, Truth
from colortk.harness.protocol import DEFAULT, load_protocol
from colortk.harness.score_table import HEADLINE
from colortk.harness.scoring import Scorer
from colortk.io.bit_depth import to_rgb8
from colortk.pipeline import colorize, refiner
from colortk.plugin.registry import registry
from colortk.plugin.spec import MetricSpec
from colortk.types import Array
from colortk.ui.limits import Limits
from colortk.ui.plugin_pool import PluginPool
from colortk.ui.previews import gray_preview, heat_map, save_preview, shrink_to_side

#: Longest side at which pictures are compared, in pixels.
MAX_PREVIEW_SIDE = 768
#: Plugins that are compared at once.
MAX_PLUGINS = 8


@dataclass(frozen=True)
class PluginResult:
    """The result of one plugin.

    Parameters
    ----------
    label, summary : str
        The plugin.
    picture : Path or None
        Its result.
    heat : Path or None
        Map of the color difference to the original, CIEDE2000.
    scores : dict
        Scores by metric.
    error : str
        Why the plugin failed; empty if it did not.
    """

    label: str
    summary: str = ""
    picture: Path | None = None
    heat: Path | None = None
    scores: dict[str, float] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class PictureComparison:
    """A picture and the results of several plugins.

    Parameters
    ----------
    name : str
        Name of the picture.
    original : Path
        The picture as it was uploaded.
    gray : Path
        Its lightness, the only input of the plugins.
    width, height : int
        Size at which it was compared, in pixels.
    scored : bool
        Whether the picture has colors, so that results can be scored.
    rows : list of PluginResult
        One for each plugin.
    metrics : list of MetricSpec
        The metrics of the scores.
    """

    name: str
    original: Path
    gray: Path
    width: int
    height: int
    scored: bool
    rows: list[PluginResult]
    metrics: list[MetricSpec]


@lru_cache(maxsize=1)
def _scorer() -> Scorer:
    installed = registry().of(MetricSpec)
    return Scorer([name for name in HEADLINE if name in installed])


def compare_plugins(
    path: Path,
    name: str,
    labels: list[str],
    strength: float,
    pool: PluginPool,
    limits: Limits,
    folder: Path,
) -> PictureComparison:
    """Colorize a picture file with several plugins. If a plugin fails, only its result is missing.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        Its name, for messages.
    labels : list of str
        Labels of the plugins.
    strength : float
        Factor on chroma, from 0 to 2.
    pool : PluginPool
        The plugins.
    limits : Limits
        Limits of the page.
    folder : Path
        Where pictures are written.

    Raises
    ------
    PictureError
        If the picture cannot be read.
    UsageError
        If no plugin, too many plugins or an unknown plugin is named.
    """
    if not labels:
        raise UsageError("no plugin is chosen", hint="choose one or more")
    if len(labels) > MAX_PLUGINS:
        raise UsageError(
            f"{len(labels)} plugins are too many", f"at most {MAX_PLUGINS} can be compared"
        )
    pixels = limits.decode(path, name).pixels
    pixels = to_rgb8(shrink_to_side(pixels, MAX_PREVIEW_SIDE))
    truth = Truth(pixels)
    scored = float(truth.chroma.mean()) >= load_protocol(DEFAULT).near_gray
    rows = [_plugin_result(label, truth, strength, pool, folder, scored) for label in labels]
    height, width = pixels.shape[:2]
    return PictureComparison(
        name,
        save_preview(folder / "original.jpg", pixels),
        save_preview(folder / "gray.jpg", gray_preview(pixels)),
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
