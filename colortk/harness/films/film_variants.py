"""The rows of a table of films: each plugin frame by frame or steadied, and the original."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.records import Key
from colortk.runtime.loading import PluginRequest
from colortk.runtime.provenance import film_scores_code

#: The protocol by which films are compared.
PROTOCOL = "v2-film"
#: Frame by frame, and averaged along motion; the values of ``video --temporal``.
TEMPORAL = ("off", "flow")
#: End of the label of a steadied row.
STEADIED = "+flow"
#: The option that makes steadying a part of a result's key.
OPTION = "host temporal"
#: A name that no plugin can have: the film itself, scored where no reference is needed.
ORIGINAL = "(original)"
#: Stored with the original's scores: frames that were used, and frames that could not be read.
FRAME_FACTS = ("host frames", "host lost")


def film_variants(
    variants: Iterable[PluginVariant], temporal: Sequence[str], plain: str
) -> list[PluginVariant]:
    """Return the rows of a table of films.

    Parameters
    ----------
    variants : iterable of PluginVariant
        The plugins.
    temporal : sequence of {"off", "flow"}
        Frame by frame, averaged along motion, or both.
    plain : str
        Label of the plugin without color, which has only one row.
    """
    rows = []
    for variant in variants:
        for mode in temporal if variant.label != plain else temporal[:1]:
            rows.append(_row(variant, mode == "flow" and variant.label != plain))
    return rows


def original() -> PluginVariant:
    """Return the film itself, as a variant under which its own scores are stored."""
    key = Key(ORIGINAL, "", "{}", film_scores_code())
    return PluginVariant(ORIGINAL, PluginRequest(ORIGINAL), 1.0, key, "", "", "")


def is_original(variant: PluginVariant) -> bool:
    """Return whether a variant is the film itself."""
    return variant.key.plugin == ORIGINAL


def is_steadied(variant: PluginVariant) -> bool:
    """Return whether the colors of a variant are averaged along motion."""
    return OPTION in variant.options


def _row(variant: PluginVariant, steadied: bool) -> PluginVariant:
    """Return the row of a plugin, steadied or not, with its own key."""
    options = variant.options | ({OPTION: "flow"} if steadied else {})
    key = replace(
        variant.key,
        options=json.dumps(options, sort_keys=True),
        code=variant.key.code + film_scores_code(),
    )
    return replace(variant, label=variant.label + STEADIED * steadied, key=key)
