"""The rows of a table of films: each plugin frame by frame or steady, and the original."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace

from colortk.errors import Notice
from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.records import Key
from colortk.plugin.registry import registry
from colortk.plugin.spec import ColorizerSpec
from colortk.runtime.film_frames import need_film
from colortk.runtime.loading import PluginRequest
from colortk.runtime.provenance import film_scores_code
from colortk.video.temporal import INTERVAL

#: The protocol by which films are compared.
PROTOCOL = "v2-film"
#: Ends of the labels of steadied rows; a number of frames may follow the second.
STEADIED, KEYFRAMED, OF_PLUGIN = "+flow", "+keyframes", "+plugin"
#: The option that makes steadying a part of a result's key.
OPTION = "host temporal"
#: A name that no plugin can have: the film itself, scored where no reference is needed.
ORIGINAL = "(original)"
#: Stored with the original's scores: frames that were used, and frames that could not be read.
FRAME_FACTS = ("host frames", "host lost")


def film_variants(
    variants: Iterable[PluginVariant],
    temporal: Sequence[str],
    plain: str,
    interval: int = INTERVAL,
) -> list[PluginVariant]:
    """Return the rows of a table of films.

    Parameters
    ----------
    variants : iterable of PluginVariant
        The plugins.
    temporal : sequence of {"off", "flow", "keyframes", "plugin"}
        Frame by frame, averaged along motion, from keyframes, by the plugin itself, or several of
        these. Plugins that do not declare ``film`` have no row of the last kind.
    plain : str
        Label of the plugin without color, which has only one row.
    interval : int
        Frames from one keyframe to the next.

    Raises
    ------
    UsageError
        If no plugin has a row.
    """
    rows: list[PluginVariant] = []
    without: list[PluginVariant] = []
    for variant in variants:
        film = _spec(variant).film
        modes = [mode for mode in temporal if mode != "plugin" or film]
        if variant.label == plain:
            modes = ["off"]
        elif not modes:
            without.append(variant)
        rows += [_row(variant, mode, interval) for mode in modes]
    if without:
        if all(row.label == plain for row in rows):
            need_film(_spec(without[0]))
        names = ", ".join(variant.label for variant in without)
        text = f"films: no row of {names}, which cannot steady colors itself (--temporal plugin)"
        warnings.warn(Notice(text), stacklevel=2)
    return rows


def steadied_label(mode: str | None) -> str:
    """Return the end of the label of a row, from the value of :data:`OPTION` in its key."""
    name, _, interval = (mode or "").partition(" ")
    if name != "keyframes":
        return {"": "", "plugin": OF_PLUGIN}.get(name, STEADIED)
    return KEYFRAMED + ("" if interval == str(INTERVAL) else interval)


def original() -> PluginVariant:
    """Return the film itself, as a variant under which its own scores are stored."""
    key = Key(ORIGINAL, "", "{}", film_scores_code())
    return PluginVariant(ORIGINAL, PluginRequest(ORIGINAL), 1.0, key, "", "", "")


def is_original(variant: PluginVariant) -> bool:
    """Return whether a variant is the film itself."""
    return variant.key.plugin == ORIGINAL


def is_steadied(variant: PluginVariant) -> bool:
    """Return whether the colors of a variant are averaged along motion."""
    return variant.options.get(OPTION) == "flow"


def gets_whole_film(variant: PluginVariant) -> bool:
    """Return whether the plugin of a variant gets the frames in order, and steadies colors."""
    return variant.options.get(OPTION) == "plugin"


def keyframe_interval(variant: PluginVariant) -> int | None:
    """Return the frames from one keyframe of a variant to the next; ``None`` without keyframes."""
    name, _, interval = str(variant.options.get(OPTION, "")).partition(" ")
    return int(interval) if name == "keyframes" else None


def _spec(variant: PluginVariant) -> ColorizerSpec:
    return registry().colorizer(variant.key.plugin)[1]


def _row(variant: PluginVariant, mode: str, interval: int) -> PluginVariant:
    """Return the row of a plugin, steadied or not, with its own key."""
    if mode == "keyframes":
        mode = f"{mode} {interval}"
    options = variant.options | ({OPTION: mode} if mode != "off" else {})
    key = replace(
        variant.key,
        options=json.dumps(options, sort_keys=True),
        code=variant.key.code + film_scores_code(),
    )
    label = variant.label + steadied_label(options.get(OPTION))
    return replace(variant, label=label, key=key)
