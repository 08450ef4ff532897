"""The rows of a table of films: each plugin frame by frame or steady, and the original."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.records import Key
from colortk.runtime.loading import PluginRequest
from colortk.runtime.provenance import film_scores_code
from colortk.video.temporal import INTERVAL

#: The protocol by which films are compared.
PROTOCOL = "v2-film"
#: Ends of the labels of steadied rows, which a number of frames may follow.
STEADIED, KEYFRAMED = "+flow", "+keyframes"
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
    temporal : sequence of {"off", "flow", "keyframes"}
        Frame by frame, averaged along motion, from keyframes, or several of these.
    plain : str
        Label of the plugin without color, which has only one row.
    interval : int
        Frames from one keyframe to the next.
    """
    rows = []
    for variant in variants:
        for mode in temporal if variant.label != plain else ("off",):
            rows.append(_row(variant, mode, interval))
    return rows


def steadied_label(mode: str | None) -> str:
    """Return the end of the label of a row, from the value of :data:`OPTION` in its key."""
    name, _, interval = (mode or "").partition(" ")
    if name != "keyframes":
        return STEADIED if name else ""
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


def keyframe_interval(variant: PluginVariant) -> int | None:
    """Return the frames from one keyframe of a variant to the next; ``None`` without keyframes."""
    name, _, interval = str(variant.options.get(OPTION, "")).partition(" ")
    return int(interval) if name == "keyframes" else None


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
