"""Who has a row in the table of films: plugins frame by frame, steadied, and the original."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.records import Key
from colortk.runtime.loading import Request
from colortk.runtime.provenance import film_scores_code

#: The protocol by which films are compared.
PROTOCOL = "v2-film"
#: Frame by frame, and averaged along motion, as ``video --temporal`` calls them.
TEMPORAL = ("off", "flow")
#: What the label of a steadied row ends in.
STEADIED = "+flow"
#: The option under which steadying is part of a result's key.
OPTION = "host temporal"
#: A name that no plugin can have: the film itself, scored where no reference is needed.
ORIGINAL = "(original)"
#: Kept with the original's scores: frames that took part, and those that could not be read.
FACTS = ("host frames", "host lost")


def rows(
    variants: Iterable[PluginVariant], temporal: Sequence[str], plain: str
) -> list[PluginVariant]:
    """Every variant frame by frame or steadied or both; ``plain`` (no colour) only once."""
    found = []
    for variant in variants:
        for way in temporal if variant.label != plain else temporal[:1]:
            found.append(_row(variant, way == "flow" and variant.label != plain))
    return found


def original() -> PluginVariant:
    """The film itself, as the variant that its own scores are kept under."""
    key = Key(ORIGINAL, "", "{}", film_scores_code())
    return PluginVariant(ORIGINAL, Request(ORIGINAL), 1.0, key, "", "", "")


def is_original(variant: PluginVariant) -> bool:
    return variant.key.plugin == ORIGINAL


def is_steadied(variant: PluginVariant) -> bool:
    return OPTION in variant.options


def _row(variant: PluginVariant, steadied: bool) -> PluginVariant:
    options = variant.options | ({OPTION: "flow"} if steadied else {})
    key = replace(
        variant.key,
        options=json.dumps(options, sort_keys=True),
        code=variant.key.code + film_scores_code(),
    )
    return replace(variant, label=variant.label + STEADIED * steadied, key=key)
